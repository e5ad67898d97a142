package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// check holds an arrival against what was to come: the signature is over the very bytes that came.
func check(t *testing.T, a arrival, secret, webhook, delivery, event, name string) map[string]any {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(a.body)
	want := map[string]string{
		"Content-Type": "application/json", "X-Webhook-Signature": "sha256=" + hex.EncodeToString(mac.Sum(nil)), "X-Webhook-ID": webhook,
		"X-Delivery-ID": delivery, "X-Event-Type": name, "Idempotency-Key": event,
	}
	for header, value := range want {
		if got := a.header.Get(header); got != value {
			t.Errorf("%s: %s, want %s", header, got, value)
		}
	}
	var envelope map[string]any
	if err := json.Unmarshal(a.body, &envelope); err != nil {
		t.Fatal(err)
	}
	if envelope["id"] != event || envelope["event"] != name || envelope["api_version"] != "2024-01" {
		t.Errorf("the envelope is %s", a.body)
	}
	return envelope
}

func TestEventArrives(t *testing.T) {
	r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("é", 2000)) })
	w := newWorld(t, r)
	w.hook("wh_a", r.URL+"/in?x=1", func(h *store.Webhook) { h.Metadata = `{"team": "review",  "n": 1.50}` })
	refs := w.publish(w.ended("exp_1", ofIndex, w.complete))
	if want := []store.DeliveryRef{{AccountID: "acct", DeliveryID: "dlv_a_1_0001_ready"}}; cmp.Diff(want, refs) != "" {
		t.Fatalf("deliveries %v, want %v", refs, want)
	}
	d := w.send(refs[0])
	if d.Status != Delivered || d.Attempts != 1 || !d.DueAt.IsZero() || d.CompletedAt != t0 || d.ResponseStatus != 200 || len(d.ResponseBody) != 1024 || d.ErrorMessage != "" {
		t.Errorf("the delivery is %+v", d)
	}
	came := r.arrivals()
	if len(came) != 1 || !bytes.Equal(came[0].body, d.Body) {
		t.Fatalf("%d arrivals", len(came))
	}
	envelope := check(t, came[0], "wh_a", "wh_a", d.ID, "evt_1_0001_ready", "export.ready")
	data, _ := envelope["data"].(map[string]any)
	if len(envelope) != 6 || data["export_id"] != "exp_1" || data["status"] != "completed" || envelope["created_at"] != "2026-05-01T12:00:00.000Z" {
		t.Errorf("the envelope is %s", came[0].body)
	}
	if !bytes.Contains(came[0].body, []byte(`"metadata":{"team":"review","n":1.50}`)) {
		t.Errorf("the metadata is not in %s", came[0].body)
	}
	if h := w.webhook("wh_a"); h.LastSuccessAt != t0 || h.FailureCount != 0 {
		t.Errorf("the webhook is %+v", h)
	}
	w.now = w.now.Add(time.Hour)
	w.send(refs[0])
	w.publish(changes.Export{AccountID: "acct", ExportID: "exp_1", Generation: 1, Mark: "export.ready"})
	w.send(refs[0])
	if len(r.arrivals()) != 1 {
		t.Error("what was delivered was sent again")
	}
	if got := w.counted(); got != "map[EventsDelivered:1]" {
		t.Errorf("counted %s", got)
	}
	if strings.Contains(w.log.String(), "/in?x") || strings.Contains(w.log.String(), "sha256=") {
		t.Errorf("the log holds the address or the signature: %s", w.log.String())
	}
}

