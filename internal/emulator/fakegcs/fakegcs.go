// Package fakegcs gives tests fake-gcs-server, an emulator of Cloud Storage, with what it lacks of resumable uploads.
package fakegcs

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/videovector/exports/internal/emulator"
)

// Emulator is fake-gcs-server. It looks at no token, and can't go on with an upload that broke off: a Front does both.
var Emulator = emulator.Emulator{Name: "fake-gcs-server", Script: "fake-gcs.sh"}

// Front stands before the fake store and does what it lacks. It looks at the token. It tells how much of a resumable
// upload has arrived, where the fake would end the upload, keeps what arrived of a chunk that broke off, in multiples
// of 256 KiB, drops a session that is cancelled, and holds the whole against the checksum of the last chunk. What an
// upload is made of goes to the fake's own sessions all the same.
type Front struct {
	Valid func(*http.Request) bool // says whether a request's token is; nil takes any

	mu       sync.Mutex
	sessions map[string]*arrived
}

// arrived is what the store has of an upload.
type arrived struct {
	bytes    int64
	checksum uint32
	done     []byte // the reply to the last chunk
	dropped  bool
}

// Grain is what Google keeps of an upload: a multiple of it, but for the end.
const Grain = 256 << 10

// RoundTrip implements http.RoundTripper.
func (f *Front) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.Valid != nil && !f.Valid(r) {
		return reply(r, http.StatusUnauthorized, `{"error":{"code":401,"errors":[{"reason":"authError","message":"Invalid Credentials"}]}}`), nil
	}
	id := r.URL.Query().Get("upload_id")
	if id == "" {
		return http.DefaultTransport.RoundTrip(r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[id]
	if s == nil {
		s = &arrived{}
		if f.sessions == nil {
			f.sessions = map[string]*arrived{}
		}
		f.sessions[id] = s
	}
	switch {
	case s.dropped:
		return reply(r, http.StatusNotFound, ""), nil
	case r.Method == http.MethodDelete:
		s.dropped = true
		return reply(r, 499, ""), nil
	case s.done != nil:
		return reply(r, http.StatusOK, string(s.done)), nil
	case strings.HasPrefix(r.Header.Get("Content-Range"), "bytes */"):
		return s.goOn(r), nil
	}
	return s.chunk(r)
}

// chunk takes in what comes of a chunk.
func (s *arrived) chunk(r *http.Request) (*http.Response, error) {
	content, broken := io.ReadAll(r.Body)
	var first, last, total int64
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total); err != nil || first != s.bytes || broken == nil && int64(len(content)) != last-first+1 {
		return reply(r, http.StatusBadRequest, "Wrong range."), nil
	}
	if broken != nil {
		content = content[:len(content)/Grain*Grain]
	} else if last+1 < total && len(content)%Grain != 0 {
		return reply(r, http.StatusBadRequest, "Not a multiple of 256 KiB."), nil
	}
	s.checksum = crc32.Update(s.checksum, crc32.MakeTable(crc32.Castagnoli), content)
	want := "crc32c=" + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, s.checksum))
	if broken == nil && last+1 == total && r.Header.Get("X-Goog-Hash") != want {
		return reply(r, http.StatusBadRequest, "Wrong checksum."), nil
	}
	if len(content) == 0 {
		return nil, broken
	}
	stored, err := s.forward(r, content, first, total)
	if err != nil || broken != nil {
		return nil, broken
	}
	return stored, nil
}

// forward hands the bytes to the fake's session.
func (s *arrived) forward(r *http.Request, content []byte, first, total int64) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	out.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, first+int64(len(content))-1, total))
	stored, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer stored.Body.Close()
	text, err := io.ReadAll(stored.Body)
	if err != nil {
		return nil, err
	}
	s.bytes += int64(len(content))
	switch stored.StatusCode {
	case http.StatusOK:
		s.done = text
	case http.StatusPermanentRedirect:
		return s.goOn(r), nil
	}
	return reply(r, stored.StatusCode, string(text)), nil
}

// goOn says how much has arrived.
func (s *arrived) goOn(r *http.Request) *http.Response {
	out := reply(r, http.StatusPermanentRedirect, "")
	if s.bytes > 0 {
		out.Header.Set("Range", "bytes=0-"+strconv.FormatInt(s.bytes-1, 10))
	}
	return out
}

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}
