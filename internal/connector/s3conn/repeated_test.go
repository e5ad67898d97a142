package s3conn_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/conntest/faultproxy"
)

// TestLostRepliesLeaveNothingOpen loses the reply of one request after the other, which the SDK then makes again by itself.
// The second upload that it may begin so is the one that becomes the object, and the first one must not stay open: nobody
// else knows of it.
func TestLostRepliesLeaveNothingOpen(t *testing.T) {
	line := faultproxy.New(t, faultproxy.Config{Upstream: embeds3test.Endpoint(), Refuse: refuse})
	o := opener(t, line.URL())
	o.Attempts = 0 // the SDK's own
	bucket := embeds3test.Bucket(t)
	target := open(t, o, record(bucket))
	for n, broke := 1, true; broke; n++ {
		object := conntest.Object(fmt.Sprintf("try-%d", n), bytes.Repeat([]byte("x"), partBytes+1))
		line.Break(n, conntest.Fault{Name: "reply lost", Lost: true})
		stored, err := connector.Put(t.Context(), target, object)
		if err != nil { // its upload was completed, which the SDK takes for lost: the step is made again
			stored, err = connector.Put(t.Context(), target, object)
		}
		broke = line.Broke()
		line.Mend()
		if err != nil || stored.SHA256 != object.SHA256 {
			t.Errorf("request %d: %+v, %v", n, stored, err)
		}
		if left := openUploads(t, bucket); left != 0 {
			t.Fatalf("request %d: %d uploads are open", n, left)
		}
		if n == 1 && !broke || n > 20 {
			t.Fatalf("request %d: broke is %v", n, broke)
		}
	}
}
