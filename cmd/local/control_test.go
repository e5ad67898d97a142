package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/demo"
)

// cancelsWanted are how many sharded deliveries are cancelled.
const cancelsWanted = 50

// TestCancelledAtRandomMoments cancels sharded exports with a connector, at random moments of the time that one takes when
// nobody disturbs it. Each is cancelled from then on, and stays so; when its workers have ended no upload is open, here or
// at the destination, and every object that stands is the whole of what it is. Retried, exports end whole.
func TestCancelledAtRandomMoments(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	s := startService(t, "-shard-above", "1", "-shard-size", "1")
	loadTwoParts(t, s)
	const path, body = "/exports/index/idx_two_parts", `{"destination_connector_id":"conn_export","destination_subpath":"cancelled"}`
	began := time.Now()
	undisturbed := s.create(path, body)
	if e := s.await(undisturbed, 5*time.Minute); e["status"] != "completed" {
		t.Fatalf("undisturbed, the export ended as %v: %v", e["status"], e["error_message"])
	}
	took, whole := time.Since(began), s.size(undisturbed)
	if whole <= 16<<20 {
		t.Fatalf("the document has %d bytes, which is one part", whole)
	}
	var cancelled []string
	phases := map[any]int{}
	for exports := 0; len(cancelled) < cancelsWanted; exports++ {
		if exports == 10*cancelsWanted {
			t.Fatalf("of %d exports %d were not done before they were cancelled", exports, len(cancelled))
		}
		id := s.create(path, body)
		time.Sleep(time.Duration(rng.Int64N(int64(took))))
		reply := s.call("POST", "/exports/"+id+"/cancel", s.local.APIKeys.Write, "", "Idempotency-Key", "cancel-"+id)
		if reply.status == http.StatusConflict {
			if e := s.await(id, time.Second); e["status"] != "completed" {
				t.Errorf("%s can't be cancelled and is %v", id, e["status"])
			}
			continue
		}
		e := reply.json(t)
		phases[e["progress"].(map[string]any)["phase"]]++
		s.checkCancelled(id, e)
		s.checkCancelled(id, s.call("GET", "/exports/"+id, s.local.APIKeys.Read, "").json(t))
		cancelled = append(cancelled, id)
	}
	s.awaitNoUploads(time.Minute)
	for _, id := range cancelled {
		s.checkCancelled(id, s.call("GET", "/exports/"+id, s.local.APIKeys.Read, "").json(t))
		s.checkWhole(id, whole)
	}
	t.Logf("%d cancelled of exports that take %s, in these phases: %v", len(cancelled), took, phases)

	for _, id := range cancelled[:5] {
		if reply := s.call("POST", "/exports/"+id+"/retry", s.local.APIKeys.Write, ""); reply.status != http.StatusOK {
			t.Fatalf("retry: %d %s", reply.status, reply.body)
		}
		if e := s.await(id, 5*time.Minute); e["status"] != "completed" || e["outcome"] != nil || e["attempts"] != 1. {
			t.Errorf("%s, retried, is %v after %v attempts, outcome %v", id, e["status"], e["attempts"], e["outcome"])
		}
		if s.checkWhole(id, whole); s.size(id) != whole || len(s.keys(customerBucket, s.delivered(id))) != 2 {
			t.Errorf("%s, retried, has %d bytes, and %d objects at the destination", id, s.size(id), len(s.keys(customerBucket, s.delivered(id))))
		}
	}
	s.awaitNoUploads(time.Minute)
	s.deleteAll(append(cancelled, undisturbed))
}