// TestFiveFailuresThenSuccess: every attempt carries the same ids and bytes, at growing distances.
func TestFiveFailuresThenSuccess(t *testing.T) {
	r := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 1:
			w.WriteHeader(500)
		case 2:
			w.Header().Set("Location", "https://127.0.0.1/elsewhere")
			w.WriteHeader(307)
		case 3:
			w.WriteHeader(404)
		case 4, 5:
			conn, _, err := w.(http.Hijacker).Hijack() // it was taken, but the reply is lost
			if err == nil {
				conn.Close()
			}
		default:
			w.WriteHeader(204)
		}
	})
	w := newWorld(t, r)
	w.hook("wh_a", r.URL, nil)
	refs := w.publish(w.ended("exp_1", ofIndex, w.fail))
	var waits []time.Duration
	for n := 1; n <= 5; n++ {
		d := w.send(refs[0])
		if d.Status != Retrying || d.Attempts != n || d.ErrorMessage == "" {
			t.Fatalf("after attempt %d: %+v", n, d)
		}
		waits = append(waits, d.DueAt.Sub(w.now))
		w.now = d.DueAt.Add(-time.Millisecond)
		w.send(refs[0]) // too early: nothing happens
		w.due(d)
	}
	d := w.send(refs[0])
	if d.Status != Delivered || d.Attempts != 6 || d.ErrorMessage != "" || d.ResponseStatus != 204 {
		t.Errorf("in the end: %+v", d)
	}
	want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	came := r.arrivals()
	if len(came) != 6 {
		t.Fatalf("%d arrivals, want 6", len(came))
	}
	for _, a := range came {
		check(t, a, "wh_a", "wh_a", d.ID, "evt_1_0001_failed", "export.failed")
		if !bytes.Equal(a.body, came[0].body) {
			t.Errorf("sent %s, first it was %s", a.body, came[0].body)
		}
	}
	if got := w.counted(); got != "map[EventsDelivered:1 EventsRetried:5]" {
		t.Errorf("counted %s", got)
	}
}

// TestReceiverThatNeverAnswers is given up after a day, and after ten such days in a row its webhook is disabled.
func TestReceiverThatNeverAnswers(t *testing.T) {
	over := make(chan struct{})
	r := newReceiver(t, func(int, http.ResponseWriter, *http.Request) { <-over })
	t.Cleanup(func() { close(over) })
	w := newWorld(t, r)
	w.sender.Patience = 20 * time.Millisecond
	w.hook("wh_a", r.URL, nil)
	for n := 1; n <= DisableAfter; n++ {
		begun := w.now
		refs := w.publish(w.ended(fmt.Sprintf("exp_%02d", n), ofIndex, w.complete))
		if len(refs) != 1 {
			t.Fatalf("export %d: deliveries %v", n, refs)
		}
		d := w.send(refs[0])
		for ; d.Status == Retrying; d = w.send(refs[0]) {
			w.due(d)
		}
		if d.Status != Failed || d.ErrorMessage != "No answer came within 20ms." || d.Attempts < 15 || d.Attempts > 20 || w.now.Sub(begun) < 20*time.Hour || w.now.Sub(begun) > GiveUpAfter {
			t.Fatalf("given up after %v: %+v", w.now.Sub(begun), d)
		}
		h := w.webhook("wh_a")
		if want := map[bool]string{true: Disabled, false: Active}[n == DisableAfter]; h.FailureCount != n || h.Status != want || h.LastFailureAt != w.now {
			t.Fatalf("after %d deliveries: %+v", n, h)
		}
		w.now = w.now.Add(time.Hour)
	}
	if refs := w.publish(w.ended("exp_99", ofIndex, w.complete)); len(refs) != 0 {
		t.Errorf("a disabled webhook is told: %v", refs)
	}
}

// TestPrivateAddresses are refused when they are dialed, whatever spelling led there: nobody comes.
func TestPrivateAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var visits atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			visits.Add(1)
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	w := newWorld(t)
	for n, url := range []string{
		"https://127.0.0.1:" + port, "https://localhost:" + port, "https://[::ffff:127.0.0.1]:" + port, "https://169.254.169.254/latest/meta-data/",
		"https://10.0.0.1", "https://[fd00:ec2::254]", "https://8.8.8.8:22",
	} {
		id := fmt.Sprintf("wh_%d", n)
		w.hook(id, url, nil)
		w.publish(w.ended("exp_"+id, ofIndex, w.complete))
		d := w.send(store.DeliveryRef{AccountID: "acct", DeliveryID: DeliveryID(id, EventID("exp_"+id, 1, "export.ready"))})
		if d.Status != Retrying || d.ResponseStatus != 0 || !strings.Contains(d.ErrorMessage, "isn't on the public internet") {
			t.Errorf("%s: %+v", url, d)
		}
		w.must(w.store.DeleteWebhook(t.Context(), "acct", id))
	}
	if visits.Load() != 0 {
		t.Errorf("%d visits", visits.Load())
	}
}

