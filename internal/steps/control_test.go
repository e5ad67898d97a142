package steps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// controlReply is what the function answers to a request of the export's owner.
type controlReply struct {
	StatusCode int
	Body       string
}

// control sends "cancel", "retry" or "delete" for the export, under a key unless that is "".
func (w *world) control(verb, key string) controlReply {
	method, path := "POST", "/v2/exports/"+exportID+"/"+verb
	if verb == "delete" {
		method, path = "DELETE", "/v2/exports/"+exportID
	}
	headers := map[string]string{}
	if key != "" {
		headers["Idempotency-Key"] = key
	}
	event, err := json.Marshal(map[string]any{
		"httpMethod": method, "path": path, "headers": headers,
		"requestContext": map[string]any{"requestId": "request", "authorizer": map[string]string{
			"account_id": account, "user_id": "user_1", "key_id": "key_1", "scope": "admin",
		}},
	})
	if err != nil {
		panic("an event of our own always encodes: " + err.Error())
	}
	out, err := w.functions.Invoke(context.Background(), "control-export", event)
	var r controlReply
	if err != nil || json.Unmarshal(out.Payload, &r) != nil {
		w.t.Errorf("%s: %v, %s", verb, err, out.Payload)
	}
	return r
}

func (w *world) mustControl(verb string) {
	w.t.Helper()
	if r := w.control(verb, ""); r.StatusCode != 200 {
		w.t.Fatalf("%s: %d %s", verb, r.StatusCode, r.Body)
	}
}

// controlled are the scenarios in which an owner steps in.
func controlled() map[string]scenario {
	tables := everyFormat
	tables.Destination = delivered.Destination
	return map[string]scenario{
		"connector": {request: delivered}, "sharded": {request: delivered, sharded: true}, "sharded, every format": {request: tables, sharded: true},
		"automation": {request: delivered, origin: export.OriginAutomation, prepare: pointTo(-time.Minute)},
	}
}

// interrupted plays each scenario once for each of its calls; at that call, before it happens and after it, the owner
// steps in, and the worker goes on. test gets the reply and the world in which no worker is left.
func interrupted(t *testing.T, verb string, test func(t *testing.T, w *world, r controlReply)) {
	t.Helper()
	for name, s := range controlled() {
		for _, m := range []mishap{frozenBefore, frozenAfter} {
			if len(s.request.Formats) > 0 && (m == frozenBefore || verb == "delete") { // it has a thousand calls
				continue
			}
			t.Run(name+"/"+string(m), func(t *testing.T) {
				t.Parallel()
				disturbed(t, s, m, func(t *testing.T, s scenario, c call) {
					s.patient = true
					w := newWorld(t, s)
					var r controlReply
					var pointer []byte
					w.freeze = func() {
						r = w.control(verb, "")
						pointer = w.customer.holds()[latestKey]
					}
					w.order()
					for r.StatusCode == 0 {
						synctest.Wait()
						time.Sleep(time.Second)
					}
					w.engine.Load().Wait()
					synctest.Wait()
					if !bytes.Equal(pointer, w.customer.holds()[latestKey]) && r.StatusCode == 200 && !w.lastLook(c) {
						t.Errorf("after the %s, latest.json was written over", verb)
					}
					test(t, w, r)
				})
			})
		}
	}
}

// lastLook reports whether the call is the look at the record that the swap of the pointer follows at once: what is decided
// after it comes too late, as after the request itself.
func (w *world) lastLook(c call) bool {
	made := w.made()
	n := slices.Index(made, c)
	return c.name == "records.Export" && n > 0 && made[n-1].name == "target.Replace "+latestKey
}

