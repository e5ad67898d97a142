package steps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
)

// plainAndTables are the files whose parts belong to one upload, beside one that shards make by themselves.
var plainAndTables = withFormats(export.JSON, export.NDJSON, export.CSV)

// thirdShard refuses the third shard's table, once.
func thirdShard(c call) mishap {
	return onlyIf(strings.HasPrefix(c.name, "artifacts.CreateUpload ") && strings.Contains(c.name, "exp_1.csv/") && strings.Contains(c.name, "00002") && c.n == 1, refused)
}

// shardReport is what is left of a shard.
type shardReport struct {
	Refusal json.RawMessage
	Made    int
	Files   []struct{ Parts []blob.UploadedPart }
}

// reports are those of a generation's shards, by their names; round is "report-2-" or "remade-".
func (w *world) reports(generation int, round string) map[string]shardReport {
	w.t.Helper()
	all := map[string]shardReport{}
	for _, key := range w.artifacts.Keys() {
		name, ok := strings.CutPrefix(key, fmt.Sprintf("work/acct_1/exp_1/g%d/", generation))
		if !ok || !strings.HasPrefix(name, round) {
			continue
		}
		var r shardReport
		if err := json.Unmarshal(w.artifact(key), &r); err != nil {
			w.t.Fatal(err)
		}
		all[name] = r
	}
	return all
}

// failedInOneShard is a world whose export has failed with three of its four shards done.
func failedInOneShard(t *testing.T, s scenario) *world {
	t.Helper()
	w, e := play(t, s.with(thirdShard))
	w.plan.fails = true
	if e.Status != export.StatusFailed || !e.Resumable(time.Now()) {
		t.Fatalf("the export ended as %s/%s: %s", e.Status, e.QueueStatus, e.ErrorMessage)
	}
	finished := 0
	for _, r := range w.reports(1, "report-2-") {
		if r.Refusal == nil {
			finished++
		}
	}
	if finished != 3 || len(w.uploads()) != 2 {
		t.Fatalf("%d shards are finished, want 3; open are %v, want two uploads", finished, w.uploads())
	}
	return w
}

// retried is the export after its retry, which ended well, and the calls that it took.
func (w *world) retried() (export.Export, []call) {
	w.t.Helper()
	before := len(w.made())
	w.mustControl("retry")
	e := w.settle()
	w.checkEndOfMany(e, 2)
	return e, w.made()[before:]
}

// TestRetryResumesPlainFiles: of a document, lines and a table that failed in one shard a retry makes what is not there, and
// nothing else: neither when parts or whole uploads are gone nor when something else stands in a part's place.
func TestRetryResumesPlainFiles(t *testing.T) {
	const lines = folderKey + "exp_1.ndjson"
	for name, c := range map[string]struct {
		spoil func(w *world)
		hide  int      // the part that the listing lacks
		again []string // what is made again
	}{
		"all is there":               {nil, 0, []string{"00002"}},
		"a part is missing":          {nil, 1, []string{"00000", "00002"}},
		"a part was replaced":        {func(w *world) { w.replacePart(lines, 1, 300) }, 0, []string{"00000", "00002"}},
		"a part was replaced, short": {func(w *world) { w.replacePart(lines, 1, 299) }, 0, []string{"00000", "00002"}},
		"an upload is gone":          {func(w *world) { w.dropUpload(lines) }, 0, []string{"00000", "00001", "00002"}}, // the last shard has no parts
		"all uploads are gone":       {(*world).dropUploads, 0, []string{"00000", "00001", "00002"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := scenario{request: plainAndTables, sharded: true, around: func(_ *world, b blob.Bucket) blob.Bucket { return hiding{b, c.hide} }}
				w := failedInOneShard(t, s)
				if c.spoil != nil {
					c.spoil(w)
				}
				_, calls := w.retried()

				var again []string
				parts := w.endParts(w.reports(2, "report-2-"))
				for name, r := range w.reports(2, "report-2-") {
					if r.Made == 1 {
						continue
					}
					again = append(again, strings.TrimSuffix(strings.TrimPrefix(name, "report-2-"), ".json"))
					parts += len(r.Files[0].Parts) + len(r.Files[1].Parts)
				}
				slices.Sort(again)
				if !slices.Equal(again, c.again) {
					t.Errorf("these shards were made again: %v, want %v", again, c.again)
				}
				sent, tables := 0, 0
				for _, c := range calls {
					switch {
					case strings.HasPrefix(c.name, "artifacts.UploadPart "):
						sent++
					case strings.HasPrefix(c.name, "artifacts.CreateUpload ") && strings.Contains(c.name, ".csv/"):
						tables++
					}
				}
				for _, r := range w.tableParts() { // written like any other part
					if slices.Contains(c.again, r.shard) {
						parts += r.parts
					}
				}
				if sent != parts || tables != len(c.again) {
					t.Errorf("the retry sent %d parts, want %d, and began %d tables, want %d", sent, parts, tables, len(c.again))
				}
			})
		})
	}
}

