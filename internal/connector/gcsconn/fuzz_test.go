package gcsconn

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/fault"
)

// says answers a target's requests with texts, one after the other, and then with nothing listed.
type says struct{ texts [][]byte }

func (s *says) RoundTrip(*http.Request) (*http.Response, error) {
	text := []byte("{}")
	if len(s.texts) > 0 {
		text, s.texts = s.texts[0], s.texts[1:]
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text))}, nil
}

// hearing is a target that is told these texts.
func hearing(texts ...[]byte) *target {
	return &target{
		client: &http.Client{Transport: &says{texts}}, base: "https://storage.example", bucket: "bucket",
		tokens: &bearer.Source{Ask: func(context.Context, time.Time) (bearer.Grant, error) {
			return bearer.Grant{Token: "t", Life: time.Hour}, nil
		}, Clock: time.Now},
	}
}

// FuzzReplies: whatever a reply holds, a listing of it is refused as unreadable, or it is strict JSON and gives each of its
// objects once, in order, with a key that is text and a size; an upload ends well only if it strictly says the checksum; and
// a refusal has a kind and short words of ours, of its text no more than a code, and nothing of one that is not strict JSON.
func FuzzReplies(f *testing.F) {
	for _, text := range []string{
		`{"items":[{"name":"a","size":"1","updated":"2026-05-01T12:00:00.000Z","contentType":"video/mp4"},{"name":"b/","size":"0"}],"nextPageToken":"p"}`,
		`{}`, `{"items":null}`, `{"items":[{"size":"-1"}]}`, `{"items":[{"size":1}]}`, `{"items":[{"name":"a","name":"b"}]}`, `{"items":[]}{}`, "{\"items\":[{\"name\":\"\xff\"}]}", `[]`, ``,
		`{"crc32c":"AAAAAA==","generation":"1"}`, `{"crc32c":"AAAAAA==","crc32c":"AAAAAA=="}`, `{"CRC32C":"AAAAAA=="}`, `{"crc32c":"BBBBBB==","generation":"1"}`,
	} {
		f.Add(200, text, "")
	}
	f.Add(403, `{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}`, "5")
	f.Add(404, `{"error":{"message":"The specified bucket does not exist."}}`, "")
	f.Add(400, `{"error":"invalid_grant","error_description":"not in a reasonable timeframe"}`, "5")
	f.Add(503, "", "Fri, 01 May 2026 12:00:00 GMT")
	f.Add(400, `{"error":"a","error":"b"}`, "")
	f.Fuzz(func(t *testing.T, status int, text, wait string) {
		listed(t, text)
		finished(t, text)
		h := http.Header{"Retry-After": {wait}}
		refused(t, text, func(text string) error {
			return hearing().refusal(&http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text))}, toDelete)
		})
		refused(t, text, func(text string) error {
			return tokenRefusal(bearer.Reply{Status: status, Header: h, Text: []byte(text)}, time.Unix(1777636800, 0))
		})
	})
}

// listed reads the text as a page of a listing.
func listed(t *testing.T, text string) {
	var keys []string
	for file, err := range hearing([]byte(text)).List(t.Context(), connector.ListQuery{}) {
		if err != nil {
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if file.Bytes < 0 || !utf8.ValidString(file.Key) || file.LastModified.Location() != time.UTC {
			t.Errorf("%q gives %+v", text, file)
		}
		keys = append(keys, file.Key)
	}
	var want struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
	}
	if !jsontext.Value(text).IsValid() || json.Unmarshal([]byte(text), &want) != nil || len(want.Items) != len(keys) {
		t.Fatalf("%q gives %q", text, keys)
	}
	for i, item := range want.Items {
		if item.Name != keys[i] {
			t.Errorf("%q gives %q", text, keys)
		}
	}
}

// finished reads the text as what ends an upload of nothing.
func finished(t *testing.T, text string) {
	s := session{target: hearing(), object: connector.Object{Key: "a"}}
	err := s.finish(t.Context(), &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))})
	var says map[string]any
	confirms := jsontext.Value(text).IsValid() && json.Unmarshal([]byte(text), &says) == nil && says["crc32c"] == encodeCRC(0)
	if err == nil && !confirms || err != nil && !fault.Is(err, fault.Unavailable) {
		t.Errorf("an upload that %q ends: %v", text, err)
	}
}

// refused looks at what a refusal makes of the text.
func refused(t *testing.T, text string, refuse func(text string) error) {
	err := refuse(text)
	if said := err.Error(); len(said) > 400 || strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%q fails with %q", text, said)
	}
	if fault.Is(err, fault.Throttled) && fault.As(err).RetryAfter < time.Second {
		t.Errorf("%q is to be tried again at once", text)
	}
	missing := fault.As(err).Code == "destination_bucket_missing" // of that the text is all there is
	if !jsontext.Value(text).IsValid() && !missing && err.Error() != refuse("").Error() {
		t.Errorf("%q is not strict JSON and says %v", text, err)
	}
}

// FuzzKept: what a store says it has of an upload is refused, or it is a number of bytes from the first on.
func FuzzKept(f *testing.F) {
	for _, v := range []string{"", "bytes=0-0", "bytes=0-262143", "bytes=1-2", "0-5", "bytes=5", "bytes=0--1", "bytes=0-4611686018427387904", "bytes=0-+1"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		n, err := keptOf(http.Header{"Range": {value}})
		if err != nil || n == 0 && value == "" {
			return
		}
		last, ok := strings.CutPrefix(strings.TrimPrefix(value, "bytes="), "0-")
		if !ok || n < 1 || strings.TrimLeft(last, "0") != strings.TrimLeft(strconv.FormatInt(n-1, 10), "0") {
			t.Errorf("%q is %d bytes", value, n)
		}
	})
}

// FuzzSession: an upload goes on where it was begun, at Google's own hosts if that was at Google, and nowhere else.
func FuzzSession(f *testing.F) {
	for _, a := range []string{
		"https://storage.googleapis.com/upload?upload_id=x", "https://www.googleapis.com/upload", "https://evil.example/?.googleapis.com", "https://evil.example\\.googleapis.com",
		"https://u@storage.googleapis.com/", "http://storage.googleapis.com/", "//storage.googleapis.com", "https://evil.example%2f.googleapis.com/", "",
	} {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, address string) {
		for _, at := range []*target{{base: storageURL, google: true}, {base: "http://127.0.0.1:4443"}} {
			if at.checkSession(address) != nil {
				continue
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, nil)
			if err != nil {
				t.Fatalf("%q is taken and is no address: %v", address, err)
			}
			u := r.URL
			googles := at.google && u.Scheme == "https" && strings.HasSuffix(u.Host, ".googleapis.com") && !strings.ContainsAny(u.Host, "/\\@:?#")
			if own := u.Scheme+"://"+u.Host == at.base; !own && !googles || u.User != nil {
				t.Errorf("an upload to %s goes on at %q", at.base, address)
			}
		}
	})
}