// TestCancelAtEveryCall: whenever the owner cancels, the export is cancelled from then on and nothing is half done, here or
// at the destination, before the sweeper comes. Retried, it ends as if nobody had cancelled it.
func TestCancelAtEveryCall(t *testing.T) {
	interrupted(t, "cancel", func(t *testing.T, w *world, r controlReply) {
		if e := w.export(); r.StatusCode == 409 {
			w.checkEndOfMany(e, 1) // it had completed
			return
		}
		e := w.export()
		if r.StatusCode != 200 || e.Status != export.StatusFailed || !e.Cancelled() || e.ErrorMessage != "cancelled" || !strings.Contains(r.Body, `"outcome":"cancelled"`) {
			t.Fatalf("%d %s; the export is %s: %q", r.StatusCode, r.Body, e.Status, e.ErrorMessage)
		}
		w.checkWrites()
		w.checkWhole()
		if again := w.control("cancel", ""); again.StatusCode != 200 || again.Body != r.Body {
			t.Errorf("again %d %s, want %s", again.StatusCode, again.Body, r.Body)
		}

		time.Sleep(export.ClosingGrace + time.Minute)
		w.sweep(event("Scheduled Event", nil))
		if e := w.export(); e.Closing() || !e.Cancelled() {
			t.Errorf("after the sweeper it is closing: %v, cancelled: %v", e.Closing(), e.Cancelled())
		}
		w.mustControl("retry")
		if e = w.settle(); e.Attempts != 1 {
			t.Errorf("%d attempts since the retry", e.Attempts)
		}
		w.checkEndOfMany(e, 2)
	})
}

// checkWhole: no upload is open, what stands is the whole of what it is, and so is what stands at the destination.
func (w *world) checkWhole() {
	w.t.Helper()
	if open := w.uploads(); len(open) > 0 {
		w.t.Errorf("%d uploads are open: %v", len(open), open)
	}
	if slices.Contains(w.objects(), manifestKey) {
		w.checkFiles(w.artifact(manifestKey))
	}
	for key, content := range w.customer.holds() {
		if key == latestKey {
			w.checkNamed(content)
			continue
		}
		if own := w.artifact(folderKey + strings.TrimPrefix(key, "base/team/")); !bytes.Equal(own, content) {
			w.t.Errorf("%s at the destination has %d bytes, want %d", key, len(content), len(own))
		}
	}
}

// checkNamed: the pointer names another export still, or what stands at the destination whole.
func (w *world) checkNamed(pointer []byte) {
	w.t.Helper()
	var l connector.Latest
	if err := json.Unmarshal(pointer, &l); err != nil {
		w.t.Errorf("latest.json: %v in %q", err, pointer)
	}
	if l.ExportID != exportID {
		return
	}
	for _, f := range append(l.Files, l.Manifest) {
		if got := hexSum(w.customer.holds()["base/team/"+f.Name]); got != f.SHA256 {
			w.t.Errorf("latest.json names %s of digest %s, there stands %s", f.Name, f.SHA256, got)
		}
	}
}

// checkEndOfMany is checkEnd of an export that has ended more than once.
func (w *world) checkEndOfMany(e export.Export, ends int) {
	w.t.Helper()
	if len(w.records.wrong) > 0 || w.records.ends != ends {
		w.t.Errorf("the export ended %d times, want %d; broken rules: %v", w.records.ends, ends, w.records.wrong)
	}
	w.checkWhole()
	w.checkCompleted(e)
}

// TestDeleteAtEveryCall: whenever the owner deletes, the export is gone from then on. What its last workers leave, the
// sweeper clears away, the record at last; what was delivered stays.
func TestDeleteAtEveryCall(t *testing.T) {
	interrupted(t, "delete", func(t *testing.T, w *world, r controlReply) {
		if r.StatusCode != 200 || r.Body != `{"message":"The export was deleted."}` {
			t.Fatalf("%d %s", r.StatusCode, r.Body)
		}
		w.checkDeleted()
		if len(w.records.wrong) > 0 || w.records.ends != 1 {
			t.Errorf("the export ended %d times; broken rules: %v", w.records.ends, w.records.wrong)
		}
	})
}