// endParts is how many parts the document ends with that Assemble has sent: those that no shard has reported.
func (w *world) endParts(reports map[string]shardReport) int {
	parts := (len(w.artifact(documentKey)) + 299) / 300
	for _, r := range reports {
		parts -= len(r.Files[0].Parts)
	}
	return parts
}

// tablePart is one shard's file of the table, and how many parts it was sent by.
type tablePart struct {
	shard string
	parts int
}

func (w *world) tableParts() (all []tablePart) {
	for _, key := range w.objects() {
		if _, name, ok := strings.Cut(key, "exp_1.csv/part-"); ok {
			all = append(all, tablePart{strings.TrimSuffix(name, ".csv"), (len(w.artifact(key)) + 299) / 300})
		}
	}
	return all
}

// hiding is a bucket that doesn't list a part.
type hiding struct {
	blob.Bucket
	part int
}

func (h hiding) Parts(ctx context.Context, key, id string, first, limit int) ([]blob.Part, error) {
	held, err := h.Bucket.Parts(ctx, key, id, first, limit)
	return slices.DeleteFunc(held, func(p blob.Part) bool { return p.Number == h.part }), err
}

// upload is the id of the one open upload of the key.
func (w *world) upload(key string) string {
	w.t.Helper()
	open, err := w.artifacts.Uploads(w.t.Context(), key)
	if err != nil || len(open) != 1 {
		w.t.Fatalf("of %s are open %v, %v", key, open, err)
	}
	return open[0].ID
}

func (w *world) dropUpload(key string) {
	w.t.Helper()
	if err := w.artifacts.AbortUpload(w.t.Context(), key, w.upload(key)); err != nil {
		w.t.Fatal(err)
	}
}

// replacePart writes other bytes over a part.
func (w *world) replacePart(key string, n, size int) {
	w.t.Helper()
	if _, err := w.artifacts.UploadPart(w.t.Context(), key, w.upload(key), n, bytes.NewReader(make([]byte, size)), int64(size)); err != nil {
		w.t.Fatal(err)
	}
}

// TestRetryResumesBothRounds: an export whose shards had to write by what was measured, and that failed when its files were
// completed, is not read again by a retry, but for the document's end.
func TestRetryResumesBothRounds(t *testing.T) {
	some := matches
	some.Formats = []export.Format{export.JSON, export.NDJSON, export.CSV}
	for name, s := range map[string]scenario{
		"matches": {request: some, sharded: true}, "irregular": {request: plainAndTables, sharded: true, archive: irregular(1, 0)},
		"rejects": {request: plainAndTables, sharded: true, archive: withBadRecords(), rejects: 5},
		"packed":  {request: packed(some), sharded: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.spoil = func(*world) mishaps {
					return func(c call) mishap {
						return onlyIf(strings.HasPrefix(c.name, "artifacts.CompleteUpload "+documentKey) && c.n == 1, refused)
					}
				}
				w, e := play(t, s)
				if e.Status != export.StatusFailed {
					t.Fatalf("the export ended as %s", e.Status)
				}
				_, calls := w.retried()
				read, sent := 0, 0
				for _, c := range calls {
					switch {
					case strings.HasPrefix(c.name, "results.Open "):
						read++
					case strings.HasPrefix(c.name, "artifacts.UploadPart "):
						sent++
					}
				}
				for round, want := range map[string]int{"report-2-": 4, "remade-": 4} {
					reports := w.reports(2, round)
					for name, r := range reports {
						if r.Made != 1 {
							t.Errorf("%s was made again", name)
						}
					}
					if len(reports) != want {
						t.Errorf("%d reports %s…, want %d", len(reports), round, want)
					}
				}
				if end := w.endParts(w.reports(2, "remade-")) + w.rejectParts(); read > 2 || name != "packed" && sent > end {
					t.Errorf("the retry read %d inputs and sent %d parts, want %d at most", read, sent, end)
				}
			})
		})
	}
}

