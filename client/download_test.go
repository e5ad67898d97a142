package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

// testDocument is long enough to arrive in several reads.
var testDocument = "{\"kind\":\"videovector.export\",\"results\":[\n" + strings.Repeat(`{"a":"🚢"},`+"\n", 100_000) + "{}\n],\n\"counts\":{\"results\":100001}}\n"

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// completed is the export of testDocument.
func completed(over map[string]any) http.HandlerFunc {
	e := map[string]any{"file_size_bytes": len(testDocument), "sha256": digest(testDocument)}
	for k, v := range over {
		e[k] = v
	}
	return sends(200, exportJSON("exp_1", e))
}

// document sends a text as the download route does.
func document(text string) http.HandlerFunc {
	return sends(200, text, "Content-Length", strconv.Itoa(len(text)))
}

// chunked sends a text without saying how long it is.
func chunked(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		io.WriteString(w, text)
	}
}

// endless sends the document and never stops.
func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := io.WriteString(w, testDocument); err != nil {
			return
		}
	}
}

// cutOff sends the beginning of a text and breaks the connection off.
func cutOff(text string, after int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text[:after])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestDownload(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{"with its length": document(testDocument), "without": chunked(testDocument)} {
		s := serve(t, completed(nil), answer)
		c, _ := connect(t, s)
		var b bytes.Buffer
		var last, total int64
		doc, err := c.Exports.Download(t.Context(), "exp_1", &b, client.WithProgress(func(d, n int64) { last, total = d, n }))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := (client.Document{ExportID: "exp_1", Bytes: int64(len(testDocument)), SHA256: digest(testDocument), Verified: true}); *doc != want {
			t.Errorf("%s: document = %+v, want %+v", name, doc, want)
		}
		if b.String() != testDocument || last != int64(b.Len()) || total != last {
			t.Errorf("%s: %d bytes, progress %d of %d", name, b.Len(), last, total)
		}
		r := s.requests()[1]
		if r.path != "/api/v2/exports/exp_1/download" || r.header.Get("X-API-Key") != testKey || r.header.Get("Accept-Encoding") != "identity" || r.header.Get("Range") != "" {
			t.Errorf("%s: request = %+v", name, r)
		}
	}
}

func TestDownloadWithoutADigest(t *testing.T) {
	s := serve(t, completed(map[string]any{"sha256": nil}), document(testDocument))
	c, _ := connect(t, s)
	doc, err := c.Exports.Download(t.Context(), "exp_1", io.Discard)
	if err != nil || doc.Verified || doc.SHA256 != digest(testDocument) {
		t.Errorf("document = %+v, %v", doc, err)
	}
}

// TestDamagedDocuments has every document arrive with status 200; none may pass.
func TestDamagedDocuments(t *testing.T) {
	other := strings.Replace(testDocument, "🚢", "🚣", 1)
	unknown := map[string]any{"sha256": nil, "file_size_bytes": nil}
	for _, c := range []struct {
		name   string
		over   map[string]any
		answer http.HandlerFunc
		what   string // of a CorruptError; "" for a failure of the transport
	}{
		{"another document of that size", nil, document(other), "sha256"},
		{"shorter, and says so", nil, document(testDocument[:500]), "size"},
		{"longer, and says so", nil, document(testDocument + "\n"), "size"},
		{"shorter, without a length", nil, chunked(testDocument[:500]), "size"},
		{"longer, without a length", nil, chunked(testDocument + "\n"), "size"},
		{"empty", nil, chunked(""), "size"},
		{"endless", nil, endless, "size"},
		{"cut off", nil, cutOff(testDocument, 1<<19), ""},
		{"cut off, nothing known", unknown, cutOff(testDocument, 1<<19), ""},
		{"a page of HTML, nothing known", unknown, document("<html>{}</html>"), "ending"},
		{"a letter before it, nothing known", unknown, document("x" + testDocument[1:]), "ending"},
		{"cut in the records, nothing known", unknown, chunked(testDocument[:500]), "ending"},
		{"cut in the counts, nothing known", unknown, chunked(testDocument[:len(testDocument)-2]), "ending"},
		{"counts that are no JSON, nothing known", unknown, document(strings.Replace(testDocument, "100001}", "100001,}", 1)), "ending"},
		{"empty, nothing known", unknown, chunked(""), "ending"},
	} {
		s := serve(t, completed(c.over), c.answer)
		cl, _ := connect(t, s)
		var out bytes.Buffer
		doc, err := cl.Exports.Download(t.Context(), "exp_1", &out)
		if c.over == nil && out.Len() > len(testDocument) || out.Len() > 0 && strings.HasSuffix(c.name, "and says so") {
			t.Errorf("%s: %d bytes were written", c.name, out.Len())
		}
		var corrupt *client.CorruptError
		if err == nil || errors.As(err, &corrupt) != (c.what != "") || corrupt != nil && (corrupt.What != c.what || corrupt.ExportID != "exp_1") {
			t.Errorf("%s: %+v, %v", c.name, doc, err)
		}
		if corrupt != nil && !strings.Contains(err.Error(), "export exp_1 is damaged: its "+c.what) {
			t.Errorf("%s: text %q", c.name, err)
		}
		if n := len(s.requests()); n != 2 {
			t.Errorf("%s: %d requests, want 2: what was written can't be taken back", c.name, n)
		}
	}
}