// checkDeleted: nobody sees the export, and once the sweeper has come nothing is left of it.
func (w *world) checkDeleted() {
	w.t.Helper()
	if _, err := w.records.Store.Export(w.t.Context(), account, exportID); !errors.Is(err, store.ErrExportDeleted) {
		w.t.Fatalf("reading it gives %v", err)
	}
	for _, verb := range []string{"delete", "cancel", "retry"} {
		if again := w.control(verb, ""); again.StatusCode != 404 || !strings.Contains(again.Body, "export_not_found") {
			w.t.Errorf("%s afterwards: %d %s", verb, again.StatusCode, again.Body)
		}
	}
	if open := w.uploads(); len(open) > 0 {
		w.t.Errorf("%d uploads are open: %v", len(open), open)
	}
	before := w.customer.holds()
	time.Sleep(export.ClosingGrace + time.Minute)
	w.sweep(event("Scheduled Event", nil))
	if left := w.artifacts.Keys(); len(left) > 0 {
		w.t.Errorf("objects are left: %v", left)
	}
	if open := w.uploads(); len(open) > 0 {
		w.t.Errorf("uploads are left: %v", open)
	}
	if _, err := w.records.Store.Export(w.t.Context(), account, exportID); !errors.Is(err, store.ErrExportNotFound) {
		w.t.Errorf("after the sweeper the record gives %v", err)
	}
	if after := w.customer.holds(); !maps.EqualFunc(before, after, bytes.Equal) {
		w.t.Errorf("the destination held %d objects, and now %d", len(before), len(after))
	}
}

// TestRetryAfterAFailedDelivery packages nothing again: the retry reads no result, writes no part and calls no packager.
func TestRetryAfterAFailedDelivery(t *testing.T) {
	for name, s := range controlled() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refusals := 1
				s.spoil = func(*world) mishaps {
					return func(c call) mishap { return onlyIf(c.name == "connectors.OpenTarget" && c.n <= refusals, refused) }
				}
				w, e := play(t, s)
				if e.Status != export.StatusFailed || e.ErrorMessage != errRefused.Message || e.Artifact == nil {
					t.Fatalf("the export ended as %s, %q, artifact %v", e.Status, e.ErrorMessage, e.Artifact)
				}
				before := len(w.made())
				w.mustControl("retry")
				e = w.settle()
				w.checkEndOfMany(e, 2)
				if got := strings.Join(w.path(2), " "); got != redeliver {
					t.Errorf("the retry went through\n%s, want\n%s", got, redeliver)
				}
				for _, c := range w.made()[before:] {
					if strings.HasPrefix(c.name, "results.") || strings.Contains(c.name, "Upload ") || strings.Contains(c.name, "UploadPart ") || strings.HasPrefix(c.name, "artifacts.Put ") {
						t.Errorf("the retry called %s", c)
					}
				}
			})
		})
	}
}

// TestRetryResumesFromFinishedShards: of shards that stand by themselves only the one is made that had failed.
func TestRetryResumesFromFinishedShards(t *testing.T) {
	for name, s := range map[string]scenario{
		"every format": {request: everyFormat, sharded: true},
		"rejects":      {request: packed(withFormats(export.JSON, export.NDJSON)), sharded: true, archive: withBadRecords(), rejects: 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const failing = "results.Open run_b/part-2.ndjson"
				s.spoil = func(*world) mishaps { return first(1, failing, refused) }
				w, e := play(t, s)
				if e.Status != export.StatusFailed {
					t.Fatalf("the export ended as %s", e.Status)
				}
				before := len(w.made())
				w.mustControl("retry")
				w.checkEndOfMany(w.settle(), 2)
				read := map[string]int{}
				for _, c := range w.made()[before:] {
					if strings.HasPrefix(c.name, "results.Open ") {
						read[c.name]++
					}
				}
				if again := len(read); name == "every format" && (again != 1 || read[failing] == 0) {
					t.Errorf("the retry read %v", read)
				}
			})
		})
	}
}