// rejectParts is how many parts the rejected records are sent by, which Assemble puts behind each other.
func (w *world) rejectParts() int {
	if key := folderKey + export.RejectsName(exportID); slices.Contains(w.objects(), key) {
		return (len(w.artifact(key)) + 299) / 300
	}
	return 0
}

// TestRetryAfterACompletion: one of the files was completed when the export failed, so its upload is gone. The retry makes
// everything again, meets the file that stands, and finds it equal.
func TestRetryAfterACompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scenario{request: plainAndTables, sharded: true}
		s.spoil = func(*world) mishaps { return first(1, "artifacts.CompleteUpload "+folderKey+"exp_1.ndjson", refused) }
		w, e := play(t, s)
		if e.Status != export.StatusFailed || !slices.Contains(w.objects(), documentKey) {
			t.Fatalf("the export ended as %s with %v", e.Status, w.objects())
		}
		w.retried()
	})
}

// TestRetryMeetsALateWorker: a worker of the failed generation wakes up while the retry goes on with its upload, and sends its
// part again. Where the store gives the same bytes the same ETag nothing happens; where it doesn't the attempt is lost, and the
// next one goes by what the late worker has reported of its parts.
func TestRetryMeetsALateWorker(t *testing.T) {
	for name, tags := range map[string]bool{"equal parts have one ETag": false, "each part has its own": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := scenario{request: withFormats(export.JSON, export.NDJSON), sharded: true, patient: true, spoil: func(*world) mishaps {
					return both(at(call{"artifacts.UploadPart 1", 1}, frozenBefore), first(1, "artifacts.UploadPart 8", refused))
				}}
				s.around = func(w *world, b blob.Bucket) blob.Bucket {
					wake := func() {
						w.thaw()
						time.Sleep(time.Second) // the late worker needs no longer
					}
					if tags {
						b = &newTags{Bucket: b, latest: map[string]string{}, before: func() {}}
					}
					return waking{b, wake}
				}
				w, e := play(t, s)
				if e.Status != export.StatusFailed || w.stood() != 1 {
					t.Fatalf("the export ended as %s, %d workers stand", e.Status, w.stood())
				}
				e, _ = w.retried()
				if want := map[bool]int{false: 1, true: 2}[tags]; e.Attempts != want {
					t.Errorf("%d attempts since the retry, want %d; last error %q", e.Attempts, want, e.LastError)
				}
				for name, r := range w.reports(3, "report-2-") {
					if r.Made == 0 {
						t.Errorf("%s was made again in the attempt after", name)
					}
				}
			})
		})
	}
}

// waking lets who stands go on before the document is completed.
type waking struct {
	blob.Bucket
	before func()
}

func (b waking) CompleteUpload(ctx context.Context, key, id string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	if key == documentKey {
		b.before()
	}
	return b.Bucket.CompleteUpload(ctx, key, id, parts, ifAbsent)
}

// TestEveryCallOfARetryFailsOnce: whatever single call of a retry fails that goes on with an upload, and whether or not it
// happened, the retry ends as it would have.
func TestEveryCallOfARetryFailsOnce(t *testing.T) {
	s := scenario{request: plainAndTables, sharded: true}
	var calls []call
	synctest.Test(t, func(t *testing.T) { _, calls = failedInOneShard(t, s).retried() })
	for _, m := range []mishap{lostBefore, lostAfter} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			for _, c := range calls {
				t.Run(c.String(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { failedInOneShard(t, s.with(at(c, m))).retriedAtLast() })
				})
			}
		})
	}
}

// retriedAtLast is retried where the request itself may fail.
func (w *world) retriedAtLast() {
	w.t.Helper()
	for try := 0; w.control("retry", "").StatusCode != 200; try++ {
		if try == 3 {
			w.t.Fatal("the retry was refused")
		}
	}
	w.checkEndOfMany(w.settle(), 2)
}