func TestDownloadRefusesOtherReplies(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a part":     sends(206, testDocument[:10]),
		"compressed": sends(200, testDocument, "Content-Encoding", "gzip"),
		"no content": sends(204, ""),
		"a redirect": sends(302, "", "Location", "https://storage.example.com/doc?signature=1"),
	} {
		s := serve(t, completed(map[string]any{"file_size_bytes": nil}), answer)
		c, _ := connect(t, s)
		var e *client.Error
		if _, err := c.Exports.Download(t.Context(), "exp_1", io.Discard); !errors.As(err, &e) || strings.Contains(err.Error(), "signature") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDownloadOfWhatIsNotThere(t *testing.T) {
	for _, over := range []map[string]any{
		{"status": "pending", "download_url": nil}, {"status": "failed", "download_url": nil}, {"download_url": nil},
	} {
		s := serve(t, completed(over))
		c, _ := connect(t, s)
		_, err := c.Exports.Download(t.Context(), "exp_1", io.Discard)
		var e *client.NotReadyError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), "export exp_1 is ") || len(s.requests()) != 1 {
			t.Errorf("%v: %v", over, err)
		}
	}
}

// TestDownloadByPresignedLink is how a document comes that the download route doesn't give, and the key stays at home.
func TestDownloadByPresignedLink(t *testing.T) {
	const query = "?X-Amz-Signature=0123456789abcdef"
	for name, first := range map[string]http.HandlerFunc{
		"delivered to a connector": nil,
		"too large for the route":  fails(409, "export_not_downloadable"),
	} {
		store := serve(t, fails(503, "SlowDown"), document(testDocument))
		over := map[string]any{"presigned_url": store.URL + "/bucket/doc" + query}
		answers := []http.HandlerFunc{completed(over), first}
		if first == nil {
			over["download_url"] = nil
			answers = []http.HandlerFunc{completed(over)}
		}
		s := serve(t, answers...)
		c, _ := connect(t, s)
		doc, err := c.Exports.Download(t.Context(), "exp_1", io.Discard)
		if err != nil || !doc.Verified {
			t.Errorf("%s: %+v, %v", name, doc, err)
			continue
		}
		for _, r := range store.requests() {
			if r.header.Get("X-API-Key") != "" || r.path != "/bucket/doc"+query {
				t.Errorf("%s: the store was sent %+v", name, r)
			}
		}
	}
}

func TestPresignedLinksStaySecret(t *testing.T) {
	const signature = "0123456789abcdef"
	for name, answer := range map[string]http.HandlerFunc{
		"expired":    sends(403, "<Error>signature "+signature+" expired</Error>"),
		"hangs up":   hangsUp,
		"cut off":    cutOff(testDocument, 100),
		"redirected": sends(307, "", "Location", "https://elsewhere.example.com/?s="+signature),
		"bad header": sends(302, "", "Location", "http://[::1/?s="+signature),
	} {
		store := serve(t, answer)
		s := serve(t, completed(map[string]any{"download_url": nil, "presigned_url": store.URL + "/doc?s=" + signature}))
		c, _ := connect(t, s)
		_, err := c.Exports.Download(t.Context(), "exp_1", io.Discard)
		if err == nil || strings.Contains(err.Error(), signature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, link := range []string{"http://storage.example.com/doc?s=" + signature, "ftp://x/?s=" + signature, "http://[::1?s=" + signature} {
		s := serve(t, completed(map[string]any{"download_url": nil, "presigned_url": link}))
		c, _ := connect(t, s)
		if _, err := c.Exports.Download(t.Context(), "exp_1", io.Discard); err == nil || err.Error() != "client: the presigned link is not an https URL" {
			t.Errorf("%s: %v", link, err)
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 3, errFull }

func TestDownloadTellsOfTheWriter(t *testing.T) {
	s := serve(t, completed(nil), document(testDocument))
	c, _ := connect(t, s)
	if _, err := c.Exports.Download(t.Context(), "exp_1", fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("Download = %v", err)
	}
}

func TestDownloadEnds(t *testing.T) {
	stalls := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, testDocument[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	s := serve(t, completed(nil), stalls)
	c, _ := connect(t, s, client.WithPatience(100*time.Millisecond))
	if _, err := c.Exports.Download(t.Context(), "exp_1", io.Discard); err == nil || !strings.Contains(err.Error(), "nothing arrived for 100ms") {
		t.Errorf("a stalled download: %v", err)
	}
	slow := func(w http.ResponseWriter, _ *http.Request) {
		for part := 0; part < len(testDocument); part += 400_000 {
			time.Sleep(300 * time.Millisecond)
			io.WriteString(w, testDocument[part:min(part+400_000, len(testDocument))])
			w.(http.Flusher).Flush()
		}
	}
	s = serve(t, completed(nil), slow)
	c, _ = connect(t, s, client.WithPatience(900*time.Millisecond))
	if _, err := c.Exports.Download(t.Context(), "exp_1", io.Discard); err != nil {
		t.Errorf("a slow download: %v", err)
	}
	s = serve(t, completed(nil), stalls)
	c, _ = connect(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.Exports.Download(ctx, "exp_1", io.Discard, client.WithProgress(func(int64, int64) { cancel() }))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled download: %v", err)
	}
}