// TestRetryOfADeadLetter: attempts count anew, and a second dead letter is a second end.
func TestRetryOfADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, hopeless())
		for ends := 2; ends < 4; ends++ {
			r := w.control("retry", "") // by the time that it is read the record may be claimed
			if r.StatusCode != 200 || !strings.Contains(r.Body, `"status":"pending"`) || !strings.Contains(r.Body, `"attempts":0`) || !strings.Contains(r.Body, `"error_message":null`) {
				t.Errorf("the retry was answered with %d %s", r.StatusCode, r.Body)
			}
			before := e.Generation
			if e = w.settle(); e.QueueStatus != export.QueueDeadLetter || e.Attempts != export.MaxAttempts || e.EventMark != export.EventFailed || e.Generation <= before {
				t.Errorf("it ended as %s after %d attempts, event %q, generation %d after %d", e.QueueStatus, e.Attempts, e.EventMark, e.Generation, before)
			}
			if len(w.records.wrong) > 0 || w.records.ends != ends {
				t.Errorf("it ended %d times; broken rules: %v", w.records.ends, w.records.wrong)
			}
		}
	})
}

// TestRetryAnew: what failed too long ago to be gone on with is packaged anew, apart from what is left: the plan is gone,
// and a file of another selection stands.
func TestRetryAnew(t *testing.T) {
	for _, sharded := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := scenario{request: delivered, sharded: sharded}
			s.spoil = func(*world) mishaps {
				return func(c call) mishap {
					return onlyIf(strings.HasPrefix(c.name, "artifacts.Put "+manifestKey) && c.n == 1, refused)
				}
			}
			w, e := play(t, s)
			if e.Status != export.StatusFailed || len(w.objects()) == 0 {
				t.Fatalf("the export ended as %s, and left %v", e.Status, w.objects())
			}
			asOf := e.AsOf()
			time.Sleep(4 * 24 * time.Hour)
			for _, key := range w.artifacts.Keys() { // the bucket's rules
				if strings.HasPrefix(key, "work/") {
					if err := w.artifacts.Delete(t.Context(), key); err != nil {
						t.Fatal(err)
					}
				}
			}
			squat(documentKey)(w)
			w.mustControl("retry")
			e = w.settle()
			const folder = folderKey + "g2/"
			if e.Status != export.StatusCompleted || e.Attempts != 1 || e.Artifact.Key != folder+"exp_1.json" || !e.AsOf().Equal(asOf) || !strings.Contains(e.Link.URL, folder) {
				t.Fatalf("the retry ended as %s (%q) with %+v, as of %s", e.Status, e.LastError, e.Artifact, e.AsOf())
			}
			own, copied := w.artifact(folder+"exp_1.json"), w.customer.holds()["base/team/exp_1.json"]
			if hexSum(own) != e.Artifact.SHA256 || !bytes.Equal(own, copied) || e.Receipt == nil || e.Artifact.Counts.Results != int64(len(w.wanted())) {
				t.Errorf("the document has %d bytes, its copy %d; counts %+v", len(own), len(copied), e.Artifact.Counts)
			}
			if open := w.uploads(); len(open) > 0 {
				t.Errorf("uploads are open: %v", open)
			}
			w.mustControl("delete")
			w.checkDeleted()
		})
	}
}

// TestADeliveryThatIsRepeatedAfterACancel drops what the call before it may have left open at the destination, and writes
// nothing there. Of an export that failed by itself it drops nothing: its uploads are a retry's to drop.
func TestADeliveryThatIsRepeatedAfterACancel(t *testing.T) {
	tables := everyFormat
	tables.Destination = delivered.Destination
	for _, verb := range []string{"cancel", "delete", "fail", "fail, delete"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, scenario{request: tables, sharded: true})
			w.create()
			for _, st := range line(w.plan)[:7] {
				w.mustCall(st)
			}
			m, err := artifact.DecodeManifest(w.artifact(manifestKey))
			if err != nil || len(m.Files) < 8 {
				t.Fatalf("%d files, %v", len(m.Files), err)
			}
			want := map[string]bool{}
			if strings.HasPrefix(verb, "fail") {
				w.fail(1, "Export.Permanent", "{}")
			}
			if verb != "fail" {
				w.mustControl(strings.TrimPrefix(verb, "fail, "))
				want["base/team/exp_1.manifest.json"] = true
				for _, f := range m.Files {
					want["base/team/"+f.Name] = true
				}
			}
			w.beginAnew(nil)
			if got := w.call(stage{"deliver", -1}); got != "Export.Superseded" {
				t.Errorf("the delivery ended with %q", got)
			}
			abandoned := map[string]bool{}
			for _, c := range w.made() {
				if key, ok := strings.CutPrefix(c.name, "target.Abandon "); ok {
					abandoned[key] = true
				} else if strings.HasPrefix(c.name, "target.") {
					t.Errorf("it called %s", c)
				}
			}
			if !maps.Equal(abandoned, want) || len(w.customer.holds()) > 0 {
				t.Errorf("after %s, these were abandoned: %v, want %v; the destination holds %d objects", verb, abandoned, want, len(w.customer.holds()))
			}
		})
	}
}