// TestKilled: a process that dies before or after any of its writes leaves a delivery that arrives all the same, with the
// same ids and bytes.
func TestKilled(t *testing.T) {
	for at := 1; at <= 2; at++ {
		for _, after := range []bool{false, true} {
			r := newReceiver(t, nil)
			w := newWorld(t, r)
			w.hook("wh_a", r.URL, nil)
			refs := w.publish(w.ended("exp_1", ofIndex, w.complete))
			first := w.sender
			first.Records = &dying{w.store, at, after}
			if _, err := first.Send(t.Context(), refs[0]); err == nil {
				t.Errorf("save %d, after %v: the process lives", at, after)
			}
			d := w.delivery(refs[0])
			if done := at == 2 && after; done != (d.Status == Delivered) {
				t.Errorf("save %d, after %v: %+v", at, after, d)
			}
			if !d.DueAt.IsZero() {
				if wait := d.DueAt.Sub(w.now); wait > 2*time.Minute {
					t.Errorf("save %d, after %v: due in %v", at, after, wait)
				}
				w.due(d)
			}
			if d = w.send(refs[0]); d.Status != Delivered {
				t.Errorf("save %d, after %v, in the end: %+v", at, after, d)
			}
			came := r.arrivals()
			if len(came) == 0 || len(came) > 2 {
				t.Errorf("save %d, after %v: %d arrivals", at, after, len(came))
			}
			for _, a := range came {
				check(t, a, "wh_a", "wh_a", d.ID, "evt_1_0001_ready", "export.ready")
				if !bytes.Equal(a.body, d.Body) {
					t.Errorf("sent %s, want %s", a.body, d.Body)
				}
			}
		}
	}
}

// TestToldTwice: the same change at the same time by many makes one event, which goes out once.
func TestToldTwice(t *testing.T) {
	r := newReceiver(t, nil)
	w := newWorld(t, r)
	w.hook("wh_a", r.URL, nil)
	c := w.ended("exp_1", ofIndex, w.complete)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			refs, err := w.public.Publish(t.Context(), c)
			if err != nil || len(refs) != 1 {
				t.Errorf("%v, %v", refs, err)
			}
			w.sender.SendAll(t.Context(), refs, time.Minute, nil)
		})
	}
	all.Wait()
	if n := len(r.arrivals()); n != 1 {
		t.Errorf("%d arrivals, want 1", n)
	}
}

// TestTwoGenerations: an export that failed, was tried again and failed again has ended twice. The first end is told as
// it was, although it is read after the second began.
func TestTwoGenerations(t *testing.T) {
	r := newReceiver(t, nil)
	w := newWorld(t, r)
	w.hook("wh_a", r.URL, nil)
	first := w.ended("exp_1", ofIndex, w.fail)
	e, err := w.store.Export(t.Context(), "acct", "exp_1")
	w.must(err)
	again := e
	again.Generation, again.Status, again.QueueStatus, again.EventMark, again.ErrorMessage = 2, export.StatusPending, export.QueueQueued, "", ""
	again.CompletedAt = time.Time{}
	fence := e.Fence()
	fence.Statuses = []export.Status{export.StatusFailed}
	again, err = w.store.SaveExport(t.Context(), again, fence)
	w.must(err)
	w.sender.SendAll(t.Context(), w.publish(first), time.Minute, nil)
	ended, err := w.store.SaveExport(t.Context(), again.Claim(w.now).Complete(w.now), again.Fence())
	w.must(err)
	w.sender.SendAll(t.Context(), w.publish(changes.Export{AccountID: "acct", ExportID: "exp_1", Generation: ended.Generation, Mark: ended.EventMark}), time.Minute, nil)
	w.sender.SendAll(t.Context(), w.publish(first), time.Minute, nil) // late, and once more
	came := r.arrivals()
	if len(came) != 2 {
		t.Fatalf("%d arrivals, want 2", len(came))
	}
	for n, want := range []string{"failed", "completed"} {
		var envelope struct{ Data struct{ Status string } }
		w.must(json.Unmarshal(came[n].body, &envelope))
		if envelope.Data.Status != want {
			t.Errorf("event %d: %s", n, came[n].body)
		}
	}
	if !strings.Contains(string(came[0].body), "The bucket is gone.") {
		t.Errorf("the first event is %s", came[0].body)
	}
}

