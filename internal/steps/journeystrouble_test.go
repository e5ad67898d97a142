package steps_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// destinationJourneys meet a destination that is not as it was when the export was created.
func destinationJourneys() map[string]journey {
	occupied := func(name string) scenario {
		return scenario{request: delivered, prepare: func(w *world) { w.customer.place("base/team/"+name, []byte("{}\n")) }}
	}
	return map[string]journey{
		"the connector is deleted meanwhile": {scenario{request: delivered, spoil: func(w *world) mishaps {
			return func(c call) mishap {
				if strings.HasPrefix(c.name, "artifacts.Presign ") {
					removeConnector(w)
				}
				return none
			}
		}}, []string{deliFails}, forGood("There is no such connector.")},
		"the connector lost its scope": {scenario{request: delivered, prepare: func(w *world) {
			c := store.Connector{ID: connectorID, AccountID: account, Scopes: []string{"import"}}
			if err := w.records.PutConnector(context.Background(), c); err != nil {
				w.t.Fatal(err)
			}
		}}, []string{deliFails}, forGood("The connector no longer has the export scope.")},
		"the destination is silent for good": {scenario{request: delivered, spoil: func(*world) mishaps { return always("target.Create base/team/exp_1.json", silent) }},
			[]string{deliFails, redeliFails, redeliFails}, inVain(silentDestination)},
		"another document stands there": {occupied("exp_1.json"), []string{deliFails}, forGood(occupiedMessage("exp_1.json"))},
		"another manifest stands there": {occupied("exp_1.manifest.json"), []string{deliFails}, forGood(occupiedMessage("exp_1.manifest.json"))},
	}
}

// troubledJourneys meet parts that fail for a while, or for good.
func troubledJourneys() map[string]journey {
	spoilt := func(request export.Request, spoil mishaps) scenario {
		return scenario{request: request, spoil: func(*world) mishaps { return spoil }}
	}
	return map[string]journey{
		"storage is slow for a minute":        {spoilt(wholeIndex, first(6, "artifacts.CreateUpload "+documentKey, throttled)), []string{download}, atOnce},
		"storage is slow for longer":          {spoilt(wholeIndex, first(7, "artifacts.CreateUpload "+documentKey, throttled)), []string{planFails, download}, later(errBusy.Message)},
		"records don't answer four times":     {spoilt(wholeIndex, first(4, "records.Export", lostBefore)), []string{download}, atOnce},
		"records don't answer five times":     {spoilt(wholeIndex, first(5, "records.Export", lostBefore)), []string{planFails, download}, unclaimed(errLost.Message)},
		"results break off every time":        {spoilt(wholeIndex, always("results.Open run_b/part-2.ndjson", brokenOff)), []string{packFails, packFails, packFails}, inVain(errBroken.Message)},
		"results go once they are packaged":   {scenario{request: delivered}.losing("artifacts.Presign "), []string{deliFails, redeliver}, later(errLost.Message)},
		"links are refused":                   {spoilt(delivered, always("artifacts.Presign "+documentKey, refused)), []string{"Plan ChooseLayout Package Assemble Presign Fail Failed"}, forGood(errRefused.Message)},
		"a step panics once":                  {spoilt(wholeIndex, first(1, "artifacts.CompleteUpload "+documentKey, panics)), []string{download}, atOnce},
		"a step panics every time":            {spoilt(wholeIndex, always("artifacts.CompleteUpload "+documentKey, panics)), []string{assembleFails, assembleFails, assembleFails}, inVain(oursMessage)},
		"a call hangs once":                   {spoilt(wholeIndex, first(1, "results.Open run_a/part-1.ndjson", frozenBefore)), []string{download}, atOnce},
		"a call hangs every time":             {spoilt(wholeIndex, always("results.Open run_a/part-1.ndjson", frozenBefore)), []string{packFails, packFails, packFails}, inVain("A step of the export took too long.")},
		"the Map's items can't be read":       {scenario{request: wholeIndex, sharded: true, spoil: func(*world) mishaps { return first(1, "map.Get", lostBefore) }}, []string{"Plan ChooseLayout PackageShards Fail Failed", shards}, later(oursMessage)},
		"a shard fails for a while":           {scenario{request: wholeIndex, sharded: true, spoil: func(*world) mishaps { return first(5, "artifacts.UploadPart 3", lostAfter) }}, []string{"Plan ChooseLayout PackageShards PackageShard Fail Failed", shards}, later(oursMessage)},
		"the failure can't be written":        {spoilt(wholeIndex, unwritable()), []string{packFails, download}, later("")},
		"a document of nobody's stands there": {scenario{request: wholeIndex, prepare: squat(documentKey)}, []string{assembleFails}, forGood("Another document stands where this export's belongs.")},
		"no execution can be started ever":    {spoilt(wholeIndex, func(c call) mishap { return onlyIf(strings.HasPrefix(c.name, "executions.Start "), lostBefore) }), nil, neverClaimed},
	}
}

const (
	silentDestination = "The destination did not answer. It was to take s3://customer/base/team/exp_1.json. Test the connector; once it works, retry the export."
	assembleFails     = "Plan ChooseLayout Package Assemble Fail Failed"
	oursMessage       = "The export failed on our side."
	silentMessage     = "The export stopped making progress and every attempt is used up. Create it again."
)

