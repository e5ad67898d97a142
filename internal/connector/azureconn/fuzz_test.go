package azureconn

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/fault"
)

// says answers with the text once, and then with a last page.
type says struct{ text []byte }

func (s *says) RoundTrip(*http.Request) (*http.Response, error) {
	text := s.text
	s.text = []byte("<EnumerationResults/>")
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text))}, nil
}

// FuzzReplies: whatever a reply holds, a listing of it is refused as unreadable, or it is XML and gives no object that it
// doesn't have, each with a key that is text, a size and a time; and a refusal of the sign-in has a kind and short words of
// ours, of its text no more than a number, and nothing of one that is not strict JSON.
func FuzzReplies(f *testing.F) {
	blob := func(name, rest string) string {
		return "<EnumerationResults><Blobs><Blob>" + name + "<Properties><Last-Modified>Fri, 01 May 2026 12:00:00 GMT</Last-Modified>" + rest + "</Properties></Blob></Blobs><NextMarker>m</NextMarker></EnumerationResults>"
	}
	for _, text := range []string{
		"", "<EnumerationResults/>", blob("<Name>a</Name>", "<Content-Length>1</Content-Length><Content-Type>video/mp4</Content-Type>"), blob(`<Name Encoded="true">a%00b</Name>`, ""),
		blob(`<Name Encoded="true">%ff</Name>`, ""), blob(`<Name Encoded="1">%zz</Name>`, ""), blob("<Name>a</Name>", "<Content-Length>-1</Content-Length>"),
		blob("<Name>a</Name>", "<ResourceType>directory</ResourceType>"), "<!DOCTYPE x [<!ENTITY a \"b\">]>" + blob("<Name>&a;</Name>", ""), "{}",
	} {
		f.Add(200, text, "")
	}
	f.Add(401, `{"error":"invalid_client","error_codes":[7000215],"error_description":"canary"}`, "")
	f.Add(400, `{"error":"temporarily_unavailable","error_codes":[]}`, "7")
	f.Add(429, `{"error_codes":[-1]}`, "Fri, 01 May 2026 12:00:00 GMT")
	f.Add(400, `{"error":"temporarily_unavailable","error":"x"}`, "")
	f.Fuzz(func(t *testing.T, status int, text, wait string) {
		pageOf(t, text)
		refused(t, text, func(text string) error {
			return signInRefusal(bearer.Reply{Status: status, Header: http.Header{"Retry-After": {wait}}, Text: []byte(text)}, time.Unix(1777636800, 0))
		})
	})
}

// pageOf reads the text as a page of a listing.
func pageOf(t *testing.T, text string) {
	found := 0
	in := &target{
		client: &http.Client{Transport: &says{[]byte(text)}}, clock: time.Now, container: "https://account.example/container",
		tokens: &bearer.Source{Ask: func(context.Context, time.Time) (bearer.Grant, error) {
			return bearer.Grant{Token: "t", Life: time.Hour}, nil
		}, Clock: time.Now},
	}
	for file, err := range in.List(t.Context(), connector.ListQuery{}) {
		if err != nil {
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if file.Bytes < 0 || !utf8.ValidString(file.Key) || file.LastModified.Location() != time.UTC {
			t.Errorf("%q gives %+v", text, file)
		}
		found++
	}
	var p page
	if err := xml.Unmarshal([]byte(text), &p); err != nil || found > len(p.Blobs) || found > strings.Count(text, "Blob") {
		t.Errorf("%q gives %d objects, %v", text, found, err)
	}
}

// refused looks at what a refusal makes of the text.
func refused(t *testing.T, text string, refuse func(text string) error) {
	err := refuse(text)
	if said := err.Error(); len(said) > 400 || strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%q fails with %q", text, said)
	}
	if k := fault.KindOf(err); k != fault.Throttled && k != fault.Unavailable && k != fault.Invalid || k == fault.Throttled && fault.As(err).RetryAfter < time.Second {
		t.Errorf("%q: %v", text, err)
	}
	if !jsontext.Value(text).IsValid() && err.Error() != refuse("").Error() {
		t.Errorf("%q is not strict JSON and says %v", text, err)
	}
}
