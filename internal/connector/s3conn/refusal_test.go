package s3conn_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/conntest/faultproxy"
	"github.com/videovector/exports/internal/fault"
)

// TestRefusals plays S3's refusals, as its documentation gives them, and holds what becomes of them.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status    int
		code      string
		header    string // Name: value
		kind      fault.Kind
		want, say string // code, and a part of the message
	}{
		{404, "NoSuchBucket", "", fault.Invalid, "destination_bucket_missing", "does not exist"},
		{404, "NoSuchKey", "", fault.NotFound, "object_not_found", ""},
		{403, "AccessDenied", "", fault.Invalid, "destination_access_denied", "s3:GetObject"},
		{403, "AllAccessDisabled", "", fault.Invalid, "destination_account_problem", ""},
		{403, "InvalidAccessKeyId", "", fault.Invalid, "destination_credentials_refused", "access key"},
		{403, "SignatureDoesNotMatch", "", fault.Invalid, "destination_credentials_refused", "secret access key"},
		{400, "InvalidToken", "", fault.Invalid, "destination_credentials_refused", "taken back"},
		{400, "ExpiredToken", "", fault.Unavailable, "destination_credentials_expired", ""},
		{403, "RequestTimeTooSkewed", "", fault.Unavailable, "clock_skewed", "clock"},
		{301, "PermanentRedirect", "x-amz-bucket-region: eu-west-1", fault.Invalid, "destination_region_wrong", "in the region eu-west-1, not in us-east-1"},
		{400, "AuthorizationHeaderMalformed", "x-amz-bucket-region: ap-south-2", fault.Invalid, "destination_region_wrong", "ap-south-2"},
		{301, "PermanentRedirect", "x-amz-bucket-region: evil.example", fault.Unavailable, "destination_redirected", ""},
		{301, "PermanentRedirect", "", fault.Unavailable, "destination_redirected", ""},
		{307, "TemporaryRedirect", "Location: http://169.254.169.254/", fault.Unavailable, "destination_redirected", ""},
		{403, "AccessDenied", "x-amz-bucket-region: us-east-1", fault.Invalid, "destination_access_denied", ""},
		{403, "InvalidObjectState", "", fault.Invalid, "destination_archived", ""},
		{400, "KMS.DisabledException", "", fault.Invalid, "destination_encryption_refused", "KMS"},
		{409, "OperationAborted", "", fault.Unavailable, "destination_unavailable", ""},
		{412, "PreconditionFailed", "", fault.Conflict, "destination_exists", ""},
		{429, "TooManyRequests", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{503, "SlowDown", "", fault.Throttled, "destination_busy", ""},
		{503, "ServiceUnavailable", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{503, "ServiceUnavailable", "", fault.Unavailable, "destination_unavailable", ""},
		{500, "InternalError", "", fault.Unavailable, "destination_unavailable", ""},
		{400, "SomethingNew", "", fault.Internal, "destination_unexpected", ""},
		{403, "SomethingNew", "", fault.Invalid, "destination_access_denied", ""},
	} {
		target := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(c.status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>canary</Message><RequestId>r</RequestId></Error>", c.code)
		})
		_, _, err := target.Open(t.Context(), "a")
		f := fault.As(err)
		if f.Kind != c.kind || f.Code != c.want || !strings.Contains(f.Message, c.say) || strings.Contains(f.Message, "canary") {
			t.Errorf("%d %s %s: kind %d, %s, %q", c.status, c.code, c.header, f.Kind, f.Code, f.Message)
		}
		if strings.HasPrefix(c.header, "Retry-After") != (f.RetryAfter == 9*time.Second) || (f.Kind == fault.Throttled) != (f.RetryAfter >= time.Second) {
			t.Errorf("%d %s %s: to be tried after %v", c.status, c.code, c.header, f.RetryAfter)
		}
	}
}

// TestDeniedNamesThePermission of each call.
func TestDeniedNamesThePermission(t *testing.T) {
	target := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>m</Message></Error>")
	})
	for want, call := range map[string]func() error{
		"s3:GetObject":                  func() error { _, _, err := target.Open(t.Context(), "a"); return err },
		"s3:PutObject":                  func() error { return target.Create(t.Context(), small("a")) },
		"s3:ListBucketMultipartUploads": func() error { return target.Create(t.Context(), sized("a", partBytes+1)) },
		"s3:DeleteObject":               func() error { return target.Remove(t.Context(), "a") },
		"s3:ListBucket ": func() error {
			for _, err := range target.List(t.Context(), connector.ListQuery{}) {
				return err
			}
			return nil
		},
	} {
		if err := call(); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.As(err).Message+" ", want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
}

