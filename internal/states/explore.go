package states

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
)

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
		case name == "Request" || name == "Progress" || name == "Link" || name == "Ended": // the first stays, the others decide nothing
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
