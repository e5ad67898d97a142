package steps_test

import (
	"context"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

const changedMessage = "Part 2 of run run_b is not what the catalogue describes: its results were changed after the run ended."

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
	for name, c := range brokenParts() {
		all[name] = journey{scenario{request: wholeIndex, prepare: c.replace}, []string{packFails}, forGood(c.message)}
		all[name+", in shards"] = journey{scenario{request: wholeIndex, sharded: true, prepare: c.replace}, []string{shardFails}, forGood(c.message)}
	}
	return all
}

// brokenPart is a part that was replaced behind the catalogue's back, and what the export's owner reads.
type brokenPart struct {
	replace func(*world)
	message string
}

func brokenParts() map[string]brokenPart {
	good := lines("run_b", 5, 5)
	with := func(content string) func(*world) {
		return func(w *world) { w.put(partKey("run_b", 2), content) }
	}
	return map[string]brokenPart{
		"a part is missing": {func(w *world) {
			if err := w.results.Delete(context.Background(), partKey("run_b", 2)); err != nil {
				w.t.Fatal(err)
			}
		}, "Results of run run_b are no longer in storage."},
		"a part of another content":   {with(strings.Replace(good, "seg_5", "seg_6", 1)), changedMessage},
		"a part with a row more":      {with(good + good), changedMessage},
		"a part without its rows":     {with(""), changedMessage},
		"a part with a longer record": {with(strings.Replace(good, "seg_5", "seg_55", 1)), changedMessage},
		"a record that is no object":  {with("[]\n"), "Run run_b, part 2, line 1: a result is a JSON object."},
		"a record of two names": {with(strings.Replace(good, `"selected"`, `"run_id"`, 1)),
			"Run run_b, part 2, line 1: not strict JSON at byte 76: an object has two members of one name."},
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
