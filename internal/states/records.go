package states

import (
	"fmt"
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
	{"AwaitSlot", placed, only(func(e export.Export, _ time.Time) export.Export { return e.AwaitSlot() })},
	{"Admit", export.Export.AwaitsSlot, only(export.Export.Admit)},
	{"Claim", admitted, only(export.Export.Claim)},
	{"Enter", claimed, only(func(e export.Export, now time.Time) export.Export {
		return e.Enter(export.PhasePackaging, export.Lease, now)
	})},
	{"Planned", claimed, []variant{
		{"for one task", func(e export.Export, now time.Time) export.Export { return e.Planned(1, 1, 0, now) }},
		{"for shards", func(e export.Export, now time.Time) export.Export { return e.Planned(1, 1, 2, now) }},
	}},
	{"Packaging", running, only(export.Export.Packaging)},
	{"Packed", running, only(func(e export.Export, now time.Time) export.Export { return e.Packed(1, 1, now) })},
	{"Assembling", running, only(export.Export.Assembling)},
	{"Delivering", undelivered, only(export.Export.Delivering)},
	{"Sent", undelivered, only(func(e export.Export, now time.Time) export.Export { return e.Sent(1, now) })},
	{"Noted", never, nil}, // for those who read the record; nobody writes it
	{"Packaged", running, only(func(e export.Export, now time.Time) export.Export {
		return e.Packaged(export.Artifact{Bucket: "b", Key: "k", ManifestKey: "m"}, now)
	})},
	{"Linked", packaged, only(func(e export.Export, now time.Time) export.Export { return e.Linked(export.Link{URL: "u"}, now) })},
	{"Delivered", undelivered, only(func(e export.Export, now time.Time) export.Export {
		return e.Delivered(export.Receipt{URI: "u"}, now)
	})},
	{"Complete", whole, only(export.Export.Complete)},
	{"Fail", admitted, []variant{
		{"a permanent failure", func(e export.Export, now time.Time) export.Export {
			return e.Fail(export.Failure{Message: "no", Permanent: true}, now)
		}},
		{"any other failure", func(e export.Export, now time.Time) export.Export { return e.Fail(export.Failure{Message: "no"}, now) }},
	}},
	{"Overdue", admitted, only(func(e export.Export, now time.Time) export.Export {
		if now.Before(e.DueAt) {
			now = e.DueAt
		}
		next, _ := e.Overdue(now)
		return next
	})},
	{"Restart", never, nil}, // a part of Overdue
	{"Cancel", export.Export.Open, only(export.Export.Cancel)},
	{"Retry", failed, []variant{
		{"soon", export.Export.Retry},
		{"when what was packaged may be gone", func(e export.Export, now time.Time) export.Export {
			return e.Retry(now.Add(export.ResumeLife))
		}},
	}},
	{"Delete", there, only(export.Export.Delete)},
	{"ClearedUp", closed, only(func(e export.Export, _ time.Time) export.Export { return e.ClearedUp() })},
}

func only(to func(e export.Export, now time.Time) export.Export) []variant {
	return []variant{{"", to}}
}

// placed is of an export that is new, or was retried just now.
func placed(e export.Export) bool {
	return admitted(e) && e.Status == export.StatusPending && e.Waiting() && max(1, e.RetriedGeneration) == e.Generation
}

// admitted is of an export whose executions are started.
func admitted(e export.Export) bool { return e.Open() && !e.AwaitsSlot() }

// Plan is the first state of the machine, and no other one is entered before it has claimed the export.
func claimed(e export.Export) bool { return e.Open() && e.ClaimedGeneration == e.Generation }

func running(e export.Export) bool { return claimed(e) && e.QueueStatus == export.QueueRunning }

func packaged(e export.Export) bool { return running(e) && e.Artifact != nil }

func undelivered(e export.Export) bool {
	return packaged(e) && e.ToConnector() && e.Receipt == nil
}

func whole(e export.Export) bool { return packaged(e) && (!e.ToConnector() || e.Receipt != nil) }

func there(e export.Export) bool { return !e.Open() && e.DeletedAt.IsZero() }

func failed(e export.Export) bool { return there(e) && e.Status == export.StatusFailed }

func closed(e export.Export) bool { return !e.Open() && !e.DueAt.IsZero() }

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

// state is the record's, as clients and the machinery see it.
func state(e export.Export) string {
	if !e.DeletedAt.IsZero() {
		return "deleted"
	}
	return string(e.Status) + "/" + string(e.QueueStatus)
}

// rank orders states as a life passes through them.
func rank(state string) int {
	order := []string{
		"", "pending/queued", "processing/leased", "processing/running", "processing/queued", "completed/succeeded", "failed/failed", "failed/dead_letter", "deleted",
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
