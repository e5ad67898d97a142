package steps_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// brokenInputJourneys meet results that are not what the catalogue says.
func brokenInputJourneys() map[string]journey {
	all := map[string]journey{
		"no finished run": {scenario{request: wholeIndex, archive: theArchive()[2:]}, []string{planFails},
			forGood("The selected runs hold no results.")},
		"finished runs without results": {scenario{request: wholeIndex, archive: []run{{id: "run_e", status: export.RunCancelled}}}, []string{planFails},
			forGood("The selected runs hold no results.")},
		"a run that is gone": {scenario{request: export.Request{Type: export.TypePromptRun, TargetID: "run_x", Scope: export.ScopeAll}}, []string{planFails},
			forGood("There is no such prompt run.")},
		"the catalogue is being written": {scenario{request: wholeIndex, keep: whileWritten(3)}, []string{download}, atOnce},
		"the catalogue never adds up": {scenario{request: wholeIndex, keep: whileWritten(100)}, []string{planFails, planFails, planFails},
			inVain("The catalogue of run run_b is not consistent just now.")},
	}
	// The first part lies in the first shard, the last one where Assemble writes the tail.
	first, last := place{"run_a", 1, lines("run_a", 1, 3)}, place{"run_b", 2, lines("run_b", 5, 5)}
	for name, c := range last.broken() {
		all[name] = journey{scenario{request: wholeIndex, prepare: c.replace}, []string{packFails}, forGood(c.message)}
		all[name+", in the tail"] = journey{scenario{request: wholeIndex, sharded: true, prepare: c.replace}, []string{shardFails}, forGood(c.message)}
	}
	for name, c := range first.broken() {
		all[name+", in a shard"] = journey{scenario{request: wholeIndex, sharded: true, prepare: c.replace}, []string{shardFails}, forGood(c.message)}
	}
	return all
}

// place is a part of the archive.
type place struct {
	run  string
	n    int
	good string
}

// brokenPart is a part that was replaced behind the catalogue's back, and what the export's owner reads.
type brokenPart struct {
	replace func(*world)
	message string
}

// broken are the ways in which the part may be another one than the catalogue says.
func (p place) broken() map[string]brokenPart {
	with := func(content string) func(*world) {
		return func(w *world) { w.put(partKey(p.run, p.n), content) }
	}
	swap := func(from, to string) string { return strings.Replace(p.good, from, to, 1) }
	changed := fmt.Sprintf("Part %d of run %s is not what the catalogue describes: its results were changed after the run ended.", p.n, p.run)
	return map[string]brokenPart{
		"a part is missing": {func(w *world) {
			if err := w.results.Delete(context.Background(), partKey(p.run, p.n)); err != nil {
				w.t.Fatal(err)
			}
		}, "Results of run " + p.run + " are no longer in storage."},
		"a part of another content":   {with(swap("seg_", "sig_")), changed},
		"a part with a row more":      {with(p.good + p.good), changed},
		"a part without its rows":     {with(""), changed},
		"a part with a longer record": {with(swap("seg_", "segment_")), changed},
		"a record that is no object":  {with("[]\n" + p.good), changed},
		"a record of two names":       {with(swap(`"selected"`, `"run_id"`)), changed},
	}
}

// halfWritten is a store in which, the first so many times that one looks, the catalogue of run_b lacks a part.
type halfWritten struct {
	store.Store
	times int
}

func whileWritten(times int) func(*testing.T) store.Store {
	return func(*testing.T) store.Store { return &halfWritten{memstore.New(), times} }
}

func (h *halfWritten) Parts(ctx context.Context, account, run string) ([]export.Part, error) {
	parts, err := h.Store.Parts(ctx, account, run)
	if run == "run_b" && h.times > 0 {
		h.times--
		parts = parts[:1]
	}
	return parts, err
}