// loadTwoParts fills idx_two_parts: a document of two parts, made by four shards.
func loadTwoParts(t *testing.T, s *service) {
	t.Helper()
	schema := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(schema, []byte(`{"type":"object","properties":{"note":{"type":"string"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		run := fmt.Sprintf("run_c%d", n)
		file := filepath.Join(t.TempDir(), run+".ndjson")
		writeRecords(t, file, run, 6_200)
		if out, err := s.vvx("load-run", "--index", "idx_two_parts", "--run", run, "--schema", schema, file); err != nil {
			t.Fatalf("load-run: %v\n%s", err, out)
		}
	}
}

func (s *service) checkCancelled(id string, e map[string]any) {
	s.t.Helper()
	if e["status"] != "failed" || e["queue_status"] != "failed" || e["error_message"] != "cancelled" || e["outcome"] != "cancelled" {
		s.t.Errorf("%s is %v/%v, error %v, outcome %v", id, e["status"], e["queue_status"], e["error_message"], e["outcome"])
	}
}

// folder is what begins the keys of the export's files, delivered what begins them at the destination.
func (s *service) folder(id string) string { return "artifacts/" + s.local.AccountID + "/" + id + "/" }

func (s *service) delivered(id string) string { return demo.BasePath + "/cancelled/" + id }

// size is how long the export's document is; those of one selection are all as long.
func (s *service) size(id string) int {
	s.t.Helper()
	return len(s.object("s3://" + s.local.ArtifactsBucket + "/" + s.folder(id) + id + ".json"))
}

// checkWhole: what stands of the export is whole, and what stands at the destination is equal to it. A document without a
// manifest is nobody's, but it is whole, too.
func (s *service) checkWhole(id string, size int) {
	s.t.Helper()
	held := map[string][]byte{}
	for _, key := range s.keys(s.local.ArtifactsBucket, s.folder(id)) {
		held[strings.TrimPrefix(key, s.folder(id))] = s.object("s3://" + s.local.ArtifactsBucket + "/" + key)
	}
	document, manifestFile := held[id+".json"], held[id+".manifest.json"]
	if len(held) > 2 || document != nil && len(document) != size || manifestFile != nil && document == nil {
		s.t.Errorf("%s holds a document of %d bytes, want %d, among %d objects", id, len(document), size, len(held))
	}
	if document != nil && !json.Valid(document) {
		s.t.Errorf("the document of %s is no JSON", id)
	}
	if manifestFile != nil {
		checkManifest(s.t, document, manifestFile)
	}
	for _, key := range s.keys(customerBucket, s.delivered(id)) {
		name := key[strings.LastIndex(key, "/")+1:]
		if got := s.object("s3://" + customerBucket + "/" + key); held[name] == nil || string(got) != string(held[name]) {
			s.t.Errorf("%s at the destination has %d bytes, want %d", key, len(got), len(held[name]))
		}
	}
}

// checkManifest holds a document against its manifest.
func checkManifest(t *testing.T, document, manifestFile []byte) {
	t.Helper()
	var m manifest
	if err := json.Unmarshal(manifestFile, &m); err != nil || len(m.Files) != 1 {
		t.Fatalf("manifest: %v\n%s", err, manifestFile)
	}
	if f := m.Files[0]; f.Bytes != int64(len(document)) || f.SHA256 != sumOf(document) {
		t.Errorf("the manifest says %+v of %d bytes, SHA-256 %s", f, len(document), sumOf(document))
	}
}

// awaitNoUploads waits until no upload is open in either bucket: a worker that was at work ends by itself.
func (s *service) awaitNoUploads(within time.Duration) {
	s.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		open := slices.Concat(s.uploads(s.local.ArtifactsBucket), s.uploads(customerBucket))
		if len(open) == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("after %s uploads are open: %v\n%s", within, open, s.tail())
			return
		}
	}
}

func (s *service) uploads(bucket string) (open []string) {
	s.t.Helper()
	all, err := s.s3().ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, u := range all.Uploads {
		open = append(open, bucket+"/"+*u.Key)
	}
	return open
}

// deleteAll deletes the exports. Nothing of them is left here, and everything at the destination.
func (s *service) deleteAll(ids []string) {
	s.t.Helper()
	before := len(s.keys(customerBucket, demo.BasePath+"/cancelled/"))
	for _, id := range ids {
		if r := s.call("DELETE", "/exports/"+id, s.local.APIKeys.Admin, ""); r.status != http.StatusOK {
			s.t.Errorf("delete: %d %s", r.status, r.body)
		}
		if r := s.call("DELETE", "/exports/"+id, s.local.APIKeys.Admin, ""); r.status != http.StatusNotFound {
			s.t.Errorf("delete again: %d %s", r.status, r.body)
		}
		for _, prefix := range []string{s.folder(id), "work/" + s.local.AccountID + "/" + id + "/"} {
			if left := s.keys(s.local.ArtifactsBucket, prefix); len(left) > 0 {
				s.t.Errorf("of %s is left %v", id, left)
			}
		}
	}
	if after := len(s.keys(customerBucket, demo.BasePath+"/cancelled/")); after != before || before == 0 {
		s.t.Errorf("the destination held %d objects, and now %d", before, after)
	}
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