// TestRepliesWithoutEnd: a listing that is too long, and one whose pages lead back to themselves.
func TestRepliesWithoutEnd(t *testing.T) {
	long := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<ListBucketResult>")
		for range 2000 {
			fmt.Fprintf(w, "<!-- %s -->", strings.Repeat("x", 16<<10))
		}
	})
	circle := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>k</Key></Contents></ListBucketResult>")
	})
	n := 0
	for _, err := range long.List(t.Context(), connector.ListQuery{}) {
		if n++; fault.As(err).Code != "destination_reply_too_long" {
			t.Errorf("a long listing: %v", err)
		}
	}
	for range circle.List(t.Context(), connector.ListQuery{}) {
		n++
	}
	if n != 3 { // one failure, two pages
		t.Errorf("%d results", n)
	}
}

// TestEncodedKeys: S3 encodes keys of a listing when asked to, with plus for a blank.
func TestEncodedKeys(t *testing.T) {
	target := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("encoding-type") != "url" {
			t.Errorf("asked %s", r.URL)
		}
		fmt.Fprint(w, "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a+b%2Bc%01%25/d</Key><LastModified>2026-05-01T12:00:00Z</LastModified></Contents></ListBucketResult>")
	})
	for f, err := range target.List(t.Context(), connector.ListQuery{}) {
		if err != nil || f.Key != "a b+c\x01%/d" {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

// TestUploadsAreDropped holds that an upload which breaks off leaves none open, nor one that an earlier try left.
func TestUploadsAreDropped(t *testing.T) {
	bucket, target := liveBucket(t)
	o := sized("a", 2*partBytes)
	whole := o.Open
	o.Open = breaking(whole, partBytes)
	if err := target.Create(t.Context(), o); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Create = %v", err)
	}
	if n := openUploads(t, bucket); n != 0 {
		t.Errorf("%d uploads are open", n)
	}
	leaveUpload(t, bucket, "a")
	leaveUpload(t, bucket, "ab")
	o.Open = whole
	if err := target.Create(t.Context(), o); err != nil {
		t.Error(err)
	}
	if n := openUploads(t, bucket); n != 1 { // the other key's is somebody else's
		t.Errorf("%d uploads are open", n)
	}
}

// TestWritesAreVerified: every write carries the digest by which S3 notices a changed byte.
func TestWritesAreVerified(t *testing.T) {
	writes := 0
	target := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if writes++; r.Header.Get("Content-MD5") == "" || !strings.Contains(r.Header.Get("User-Agent"), "videovector-exports") {
				t.Errorf("%s %s: %v", r.Method, r.URL, r.Header)
			}
		}
		if _, ok := r.URL.Query()["uploads"]; ok && r.Method == http.MethodPost {
			fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
		}
		io.Copy(io.Discard, r.Body)
	})
	for _, o := range []connector.Object{small("a"), sized("b", partBytes+1)} {
		if err := target.Create(t.Context(), o); err != nil {
			t.Error(err)
		}
	}
	if writes != 3 {
		t.Errorf("%d writes", writes)
	}
}

// TestTheSDKTriesAgain: with the SDK's own tries a lost reply is mostly got over inside of a call, and the object that
// the first try wrote counts as delivered.
func TestTheSDKTriesAgain(t *testing.T) {
	line := faultproxy.New(t, faultproxy.Config{Upstream: embeds3test.Endpoint(), Refuse: refuse})
	o := opener(t, line.URL())
	o.Attempts = 0
	target := open(t, o, record(embeds3test.Bucket(t)))
	for n, present := range []bool{false, true, false} { // looking, writing, reading back
		line.Break(n+1, conntest.Fault{Lost: true})
		key := fmt.Sprintf("a-%d", n)
		stored, err := connector.Put(t.Context(), target, small(key))
		if err != nil || !line.Broke() || stored.AlreadyPresent != present {
			t.Errorf("request %d: %+v, %v", n+1, stored, err)
		}
	}
}

// answering is a target at a server that says what handle does.
func answering(t *testing.T, handle http.HandlerFunc) connector.Target {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return open(t, opener(t, server.URL), record("bucket"))
}