// TestAManifestWithoutItsFiles is no committed export: it never completes.
func TestAManifestWithoutItsFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex})
		w.create()
		for _, st := range line(w.plan)[:3] {
			w.mustCall(st)
		}
		if err := w.artifacts.Delete(t.Context(), documentKey); err != nil {
			t.Fatal(err)
		}
		if got := w.call(stage{"plan", -1}); got != "Export.Unavailable" {
			t.Errorf("plan ended with %q", got)
		}
	})
}

// TestEveryCallOfAControlFails: the owner's request is lost at each of its calls, before and after it happened, and is sent
// again under its key. It has its effect once, whatever the first reply was.
func TestEveryCallOfAControlFails(t *testing.T) {
	for verb, s := range map[string]scenario{"cancel": {request: delivered}, "retry": hopeless(), "delete": {request: delivered}} {
		calls := callsOfControl(t, verb, s)
		for _, m := range []mishap{lostBefore, lostAfter, refused} {
			for _, c := range calls {
				t.Run(verb+"/"+string(m)+"/"+c.String(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { controlTwice(t, verb, s, at(c, m)) })
				})
			}
		}
	}
}

// staged is a world whose export can be controlled, at rest, and that is spoilt from now on.
func staged(t *testing.T, verb string, s scenario, spoil mishaps) *world {
	t.Helper()
	w := newWorld(t, s)
	w.create()
	if verb == "retry" {
		w.settleAs(export.Export.Claim, func(e export.Export, now time.Time) export.Export {
			return e.Fail(export.Failure{Message: "No.", Permanent: true}, now)
		})
	} else {
		for _, st := range line(w.plan)[:3] {
			w.mustCall(st)
		}
	}
	w.beginAnew(spoil)
	return w
}

// beginAnew forgets the calls so far, and spoils those that follow.
func (g *gremlin) beginAnew(spoil mishaps) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls, g.counts, g.spoil = nil, map[string]int{}, spoil
}

// settleAs moves the export without any step.
func (w *world) settleAs(moves ...func(export.Export, time.Time) export.Export) {
	w.t.Helper()
	for _, move := range moves {
		e := w.export()
		if _, err := w.records.SaveExport(w.t.Context(), move(e, time.Now()), e.Fence()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func callsOfControl(t *testing.T, verb string, s scenario) (calls []call) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.spoil = nil
		w := staged(t, verb, s, nil)
		if r := w.control(verb, "key-1"); r.StatusCode != 200 {
			t.Fatalf("%s: %d %s", verb, r.StatusCode, r.Body)
		}
		calls = w.made()
		w.settleOrNot()
	})
	start := slices.IndexFunc(calls, func(c call) bool { return strings.HasPrefix(c.name, "executions.Start") })
	if start >= 0 { // what follows is the execution's
		calls = calls[:start+1]
	}
	return calls
}

// settleOrNot lets whatever was started end.
func (w *world) settleOrNot() {
	synctest.Wait()
	w.engine.Load().Wait()
}