// TestARetryCrashesAtEveryCall: at every call of a retry that goes on with an upload the worker stops, and its execution is
// forgotten. The sweeper hands the export to the next generation, which ends it; the old worker changes nothing.
func TestARetryCrashesAtEveryCall(t *testing.T) {
	s := scenario{request: plainAndTables, sharded: true, patient: true}
	var calls []call
	synctest.Test(t, func(t *testing.T) { _, calls = failedInOneShard(t, s).retried() })
	started := slices.IndexFunc(calls, func(c call) bool { return strings.HasPrefix(c.name, "executions.") })
	calls = calls[started+1:] // before it was the request, which nobody else can make up for
	for _, m := range []mishap{frozenBefore, frozenAfter} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			for _, c := range calls {
				if !m.befalls(c) {
					continue
				}
				t.Run(c.String(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := failedInOneShard(t, s.with(at(c, m)))
						go w.control("retry", "")
						for w.stood() == 0 && (w.export().Open() || w.records.ends < 2) {
							synctest.Wait()
							time.Sleep(time.Minute)
							w.sweep(event("Scheduled Event", nil))
						}
						w.crash()
						w.checkEndOfMany(w.settle(), 2)
						before := w.visible()
						w.thaw()
						synctest.Wait()
						w.engine.Load().Wait()
						if diff := cmp.Diff(before, w.visible()); diff != "" {
							t.Errorf("the late worker changed (-before +after):\n%s", diff)
						}
						w.checkEndOfMany(w.export(), 2)
					})
				})
			}
		})
	}
}

// TestWhatARetryMayGoOnWith: uploads stay open as long as a retry goes on with them, and go in the hour after. Those of an
// export that was cancelled go at once, and so do those that no retry would go on with.
func TestWhatARetryMayGoOnWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := failedInOneShard(t, scenario{request: plainAndTables, sharded: true})
		w.leave()
		time.Sleep(time.Until(w.export().StartedAt.Add(export.ResumeLife - time.Hour).Truncate(time.Hour)))
		w.sweep(event("Scheduled Event", nil))
		if want := []string{documentKey, folderKey + "exp_1.ndjson"}; !slices.Equal(w.openKeys(), want) {
			t.Errorf("open are %v, want %v", w.openKeys(), want)
		}
		w.checkLeft(w.export())
		if open := w.openKeys(); len(open) > 0 {
			t.Errorf("in the end are open %v", open)
		}
	})
}

// checkLeft: what is open of an export that has ended is what a retry would go on with, and goes once none would.
func (w *world) checkLeft(e export.Export) {
	w.t.Helper()
	open := w.openKeys()
	for _, key := range open {
		plain := w.plan.request.Compression.Of(export.JSON) == export.None && (key == documentKey || key == folderKey+"exp_1.ndjson")
		if !e.Resumable(time.Now()) || !plain || !w.plan.sharded && !w.plan.large {
			w.t.Errorf("%s is open, of an export that is %s; resumable: %v", key, e.Status, e.Resumable(time.Now()))
		}
	}
	if len(open) == 0 {
		return
	}
	time.Sleep(time.Until(e.StartedAt.Add(export.ResumeLife + time.Hour).Truncate(time.Hour)))
	w.sweep(event("Scheduled Event", nil))
	if open := w.uploads(); len(open) > 0 {
		w.t.Errorf("after %s are open: %v", export.ResumeLife, open)
	}
}

