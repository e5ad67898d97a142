package states

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
)

// applied is a transition as it is carried out here: when its caller carries it out, and with what.
type applied struct {
	name  string // the method's
	when  func(e export.Export) bool
	cases []variant
}

// variant is a transition with its arguments.
type variant struct {
	note string // "" where there is only one
	to   func(e export.Export, now time.Time) export.Export
}

// transitions are all methods of Export that make a record; one that lacks here is an error. What callers make sure of
// first stands in internal/steps: that the record is open and of their generation (load), and that the steps before have
// done their part.
var transitions = []applied{
	{"Claim", export.Export.Open, only(export.Export.Claim)},
	{"Enter", claimed, only(func(e export.Export, now time.Time) export.Export {
		return e.Enter(export.PhasePackaging, export.Lease, now)
	})},
	{"Packaged", running, only(func(e export.Export, now time.Time) export.Export {
		return e.Packaged(export.Artifact{Bucket: "b", Key: "k", ManifestKey: "m"}, now)
	})},
	{"Linked", packaged, only(func(e export.Export, now time.Time) export.Export { return e.Linked(export.Link{URL: "u"}, now) })},
	{"Delivered", undelivered, only(func(e export.Export, now time.Time) export.Export {
		return e.Delivered(export.Receipt{URI: "u"}, now)
	})},
	{"Complete", whole, only(export.Export.Complete)},
	{"Fail", export.Export.Open, []variant{
		{"a permanent failure", func(e export.Export, now time.Time) export.Export {
			return e.Fail(export.Failure{Message: "no", Permanent: true}, now)
		}},
		{"any other failure", func(e export.Export, now time.Time) export.Export { return e.Fail(export.Failure{Message: "no"}, now) }},
	}},
	{"Overdue", export.Export.Open, only(func(e export.Export, now time.Time) export.Export {
		if now.Before(e.DueAt) {
			now = e.DueAt
		}
		next, _ := e.Overdue(now)
		return next
	})},
	{"Restart", never, nil}, // a part of Overdue
}

func only(to func(e export.Export, now time.Time) export.Export) []variant {
	return []variant{{"", to}}
}

// Plan is the first state of the machine, and no other one is entered before it has claimed the export.
func claimed(e export.Export) bool  { return e.Open() && e.ClaimedGeneration == e.Generation }
func running(e export.Export) bool  { return claimed(e) && e.QueueStatus == export.QueueRunning }
func packaged(e export.Export) bool { return running(e) && e.Artifact != nil }
func undelivered(e export.Export) bool {
	return packaged(e) && e.ToConnector() && e.Receipt == nil
}
func whole(e export.Export) bool       { return packaged(e) && (!e.ToConnector() || e.Receipt != nil) }
func never(export.Export) (never bool) { return false }

// Move is a change of a record's state, or a write that leaves it as it is.
type Move struct {
	Way
	Effects []string // what else becomes of the record
}

// Way is what a move is known by.
type Way struct {
	From, To   string // status/queue_status; From is "" for a new record
	Transition string
	Note       string // the case of the transition, "" where there is only one
}

// Moves are those that there are, found by carrying out every transition on every record that can come about. known are
// the transitions that the domain has.
func Moves(known []Transition) ([]Move, error) {
	if err := complete(known); err != nil {
		return nil, err
	}
	x := explorer{seen: map[string]bool{}, moves: map[Way]*effects{}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, r := range []export.Request{
		{Type: export.TypeIndex, TargetID: "idx"}, {Type: export.TypeIndex, TargetID: "idx", Destination: &export.Destination{ConnectorID: "conn"}},
	} {
		e := export.New("exp", "acct", "user", r, now)
		x.note(Way{To: state(e), Transition: "New"}, export.Export{}, e, now)
		x.todo = append(x.todo, e)
	}
	for len(x.todo) > 0 {
		e := x.todo[0]
		x.todo = x.todo[1:]
		x.visit(e)
	}
	return x.found(), nil
}

// complete makes sure that no transition is left out, and none made up.
func complete(known []Transition) error {
	names := []string{"New"}
	for _, t := range transitions {
		names = append(names, t.name)
	}
	for _, t := range known {
		if !slices.Contains(names, t.Name) {
			return fmt.Errorf("internal/export has the transition %s, which internal/states doesn't carry out: give it a line in transitions", t.Name)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(known, func(t Transition) bool { return t.Name == name }) {
			return fmt.Errorf("internal/states carries out %s, which internal/export doesn't have", name)
		}
	}
	return nil
}

// explorer finds the records that can come about.
type explorer struct {
	todo  []export.Export
	seen  map[string]bool
	moves map[Way]*effects
}

// enough generations to use them up, and once more after what may follow.
const enough = export.MaxGenerations + 2

func (x *explorer) visit(e export.Export) {
	if x.seen[key(e)] || e.Generation > enough {
		return
	}
	x.seen[key(e)] = true
	now := e.UpdatedAt.Add(time.Second)
	for _, t := range transitions {
		if !t.when(e) {
			continue
		}
		for _, v := range t.cases {
			next := v.to(e, now)
			x.note(Way{From: state(e), To: state(next), Transition: t.name, Note: v.note}, e, next, next.UpdatedAt)
			x.todo = append(x.todo, next)
		}
	}
}

// key is all of a record that transitions may look at: what it holds, of times and of what is behind a pointer only
// whether it is there, of a generation beside the record's own whether it is that one, and whether the record was due as
// soon as it was available.
func key(e export.Export) string {
	values := []any{e.DueAt.Equal(e.AvailableAt), e.ToConnector(), e.Exhausted()}
	for name, v := range members(e) {
		switch {
		case name == "Request" || name == "Progress" || name == "Link": // the first stays, the others decide nothing
		case v.Kind() == reflect.Pointer || v.Type() == reflect.TypeFor[time.Time]():
			values = append(values, v.IsZero())
		case strings.HasSuffix(name, "Generation") && name != "Generation":
			values = append(values, v.IsZero(), v.Int() == int64(e.Generation))
		default:
			values = append(values, v.Interface())
		}
	}
	return fmt.Sprint(values...)
}

// members are a record's fields by their names.
func members(e export.Export) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		v := reflect.ValueOf(e)
		for i := range v.NumField() {
			if !yield(v.Type().Field(i).Name, v.Field(i)) {
				return
			}
		}
	}
}

// state is the record's, as clients and the machinery see it.
func state(e export.Export) string { return string(e.Status) + "/" + string(e.QueueStatus) }

func (x *explorer) note(w Way, e, next export.Export, now time.Time) {
	if x.moves[w] == nil {
		x.moves[w] = &effects{}
	}
	x.moves[w].see(e, next, now)
}

func (x *explorer) found() []Move {
	var all []Move
	for w, seen := range x.moves {
		all = append(all, Move{w, seen.words()})
	}
	slices.SortFunc(all, compareMoves)
	return all
}

// rank orders states as a life passes through them.
func rank(state string) int {
	order := []string{
		"", "pending/queued", "processing/leased", "processing/running", "processing/queued", "completed/succeeded", "failed/failed", "failed/dead_letter",
	}
	if i := slices.Index(order, state); i >= 0 {
		return i
	}
	return len(order)
}

func compareMoves(a, b Move) int {
	if d := rank(a.From) - rank(b.From); d != 0 {
		return d
	}
	if d := rank(a.To) - rank(b.To); d != 0 {
		return d
	}
	return strings.Compare(a.Transition+a.Note+a.From+a.To, b.Transition+b.Note+b.From+b.To)
}

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