// TestEndsToldLate: whatever became of the export since, the event of an end is the one that would have been told at once.
func TestEndsToldLate(t *testing.T) {
	cancel := func(w *world, e export.Export) export.Export { return e.Cancel(w.now) }
	retry := func(w *world, e export.Export) export.Export { return e.Retry(w.now) }
	fail := func(w *world, e export.Export) export.Export {
		return e.Claim(w.now).Fail(export.Failure{Message: "The bucket is gone.", Permanent: true}, w.now)
	}
	stumble := func(w *world, e export.Export) export.Export {
		return e.Claim(w.now).Fail(export.Failure{Message: "The bucket is busy."}, w.now)
	}
	complete := func(w *world, e export.Export) export.Export { return e.Claim(w.now).Complete(w.now) }
	remove := func(w *world, e export.Export) export.Export { return e.Delete(w.now) }
	type move = func(*world, export.Export) export.Export
	for name, moves := range map[string][]move{
		"cancelled, then retried":                  {stumble, cancel, retry},
		"failed, then retried and cancelled":       {fail, retry, cancel},
		"cancelled twice, failed, then completed":  {cancel, retry, stumble, cancel, retry, fail, retry, complete},
		"cancelled, then deleted":                  {stumble, cancel, remove},
		"completed, then deleted":                  {complete, remove},
		"failed, retried, cancelled, then deleted": {fail, retry, cancel, remove},
	} {
		type told struct{ At, Late map[string]any }
		events := map[string]told{}
		w := newWorld(t)
		w.hook("wh_now", "https://example.com", nil)
		e := export.New("exp_1", "acct", "user", ofIndex, w.now)
		_, _, err := w.store.CreateExport(t.Context(), e, nil, nil)
		w.must(err)
		read := func(refs []store.DeliveryRef, take func(id string, envelope map[string]any)) {
			for _, ref := range refs {
				d := w.delivery(ref)
				var envelope map[string]any
				w.must(json.Unmarshal(d.Body, &envelope))
				take(d.EventID, envelope)
			}
		}
		var ends []changes.Export
		for _, m := range moves {
			w.now = w.now.Add(time.Minute)
			next := m(w, e)
			if e, err = w.store.SaveExport(t.Context(), next, e.FenceIn(e.Status)); err != nil {
				t.Fatal(err)
			}
			if e.EventMark == "" {
				continue
			}
			c := changes.Export{AccountID: "acct", ExportID: "exp_1", Generation: e.Generation, Mark: e.EventMark}
			ends = append(ends, c)
			read(w.publish(c), func(id string, envelope map[string]any) { events[id] = told{At: envelope} })
		}
		w.must(w.store.DeleteWebhook(t.Context(), "acct", "wh_now"))
		w.hook("wh_late", "https://example.com", nil)
		w.now = w.now.Add(time.Minute)
		for _, c := range ends {
			read(w.publish(c), func(id string, envelope map[string]any) { events[id] = told{events[id].At, envelope} })
		}
		if len(events) != len(ends) {
			t.Errorf("%s: %d events of %d ends", name, len(events), len(ends))
		}
		for id, e := range events {
			if diff := cmp.Diff(e.At, e.Late); diff != "" {
				t.Errorf("%s: %s (-told at once +told late):\n%s", name, id, diff)
			}
		}
	}
}