// TestWhatNoRetryGoesOnWith goes within the hour, though it is a plain file's.
func TestWhatNoRetryGoesOnWith(t *testing.T) {
	permanent := export.Failure{Message: "No.", Permanent: true}
	for name, c := range map[string]struct {
		end  func(e export.Export, now time.Time) export.Export
		want []string
	}{
		"failed by itself": {func(e export.Export, now time.Time) export.Export { return e.Fail(permanent, now) }, []string{documentKey}},
		"cancelled":        {export.Export.Cancel, nil},
		"completed": {func(e export.Export, now time.Time) export.Export {
			return e.Packaged(export.Artifact{Key: documentKey, ManifestKey: manifestKey}, now).Linked(export.Link{URL: "u"}, now).Complete(now)
		}, nil},
		"committed": {func(e export.Export, now time.Time) export.Export {
			return e.Packaged(export.Artifact{Key: documentKey, ManifestKey: manifestKey}, now).Fail(permanent, now)
		}, nil},
		"made by one task": {func(e export.Export, now time.Time) export.Export {
			return e.Planned(1, 1, 0, now).Fail(permanent, now)
		}, nil},
		"compressed": {func(e export.Export, now time.Time) export.Export {
			e.Request.Compression = export.Gzip
			return e.Fail(permanent, now)
		}, nil},
		"begun anew": {func(e export.Export, now time.Time) export.Export {
			e = e.Fail(permanent, now).Retry(now.Add(export.ResumeLife))
			return e.Claim(now).Planned(1, 1, 4, now).Fail(permanent, now)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex})
				time.Sleep(59 * time.Minute)
				w.putExport(exportID, func(e export.Export) export.Export {
					return c.end(e.Claim(time.Now()).Planned(1, 1, 4, time.Now()), time.Now())
				})
				for _, key := range []string{documentKey, folderKey + "exp_1.ndjson", folderKey + "exp_1.csv/part-00000.csv", "work/acct_1/exp_1/g1/chunk-0-00000"} {
					if _, err := w.artifacts.CreateUpload(t.Context(), key, blob.PutOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Minute)
				w.sweep(event("Scheduled Event", nil))
				if got := w.openKeys(); !slices.Equal(got, c.want) {
					t.Errorf("open are %v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestRetryMeasuresAnew: parts of a second round are right only where the same was measured that they were written by.
func TestRetryMeasuresAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const measures = "work/acct_1/exp_1/g1/measures.json"
		w, e := play(t, scenario{request: matches, sharded: true, spoil: func(*world) mishaps {
			return first(1, "artifacts.CompleteUpload "+documentKey, refused)
		}})
		if e.Status != export.StatusFailed {
			t.Fatalf("the export ended as %s", e.Status)
		}
		other := bytes.Replace(w.artifact(measures), []byte(`"bytes":`), []byte(`"bytes":1`), 1)
		if bytes.Equal(other, w.artifact(measures)) {
			t.Fatalf("measures are %s", other)
		}
		if _, err := w.artifacts.Put(t.Context(), measures, other, blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		w.retried()
		for name, r := range w.reports(2, "remade-") {
			if r.Made != 0 {
				t.Errorf("%s was taken over", name)
			}
		}
	})
}

// spoilBeginning puts another word at the beginning of a part of run_b, where the shard before it reads on.
func (w *world) spoilBeginning() {
	w.t.Helper()
	w.put(partKey("run_b", 1), strings.Replace(lines("run_b", 1, 4), "Straße", "straße", 1))
}

// TestRetryAfterResultsWerePutRight: a shard has read on into results that were not what the catalogue says, which the next
// one saw. A retry, by which time they are, makes both again.
func TestRetryAfterResultsWerePutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, scenario{request: plainAndTables, sharded: true, prepare: (*world).spoilBeginning})
		if e.Status != export.StatusFailed || !strings.Contains(e.ErrorMessage, "changed") {
			t.Fatalf("the export ended as %s: %s", e.Status, e.ErrorMessage)
		}
		w.put(partKey("run_b", 1), lines("run_b", 1, 4))
		w.retried()
		made := map[string]int{}
		for name, r := range w.reports(2, "report-2-") {
			made[name] = r.Made
		}
		if want := (map[string]int{"report-2-00000.json": 1, "report-2-00001.json": 0, "report-2-00002.json": 0, "report-2-00003.json": 1}); !maps.Equal(made, want) {
			t.Errorf("the shards were made by %v, want %v", made, want)
		}
	})
}

// TestResultsThatChangeBetweenShards: one shard reads on into results as they are for a moment, the next one finds them as the
// catalogue says. The attempt ends, and so does one in which only the document's end meets others; the next one is right.
func TestResultsThatChangeBetweenShards(t *testing.T) {
	for name, c := range map[string]struct {
		request export.Request
		changed int // before which shard the results are others, and before which they are right again
		mended  int
	}{
		"between shards":            {withFormats(export.NDJSON, export.CSV), 1, 2},
		"before the document's end": {plainAndTables, 4, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: c.request, sharded: true})
				w.create()
				w.mustCall(stage{"plan", -1})
				for shard := range 4 {
					switch shard {
					case c.changed:
						w.spoilBeginning()
					case c.mended:
						w.put(partKey("run_b", 1), lines("run_b", 1, 4))
					}
					w.mustCall(stage{"package", shard})
				}
				last := partKey("run_b", 2)
				if c.changed == 4 {
					w.put(last, strings.Replace(lines("run_b", 5, 5), "Straße", "straße", 1))
				}
				if got := w.call(stage{"assemble", -1}); got != "Export.Unavailable" || slices.Contains(w.objects(), manifestKey) {
					t.Errorf("assembling ended with %q; there are %v", got, w.objects())
				}
				w.put(last, lines("run_b", 5, 5))
				w.fail(1, "Export.Unavailable", `{"errorMessage":"Results were changed while they were exported."}`)
				w.plan.attempts = 2
				e := w.settle()
				w.checkEnd(e)
			})
		})
	}
}