func controlTwice(t *testing.T, verb string, s scenario, spoil mishaps) {
	t.Helper()
	s.spoil = nil
	w := staged(t, verb, s, spoil)
	first := w.control(verb, "key-1")
	again := w.control(verb, "key-1")
	if gone := verb == "delete" && again.StatusCode == 404; again.StatusCode != 200 && !gone {
		t.Fatalf("%d %s, and again %d %s", first.StatusCode, first.Body, again.StatusCode, again.Body)
	}
	switch verb {
	case "cancel":
		w.settleOrNot()
		e := w.export()
		time.Sleep(export.ClosingGrace + time.Minute)
		w.sweep(event("Scheduled Event", nil))
		if !e.Cancelled() || e.Generation != 2 || w.records.ends != 1 || len(w.uploads()) > 0 {
			t.Errorf("the export is %s in generation %d, ended %d times; uploads %v", e.Status, e.Generation, w.records.ends, w.uploads())
		}
	case "retry":
		if e := w.export(); e.RetriedGeneration != 2 {
			t.Errorf("retried in generation %d", e.RetriedGeneration)
		}
		if e := w.settle(); e.Status != export.StatusCompleted || e.RetriedGeneration != 2 {
			t.Errorf("the retry ended as %s, %q; retried in generation %d", e.Status, e.LastError, e.RetriedGeneration)
		}
	case "delete":
		w.settleOrNot()
		w.checkDeletedLater()
	}
	if len(w.records.wrong) > 0 {
		t.Errorf("broken rules: %v", w.records.wrong)
	}
}

// checkDeletedLater is checkDeleted of an export whose objects the request may have left to the sweeper.
func (w *world) checkDeletedLater() {
	w.t.Helper()
	if _, err := w.records.Store.Export(w.t.Context(), account, exportID); !errors.Is(err, store.ErrExportDeleted) {
		w.t.Fatalf("reading it gives %v", err)
	}
	time.Sleep(export.ClosingGrace + time.Minute)
	w.sweep(event("Scheduled Event", nil))
	_, err := w.records.Store.Export(w.t.Context(), account, exportID)
	if left := w.artifacts.Keys(); len(left) > 0 || len(w.uploads()) > 0 || !errors.Is(err, store.ErrExportNotFound) {
		w.t.Errorf("left are %v, uploads %v, the record gives %v", left, w.uploads(), err)
	}
}

// TestTheSweeperClearsUpAtEveryFailure: whichever of its calls fails, the next sweep does what is left.
func TestTheSweeperClearsUpAtEveryFailure(t *testing.T) {
	for _, verb := range []string{"cancel", "delete"} {
		var calls []call
		clear := func(t *testing.T, spoil mishaps) *world {
			w := staged(t, verb, scenario{request: delivered, sharded: true}, nil)
			w.mustControl(verb)
			w.leave()
			time.Sleep(export.ClosingGrace + time.Minute)
			w.beginAnew(spoil)
			w.sweep(event("Scheduled Event", nil))
			return w
		}
		synctest.Test(t, func(t *testing.T) { calls = clear(t, nil).made() })
		for _, m := range []mishap{lostBefore, lostAfter, refused} {
			for _, c := range calls {
				t.Run(verb+"/"+string(m)+"/"+c.String(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := clear(t, at(c, m))
						w.sweep(event("Scheduled Event", nil))
						if open := w.uploads(); len(open) > 0 {
							t.Errorf("uploads are open: %v", open)
						}
						e, err := w.records.Store.Export(t.Context(), account, exportID)
						if verb == "cancel" && (err != nil || e.Closing() || !e.Cancelled()) {
							t.Errorf("the export is closing: %v, cancelled: %v, %v", e.Closing(), e.Cancelled(), err)
						}
						if left := w.artifacts.Keys(); verb == "delete" && (!errors.Is(err, store.ErrExportNotFound) || len(left) > 0) {
							t.Errorf("the record gives %v, left are %v", err, left)
						}
					})
				})
			}
		}
	}
}

// leave is what a late worker may leave: an object and an upload in either place.
func (w *world) leave() {
	w.t.Helper()
	for _, prefix := range []string{"work/acct_1/exp_1/", folderKey} {
		squat(prefix + "left")(w)
		if _, err := w.artifacts.CreateUpload(w.t.Context(), prefix+"open", blob.PutOptions{}); err != nil {
			w.t.Fatal(err)
		}
	}
}