// TestADeletedExportsFiles: its event tells of none, although the record still knows what a delivery had to deliver. Once
// the record is removed, nothing is told.
func TestADeletedExportsFiles(t *testing.T) {
	w := newWorld(t)
	w.hook("wh_a", "https://example.com", nil)
	of := ofIndex
	of.Destination = &export.Destination{ConnectorID: "conn_1"}
	end := func(e export.Export) export.Export {
		return e.Packaged(export.Artifact{Key: "k", Files: []export.File{{Name: "exp_1.json"}}}, w.now).Cancel(w.now)
	}
	c := w.ended("exp_1", of, end)
	gone := w.ended("exp_2", of, end)
	for _, id := range []string{"exp_1", "exp_2"} {
		e, err := w.store.Export(t.Context(), "acct", id)
		w.must(err)
		_, err = w.store.SaveExport(t.Context(), e.Delete(w.now), e.FenceIn(e.Status))
		w.must(err)
	}
	w.must(w.store.RemoveExport(t.Context(), "acct", "exp_2"))
	refs := w.publish(c)
	if len(refs) != 1 || !bytes.Contains(w.delivery(refs[0]).Body, []byte(`"files":false`)) {
		t.Errorf("deliveries %v", refs)
	}
	if refs := w.publish(gone); len(refs) != 0 {
		t.Errorf("of what is removed these tell: %v", refs)
	}
}

// TestWhoIsTold: a webhook hears of what it asked for, and of nothing that ended before it was there.
func TestWhoIsTold(t *testing.T) {
	run := func(id string) export.Request { return export.Request{Type: export.TypePromptRun, TargetID: id} }
	for name, c := range map[string]struct {
		change func(*store.Webhook)
		of     export.Request
		want   bool
	}{
		"all indexes":                {nil, ofIndex, true},
		"all indexes, a run":         {nil, run("run_1"), true},
		"a run that is gone":         {nil, run("run_gone"), true},
		"its index":                  {func(h *store.Webhook) { h.IndexIDs = []string{"idx_0", "idx_1"} }, ofIndex, true},
		"another index":              {func(h *store.Webhook) { h.IndexIDs = []string{"idx_0"} }, ofIndex, false},
		"a run of its index":         {func(h *store.Webhook) { h.IndexIDs = []string{"idx_1"} }, run("run_1"), true},
		"a run of another index":     {func(h *store.Webhook) { h.IndexIDs = []string{"idx_0"} }, run("run_1"), false},
		"a run of none":              {func(h *store.Webhook) { h.IndexIDs = []string{"idx_1"} }, run("run_2"), false},
		"a run that is gone, of one": {func(h *store.Webhook) { h.IndexIDs = []string{"idx_1"} }, run("run_gone"), false},
		"another event":              {func(h *store.Webhook) { h.Events = []string{"export.failed"} }, ofIndex, false},
		"paused":                     {func(h *store.Webhook) { h.Status = Paused }, ofIndex, false},
		"disabled":                   {func(h *store.Webhook) { h.Status = Disabled }, ofIndex, false},
		"made later":                 {func(h *store.Webhook) { h.CreatedAt = t0.Add(time.Millisecond) }, ofIndex, false},
		"of another account":         {func(h *store.Webhook) { h.AccountID = "other" }, ofIndex, false},
	} {
		w := newWorld(t)
		w.must(w.store.PutRun(t.Context(), export.Run{ID: "run_1", AccountID: "acct", IndexID: "idx_1"}, nil))
		w.must(w.store.PutRun(t.Context(), export.Run{ID: "run_2", AccountID: "acct"}, nil))
		w.hook("wh_a", "https://example.com", c.change)
		if refs := w.publish(w.ended("exp_1", c.of, w.complete)); (len(refs) == 1) != c.want {
			t.Errorf("%s: %v", name, refs)
		}
	}
	w := newWorld(t)
	w.hook("wh_a", "https://example.com", nil)
	c := w.ended("exp_1", ofIndex, w.complete)
	w.now = w.now.Add(staleAfter + time.Second)
	if refs := w.publish(c); len(refs) != 0 {
		t.Errorf("an end of days ago is told: %v", refs)
	}
	c.ExportID = "exp_gone"
	if refs := w.publish(c); len(refs) != 0 {
		t.Errorf("an export that is gone is told: %v", refs)
	}
}

