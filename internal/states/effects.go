package states

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
)

// effects are what a move changes besides the state, over all records that make it.
type effects struct {
	times int            // how many records
	sets  map[string]int // by effect, how many of them have it
	spans map[string][2]time.Duration
}

// unsaid are fields whose changes the state tells of, or that every write changes.
var unsaid = []string{"Status", "QueueStatus", "ClaimedGeneration", "UpdatedAt", "DueAt", "AvailableAt", "Progress", "LastError"}

func (f *effects) see(e, next export.Export, now time.Time) {
	f.times++
	if f.sets == nil {
		f.sets, f.spans = map[string]int{}, map[string][2]time.Duration{}
	}
	before := maps.Collect(members(e))
	for name, v := range members(next) {
		if was := before[name]; e.ID != "" && !slices.Contains(unsaid, name) && !same(v, was) {
			f.sets[change(name, was, v)]++
		}
	}
	switch {
	case next.DueAt.IsZero() && !e.DueAt.IsZero():
		f.sets["due no more"]++
	case !next.DueAt.IsZero() && !next.DueAt.Equal(e.DueAt):
		f.span("due", next.DueAt.Sub(now))
	}
	if next.Generation != e.Generation && next.Open() {
		f.span("available", next.AvailableAt.Sub(now))
	}
}

// same reports whether a field was left alone: what is behind a pointer is written anew or not at all.
func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Pointer {
		return a.Pointer() == b.Pointer()
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// change is what became of a field, in words.
func change(name string, was, is reflect.Value) string {
	said := "`" + snake(name) + "`"
	switch {
	case (name == "Generation" || name == "Attempts") && is.Int() == was.Int()+1:
		return said + " + 1"
	case name == "EventMark" && !is.IsZero():
		return "event `" + is.String() + "`"
	case is.IsZero():
		return "no " + said
	}
	return said
}

// snake is a field's name as the wire has it.
func snake(name string) string {
	return strings.ReplaceAll(folder(strings.ReplaceAll(name, "ID", "Id")), "-", "_")
}

func (f *effects) span(name string, d time.Duration) {
	s, ok := f.spans[name]
	if !ok {
		s = [2]time.Duration{d, d}
	}
	f.spans[name] = [2]time.Duration{min(s[0], d), max(s[1], d)}
}

func (f *effects) words() []string {
	var words []string
	cleared := 0
	for _, name := range slices.Sorted(maps.Keys(f.sets)) {
		if strings.HasPrefix(name, "no `") {
			cleared++
		}
		if f.sets[name] < f.times {
			name += " or not"
		}
		words = append(words, name)
	}
	if cleared > 6 { // then one wants to know what is left, and that is not said by a list of what isn't
		words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "no `") })
		words = append(words, "most fields cleared")
	}
	for _, name := range slices.Sorted(maps.Keys(f.spans)) {
		s := f.spans[name]
		switch {
		case s[1] == 0:
			words = append(words, name+" at once")
		case s[0] == s[1]:
			words = append(words, name+" after "+duration(s[0]))
		default:
			words = append(words, fmt.Sprintf("%s after %s to %s", name, duration(s[0]), duration(s[1])))
		}
	}
	return words
}

// duration is a time for people.
func duration(d time.Duration) string {
	unit := func(n int64, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return unit(int64(d/(24*time.Hour)), "day")
	case d >= time.Hour && d%time.Hour == 0:
		return unit(int64(d/time.Hour), "hour")
	case d >= time.Minute && d%time.Minute == 0:
		return unit(int64(d/time.Minute), "minute")
	case d%time.Second == 0:
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return d.String()
}
