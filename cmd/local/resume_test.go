package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestRetryGoesOnWithParts fails a sharded export in one shard, whose results are not what the catalogue says, puts them
// right again, and retries it: the uploads have stayed open, the other shards are taken over with their parts, and the files
// are those of an export that nobody disturbed.
func TestRetryGoesOnWithParts(t *testing.T) {
	s := startService(t, "-shard-above", "1", "-shard-size", "1")
	loadShardedArchive(t, s)
	const path = "/exports/index/idx_sharded"
	body := fmt.Sprintf(everyShardedFormat, "none")
	undisturbed := s.create(path, body)
	want := filesOf(t, s, s.await(undisturbed, 5*time.Minute), undisturbed)

	parts := s.keys(s.local.ResultsBucket, "results/"+s.local.AccountID+"/run_s1/")
	if len(parts) == 0 {
		t.Fatal("the run has no parts")
	}
	right := s.object("s3://" + s.local.ResultsBucket + "/" + parts[0])
	s.put(s.local.ResultsBucket, parts[0], bytes.Replace(right, []byte("Kamera"), []byte("Camera"), 1))
	id := s.create(path, body)
	if e := s.await(id, 5*time.Minute); e["status"] != "failed" || e["queue_status"] != "failed" {
		t.Fatalf("with other results the export ended as %v: %v", e["status"], e["error_message"])
	}
	if open := s.uploads(s.local.ArtifactsBucket); len(open) != 2 {
		t.Errorf("open are %v, want the document's upload and the lines'", open)
	}
	s.put(s.local.ResultsBucket, parts[0], right)
	if reply := s.call("POST", "/exports/"+id+"/retry", s.local.APIKeys.Write, ""); reply.status != http.StatusOK {
		t.Fatalf("retry: %d %s", reply.status, reply.body)
	}
	got := filesOf(t, s, s.await(id, 5*time.Minute), id)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("retried, the files are %v, want %v", got, want)
	}
	takenOver := 0
	for _, key := range s.keys(s.local.ArtifactsBucket, "work/"+s.local.AccountID+"/"+id+"/g2/report-2-") {
		if report := string(s.object("s3://" + s.local.ArtifactsBucket + "/" + key)); strings.Contains(report, `"made":1`) && strings.Contains(report, `"parts":[`) {
			takenOver++
		}
	}
	if takenOver == 0 {
		t.Error("no shard's parts were taken over")
	}
	s.awaitNoUploads(time.Minute)
}

// put writes an object of the embedded S3 over what is there.
func (s *service) put(bucket, key string, content []byte) {
	s.t.Helper()
	if _, err := s.s3().PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)}); err != nil {
		s.t.Fatal(err)
	}
}