// squat puts something at a key of the artifacts.
func squat(key string) func(*world) {
	return func(w *world) {
		if _, err := w.artifacts.Put(context.Background(), key, []byte("{}"), blob.PutOptions{}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// losing is the scenario in which all results go at a call, and then the connector can't be opened for an attempt.
func (s scenario) losing(at string) scenario {
	s.spoil = func(w *world) mishaps {
		return func(c call) mishap {
			if strings.HasPrefix(c.name, at) {
				for _, key := range w.results.Keys() {
					_ = w.results.Delete(context.Background(), key) // in memory it goes well
				}
			}
			return onlyIf(c.name == "connectors.OpenTarget" && c.n <= 5, lostBefore)
		}
	}
	return s
}

// neverClaimed is the outcome of an export that no execution has ever moved.
var neverClaimed = outcome{export.StatusFailed, export.QueueDeadLetter, 0, export.MaxGenerations, silentMessage, silentMessage}

// unclaimed is the outcome of a first generation that failed before it claimed the export.
func unclaimed(trouble string) outcome {
	return outcome{export.StatusCompleted, export.QueueSucceeded, 1, 2, "", trouble}
}

func occupiedMessage(name string) string {
	return "Another object stands at s3://customer/base/team/" + name + ". It was left as it is: move it away, or export to another subpath."
}

// first spoils the first n calls of the name.
func first(n int, name string, m mishap) mishaps {
	return func(c call) mishap { return onlyIf(c.name == name && c.n <= n, m) }
}

func onlyIf(holds bool, m mishap) mishap {
	if holds {
		return m
	}
	return none
}

// unwritable lets the first attempt fail in Package, after two writes, and then every try to write that down.
func unwritable() mishaps {
	return func(c call) mishap { return onlyIf(c.name == "records.SaveExport" && c.n > 2 && c.n <= 12, lostBefore) }
}

// TestTheSelectionIsFrozen: a run that ends between two attempts is not in the document, though it was begun before the
// export was created; and one that is gone by then still is.
func TestTheSelectionIsFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex, attempts: 2, spoil: func(*world) mishaps {
			return first(5, "artifacts.CompleteUpload "+documentKey, lostBefore)
		}})
		w.order()
		synctest.Wait()
		late := theArchive()[2]
		late.status = export.RunCompleted
		w.load(late)
		w.load(run{id: "run_a", status: export.RunCancelled})
		w.checkEnd(w.settle())
	})
}

// TestAnEqualObjectIsDelivered: what stands at the destination and is equal counts as delivered.
func TestAnEqualObjectIsDelivered(t *testing.T) {
	var document, manifest []byte
	synctest.Test(t, func(t *testing.T) {
		w, _ := play(t, scenario{request: delivered})
		document, manifest = w.artifact(documentKey), w.artifact(manifestKey)
	})
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, scenario{request: delivered, prepare: func(w *world) {
			w.customer.place("base/team/exp_1.json", bytes.Clone(document))
			w.customer.place("base/team/exp_1.manifest.json", bytes.Clone(manifest))
		}})
		w.checkEnd(e)
		if e.Receipt == nil || !e.Receipt.AlreadyPresent {
			t.Errorf("receipt = %+v, want an object that was present before", e.Receipt)
		}
	})
}

// TestNothingIsOverwritten: what stood at the destination stands there afterwards.
func TestNothingIsOverwritten(t *testing.T) {
	for _, name := range []string{"exp_1.json", "exp_1.manifest.json"} {
		synctest.Test(t, func(t *testing.T) {
			w, e := play(t, scenario{request: delivered, fails: true, prepare: func(w *world) {
				w.customer.place("base/team/"+name, []byte("{}\n"))
			}})
			w.checkEnd(e)
			if got := string(w.customer.holds()["base/team/"+name]); got != "{}\n" {
				t.Errorf("%s was overwritten by %d bytes", name, len(got))
			}
		})
	}
}

// TestAForeignManifest: a manifest that is not this document's, at its key just before it is written, is left alone.
func TestAForeignManifest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, scenario{request: wholeIndex, spoil: func(w *world) mishaps {
			return func(c call) mishap {
				if strings.HasPrefix(c.name, "artifacts.CompleteUpload ") {
					squat(manifestKey)(w)
				}
				return none
			}
		}})
		if want := "Another manifest stands where this export's belongs."; e.QueueStatus != export.QueueFailed || e.ErrorMessage != want {
			t.Errorf("the export ended as %s: %q, want %q", e.QueueStatus, e.ErrorMessage, want)
		}
		if got := string(w.artifact(manifestKey)); got != "{}" {
			t.Errorf("the manifest was replaced by %q", got)
		}
	})
}

// TestBackoff: the next attempt begins no earlier than the record says, and the sweep that follows starts it.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w, e := play(t, scenario{request: wholeIndex, spoil: func(*world) mishaps { return first(1, "map.Get", lostBefore) }, sharded: true})
		w.plan.attempts = 2
		w.checkEnd(e)
		if took := e.CompletedAt.Sub(began); took < 15*time.Second || took > 2*time.Minute {
			t.Errorf("the second attempt ended after %s, want at the first sweep after 15 s", took)
		}
	})
}
