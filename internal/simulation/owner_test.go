package simulation_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// wish is what an owner does to an export that was accepted, some time later.
type wish struct {
	verb  string // cancel, retry or delete, or await its end
	after time.Duration
}

// drawWishes makes one owner in four change their mind, at once or while there is trouble.
func (w *world) drawWishes() (wishes []wish) {
	s := w.schedule
	if w.plan.revived {
		return []wish{{verb: "await"}, {"retry", []time.Duration{0, time.Minute, time.Hour, 19 * time.Hour, 30 * time.Hour}[s.IntN(5)]}}
	}
	if s.IntN(4) > 0 {
		return nil
	}
	for _, verb := range [][]string{{"cancel"}, {"cancel", "retry"}, {"cancel", "delete"}, {"retry"}, {"delete"}, {"cancel", "retry", "cancel", "delete"}}[s.IntN(6)] {
		after := []time.Duration{0, 0, time.Second, 10 * time.Second, 2 * time.Minute, 25 * time.Minute}[s.IntN(6)]
		wishes = append(wishes, wish{verb, after})
	}
	return wishes
}

// meddle carries the wishes out, one after the other.
func (w *world) meddle(o *order, id string) {
	for n, wish := range o.wishes {
		time.Sleep(wish.after)
		if wish.verb == "await" {
			w.awaitEnd(id)
			continue
		}
		key := ""
		if o.key != "" {
			key = fmt.Sprintf("%s-wish-%d", o.key, n+1)
		}
		name := fmt.Sprintf("wish %d of %s, to %s %s", n+1, o.user, wish.verb, id)
		if status := w.command(name, wish.verb, id, request{user: o.user, key: key}); wish.verb == "delete" && (status == 200 || status == 404) {
			o.mu.Lock()
			o.deleted = append(o.deleted, id)
			o.mu.Unlock()
			if _, err := w.stored(id); err == nil {
				w.violated("%s was deleted and is there", id)
			}
		}
	}
}

// awaitEnd waits until the export has ended.
func (w *world) awaitEnd(id string) {
	for e, err := w.stored(id); err == nil && e.Open() && !w.over(); e, err = w.stored(id) {
		time.Sleep(10 * time.Minute)
	}
}

// command sends a wish until it is answered with something other than trouble, and gives the status.
func (w *world) command(name, verb, id string, r request) int {
	r.function, r.method, r.path = "control-export", "POST", "/v2/exports/"+id+"/"+verb
	if verb == "delete" {
		r.method, r.path, r.key = "DELETE", "/v2/exports/"+id, ""
	}
	for try := range patience {
		status, reply := w.post(fmt.Sprintf("%s, try %d", name, try+1), r)
		switch {
		case status == 0, status == 200, status == 204, status == 404, status == 409:
			return status
		case status < 500 && status != 429:
			w.violated("%s was answered with %d %s", name, status, reply.Error.Code)
			return status
		}
		time.Sleep(time.Duration(1+try) * time.Second)
	}
	w.violated("%s was never answered", name)
	return 0
}

// gone reports whether the export that a key belongs to was deleted. What a late worker still writes for it nobody finds, and
// the sweeper removes it.
func (w *world) gone(key string) bool {
	_, err := w.stored(strings.Split(key, "/")[2])
	return err != nil
}

// unclosed reports whether the sweeper is still to clear up after anything.
func (w *world) unclosed(by time.Time) bool {
	due, err := w.memory.ClosingExports(context.Background(), by, 1)
	return err != nil || len(due) > 0
}

func (r *records) SaveExportOnce(ctx context.Context, next export.Export, f export.Fence, idem *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	type reply struct {
		saved export.Export
		rec   store.Idempotency
		done  bool
	}
	p := processOf(ctx)
	v, err := call(ctx, r.w, op{part: "records", method: "SaveExportOnce", what: change(next)}, func(ctx context.Context) (reply, error) {
		before, err := r.Store.Export(ctx, next.AccountID, next.ID)
		if err != nil {
			return reply{}, err
		}
		admitted := r.w.admission()
		saved, rec, done, err := r.Store.SaveExportOnce(ctx, next, f, idem, place)
		if err == nil && done {
			if place != nil {
				r.w.judgePlace(admitted, saved)
			}
			r.w.judge(p, before, saved)
			r.w.pipe(saved)
		}
		return reply{saved, rec, done}, err
	})
	return v.saved, v.rec, v.done, err
}

func (r *records) ClosingExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	return call(ctx, r.w, op{part: "records", method: "ClosingExports"}, func(ctx context.Context) ([]store.Ref, error) {
		return r.Store.ClosingExports(ctx, now, limit)
	})
}

func (r *records) RemoveExport(ctx context.Context, account, id string) error {
	_, err := call(ctx, r.w, op{part: "records", method: "RemoveExport", what: id}, func(ctx context.Context) (struct{}, error) {
		err := r.Store.RemoveExport(ctx, account, id)
		if err == nil {
			r.w.removed(id)
		}
		return struct{}{}, err
	})
	return err
}

func (b bucket) List(ctx context.Context, prefix, startAfter string, limit int) ([]blob.Info, error) {
	return call(ctx, b.w, b.op("List", prefix), func(ctx context.Context) ([]blob.Info, error) { return b.Bucket.List(ctx, prefix, startAfter, limit) })
}

func (b bucket) Delete(ctx context.Context, key string) error {
	_, err := call(ctx, b.w, b.op("Delete", key), func(ctx context.Context) (struct{}, error) { return struct{}{}, b.Bucket.Delete(ctx, key) })
	return err
}