// TestChangesUnderWay: what becomes of a delivery whose webhook changes before it arrives.
func TestChangesUnderWay(t *testing.T) {
	setup := func(t *testing.T, status int) (*world, *receiver, store.DeliveryRef) {
		r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		w := newWorld(t, r)
		w.hook("wh_a", r.URL, nil)
		return w, r, w.publish(w.ended("exp_1", ofIndex, w.complete))[0]
	}
	save := func(w *world, change func(*store.Webhook)) {
		h := w.webhook("wh_a")
		revision := h.Revision
		change(&h)
		_, err := w.store.SaveWebhook(t.Context(), h, revision)
		w.must(err)
	}
	t.Run("rotated", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		save(w, func(h *store.Webhook) { h.Secret = w.sealed("wh_a", "new") })
		d := w.send(ref)
		check(t, r.arrivals()[0], "new", "wh_a", d.ID, "evt_1_0001_ready", "export.ready")
	})
	t.Run("deleted", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		w.must(w.store.DeleteWebhook(t.Context(), "acct", "wh_a"))
		if d := w.send(ref); d.Status != Failed || d.ErrorMessage != "The webhook was deleted." || len(r.arrivals()) != 0 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("paused and resumed", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		save(w, func(h *store.Webhook) { h.Status = Paused })
		d := w.send(ref)
		if d.Status != Retrying || d.Attempts != 0 || len(r.arrivals()) != 0 {
			t.Errorf("while paused: %+v", d)
		}
		save(w, func(h *store.Webhook) { h.Status = Active })
		w.due(d)
		if d = w.send(ref); d.Status != Delivered || d.Attempts != 1 {
			t.Errorf("resumed: %+v", d)
		}
	})
	t.Run("paused for good", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		save(w, func(h *store.Webhook) { h.Status = Paused })
		d := w.delivery(ref)
		for ; d.Status != Failed; d = w.send(ref) {
			w.due(d)
		}
		if d.ErrorMessage != "The webhook was paused." || len(r.arrivals()) != 0 || w.now.Sub(t0) > GiveUpAfter+time.Hour {
			t.Errorf("%+v", d)
		}
	})
	t.Run("disabled", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		save(w, func(h *store.Webhook) { h.Status = Disabled })
		if d := w.send(ref); d.Status != Failed || len(r.arrivals()) != 0 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("its secret can't be opened", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		save(w, func(h *store.Webhook) { h.Secret = []byte("of another key") })
		if _, err := w.sender.Send(t.Context(), ref); err == nil {
			t.Error("nobody hears of it")
		}
		if d := w.delivery(ref); d.Status != Retrying || d.Attempts != 0 || !d.DueAt.After(w.now) || len(r.arrivals()) != 0 {
			t.Errorf("%+v", d)
		}
		w.now = w.now.Add(GiveUpAfter + time.Hour)
		if _, err := w.sender.Send(t.Context(), ref); err == nil {
			t.Error("nobody hears of its end")
		}
		if d := w.delivery(ref); d.Status != Failed || !strings.Contains(d.ErrorMessage, "Rotate it.") {
			t.Errorf("%+v", d)
		}
	})
	t.Run("gone", func(t *testing.T) {
		w, _, ref := setup(t, 410)
		d := w.send(ref)
		if h := w.webhook("wh_a"); d.Status != Failed || d.ResponseStatus != 410 || h.Status != Disabled || h.FailureCount != 1 {
			t.Errorf("%+v, %+v", d, h)
		}
	})
	t.Run("gone from an address that it had", func(t *testing.T) {
		w, r, ref := setup(t, 410)
		r.answer = func(_ int, reply http.ResponseWriter, _ *http.Request) {
			save(w, func(h *store.Webhook) { h.URL = "https://elsewhere.example" })
			reply.WriteHeader(410)
		}
		d := w.send(ref)
		if h := w.webhook("wh_a"); d.Status != Retrying || h.Status != Active || h.FailureCount != 0 {
			t.Errorf("%+v, %+v", d, h)
		}
	})
	t.Run("again", func(t *testing.T) {
		w, r, ref := setup(t, 410)
		d := w.send(ref)
		save(w, func(h *store.Webhook) { h.Status = Active })
		r.answer = nil
		w.now = w.now.Add(48 * time.Hour)
		_, err := w.store.SaveDelivery(t.Context(), Again(d, w.now), d.Revision)
		w.must(err)
		if d = w.send(ref); d.Status != Delivered || d.Attempts != 2 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("its attempt's process died, and nobody came for a day", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		d := w.delivery(ref)
		_, err := w.store.SaveDelivery(t.Context(), begin(d, w.now), d.Revision)
		w.must(err)
		w.now = w.now.Add(GiveUpAfter + time.Minute)
		if d = w.send(ref); d.Status != Delivered || d.Attempts != 2 || len(r.arrivals()) != 1 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("its last attempt's process died", func(t *testing.T) {
		w, r, ref := setup(t, 200)
		d := w.delivery(ref)
		w.now = w.now.Add(GiveUpAfter + time.Minute)
		_, err := w.store.SaveDelivery(t.Context(), begin(d, w.now), d.Revision)
		w.must(err)
		w.now = w.now.Add(lease)
		if d = w.send(ref); d.Status != Failed || d.Attempts != 1 || d.ErrorMessage != "The last attempt's outcome isn't known." || len(r.arrivals()) != 0 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("it failed, and nobody came for a day", func(t *testing.T) {
		w, r, ref := setup(t, 500)
		w.send(ref)
		w.now = w.now.Add(GiveUpAfter + time.Minute)
		if d := w.send(ref); d.Status != Failed || d.Attempts != 2 || len(r.arrivals()) != 2 {
			t.Errorf("%+v", d)
		}
	})
}

// TestUntrusted: a receiver that can't prove who it is gets nothing.
func TestUntrusted(t *testing.T) {
	trusted, r := newReceiver(t, nil), newReceiver(t, nil)
	w := newWorld(t, trusted)
	w.sender.Client = Client(allowing(r, nil))
	w.hook("wh_a", r.URL, nil)
	d := w.send(w.publish(w.ended("exp_1", ofIndex, w.complete))[0])
	if d.ErrorMessage != "The receiver's certificate could not be verified." || len(r.arrivals()) != 0 {
		t.Errorf("%+v", d)
	}
}

// TestFunction: the pipe's batch and the schedule, by their events.
func TestFunction(t *testing.T) {
	r := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.WriteHeader(503)
		}
	})
	w := newWorld(t, r)
	w.hook("wh_a", r.URL, nil)
	w.ended("exp_1", ofIndex, w.complete)
	f := Function{Publisher: w.public, Sender: w.sender, Due: w.store, Clock: w.sender.Clock, Log: w.sender.Log}
	call := func(event, want string) {
		t.Helper()
		var in changes.Event
		w.must(json.Unmarshal([]byte(event), &in))
		out, err := f.Handle(t.Context(), in)
		got, _ := json.Marshal(out)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	const change = `{"eventID":"1","kind":"export","account_id":"acct","export_id":"exp_1","generation":"1","mark":"export.ready"}`
	call("["+change+`,{"eventID":"2","kind":"run","account_id":"acct","run_id":"r","status":"completed"}]`, `{"batchItemFailures":[{"itemIdentifier":"2"}]}`)
	call(" ["+change+"]", `{"batchItemFailures":[]}`)
	call(`{"detail-type":"Scheduled Event"}`, `{"batchItemFailures":[]}`)
	if n := len(r.arrivals()); n != 1 {
		t.Errorf("%d arrivals before it is due", n)
	}
	w.now = w.now.Add(FirstRetry)
	call(`{"detail-type":"Scheduled Event"}`, `{"batchItemFailures":[]}`)
	if n := len(r.arrivals()); n != 2 {
		t.Errorf("%d arrivals, want 2", n)
	}
	for _, event := range []string{`{}`, `[]`, `{"detail-type":"another"}`} {
		var in changes.Event
		w.must(json.Unmarshal([]byte(event), &in))
		if _, err := f.Handle(t.Context(), in); err == nil {
			t.Errorf("%s was taken", event)
		}
	}
}

// TestSecrets: two are never alike, and none is printed.
func TestSecrets(t *testing.T) {
	a, b := NewSecret(), NewSecret()
	if a.Reveal() == b.Reveal() || len(a.Reveal()) < 50 || !strings.HasPrefix(a.Reveal(), "whsec_") || strings.Contains(fmt.Sprint(a), a.Reveal()) {
		t.Errorf("%v, %v", a, b)
	}
}
