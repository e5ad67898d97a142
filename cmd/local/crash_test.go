package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const crashExports = 30

// TestKilledAtRandomMoments pulls the plug while exports are made and carried out, until every one was accepted, and
// then lets the service finish. Every export must end, completed, once, with a whole object at its destination.
func TestKilledAtRandomMoments(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	s := startService(t)
	ids := map[string]string{} // idempotency key to export id
	kills := 0
	for len(ids) < crashExports || kills < 10 {
		stop := time.Now().Add(time.Duration(50+rng.IntN(600)) * time.Millisecond)
		for time.Now().Before(stop) {
			submit(t, s, ids)
		}
		s.kill()
		kills++
		s.start()
	}
	for key, id := range ids {
		e := s.await(id, 2*time.Minute)
		if e["status"] != "completed" {
			t.Errorf("%s ended as %v/%v: %v", key, e["status"], e["queue_status"], e["error_message"])
			continue
		}
		uri := e["destination_uri"].(string)
		checkDocument(t, s.object(uri), s.object(strings.TrimSuffix(uri, ".json")+".manifest.json"), demoRows())
	}
	checkLeftovers(t, s, len(ids))
	t.Logf("%d exports, %d kills", len(ids), kills)
}

// submit makes one more export, or repeats a request whose reply was lost, under the same key.
func submit(t *testing.T, s *service, ids map[string]string) {
	if len(ids) >= crashExports {
		time.Sleep(10 * time.Millisecond)
		return
	}
	key := fmt.Sprintf("crash-%03d", len(ids))
	body := fmt.Sprintf(`{"destination_connector_id":"conn_export","destination_subpath":"crash/%s"}`, key)
	r, err := s.tryCall("POST", "/exports/index/idx_archive", s.local.APIKeys.Write, body, "Idempotency-Key", key)
	if err != nil {
		t.Fatalf("the service is up, but: %v", err)
	}
	if r.status != http.StatusAccepted {
		t.Fatalf("status = %d, body %s", r.status, r.body)
	}
	ids[key] = r.json(t)["export_id"].(string)
}

// checkLeftovers looks for what a lost export leaves: more exports than keys, foreign objects, open uploads.
func checkLeftovers(t *testing.T, s *service, exports int) {
	t.Helper()
	for _, prefix := range []struct{ bucket, prefix string }{{customerBucket, ""}, {s.local.ArtifactsBucket, "artifacts/"}} {
		if got := s.keys(prefix.bucket, prefix.prefix); len(got) != 2*exports {
			t.Errorf("%s/%s holds %d objects, want a document and a manifest for each of %d exports", prefix.bucket, prefix.prefix, len(got), exports)
		}
		bucket := prefix.bucket
		open, err := s.s3().ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		if len(open.Uploads) != 0 {
			t.Errorf("%s has %d open uploads", bucket, len(open.Uploads))
		}
	}
}
