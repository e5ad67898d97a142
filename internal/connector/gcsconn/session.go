package gcsconn

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

// session is a resumable upload. The object appears once its last byte has arrived, if nothing stands there by then.
// Google drops a session that nobody ended after a week.
type session struct {
	*target
	object   connector.Object
	address  string // a key to the upload: it is told to nobody
	checksum uint32 // of everything that was read
	kept     int64  // bytes that the store has
}

// upload creates the object by chunks.
func (t *target) upload(ctx context.Context, o connector.Object) error {
	s, err := t.begin(ctx, o)
	if err != nil {
		return err
	}
	if err := s.send(ctx); err != nil {
		s.cancel(ctx)
		return err
	}
	return nil
}

// begin opens a session.
func (t *target) begin(ctx context.Context, o connector.Object) (*session, error) {
	metadata, err := json.Marshal(map[string]string{"name": o.Key, "contentType": typeOf(o)})
	if err != nil {
		return nil, err
	}
	reply, err := t.do(ctx, request{
		method: http.MethodPost, address: t.objects("/upload/storage/v1") + "?uploadType=resumable&" + absent.Encode(), body: metadata,
		header: map[string]string{
			"Content-Type": "application/json; charset=UTF-8", "X-Upload-Content-Type": typeOf(o), "X-Upload-Content-Length": strconv.FormatInt(o.Bytes, 10),
		},
	})
	if err != nil {
		return nil, err
	}
	if reply.StatusCode/100 != 2 {
		return nil, t.refusal(reply, toCreate)
	}
	if _, err := guard.ReadReply(reply, guard.MaxRefusal); err != nil {
		return nil, err
	}
	s := &session{target: t, object: o, address: reply.Header.Get("Location")}
	return s, t.checkSession(s.address)
}

// checkSession refuses an upload that goes on somewhere else: its content and a token would follow.
func (t *target) checkSession(address string) error {
	u, err := url.Parse(address)
	base, baseErr := url.Parse(t.base)
	if err == nil && baseErr == nil && u.User == nil && u.Scheme == base.Scheme {
		if u.Host == base.Host || t.google && strings.HasSuffix(u.Host, ".googleapis.com") {
			return nil
		}
	}
	return fault.New(fault.Unavailable, "destination_redirected", "The destination wanted the upload to go on elsewhere.")
}

// send uploads chunk after chunk.
func (s *session) send(ctx context.Context) error {
	for s.kept < s.object.Bytes {
		first := s.kept
		content, err := connector.ReadPart(ctx, s.object, first, min(s.chunkBytes, s.object.Bytes-first))
		if err != nil {
			return err
		}
		s.checksum = crc32.Update(s.checksum, castagnoli, content)
		if err := s.sendChunk(ctx, first, content); err != nil {
			return err
		}
	}
	return nil
}

// maxBreaks is how often a chunk may break off before the upload is given up.
const maxBreaks = 3

// sendChunk uploads the chunk. When it breaks off, the store is asked how much of it arrived, and the rest is sent.
func (s *session) sendChunk(ctx context.Context, first int64, content []byte) error {
	end := first + int64(len(content))
	for breaks := 0; s.kept < end; {
		err := s.put(ctx, content[s.kept-first:])
		if fault.Is(err, fault.Unavailable) && breaks < maxBreaks && ctx.Err() == nil {
			breaks++
			err = s.status(ctx)
		}
		if err != nil {
			return err
		}
		if s.kept < first || s.kept > end {
			return fault.New(fault.Unavailable, "destination_upload_lost", "The destination lost count of the upload.")
		}
	}
	return nil
}

// put sends bytes from where the store is.
func (s *session) put(ctx context.Context, content []byte) error {
	before, last := s.kept, s.kept+int64(len(content))-1
	header := map[string]string{"Content-Range": fmt.Sprintf("bytes %d-%d/%d", s.kept, last, s.object.Bytes)}
	if last+1 == s.object.Bytes {
		header["X-Goog-Hash"] = "crc32c=" + encodeCRC(s.checksum)
	}
	if err := s.call(ctx, content, header); err != nil {
		return err
	}
	if s.kept == before {
		return fault.New(fault.Unavailable, "destination_unavailable", "The destination kept nothing of what was sent.")
	}
	return nil
}

// status learns how much the store has.
func (s *session) status(ctx context.Context) error {
	return s.call(ctx, nil, map[string]string{"Content-Range": fmt.Sprintf("bytes */%d", s.object.Bytes)})
}

// call makes a request of the session and takes in what its reply says of the upload.
func (s *session) call(ctx context.Context, content []byte, header map[string]string) error {
	reply, err := s.do(ctx, request{method: http.MethodPut, address: s.address, body: content, header: header})
	if err != nil {
		return err
	}
	switch reply.StatusCode {
	case http.StatusPermanentRedirect: // in this protocol, "go on"
		if _, err := guard.ReadReply(reply, guard.MaxRefusal); err != nil {
			return err
		}
		s.kept, err = keptOf(reply.Header)
		return err
	case http.StatusOK, http.StatusCreated:
		return s.finish(ctx, reply)
	case http.StatusNotFound, http.StatusGone:
		_ = reply.Body.Close() // what it says is in its status
		return fault.New(fault.Unavailable, "destination_upload_lost", "The upload was dropped before it was whole.")
	}
	return s.refusal(reply, toCreate)
}

// finish reads what was written.
func (s *session) finish(ctx context.Context, reply *http.Response) error {
	text, err := guard.ReadReply(reply, guard.MaxRefusal)
	if err != nil {
		return err
	}
	var written stored
	if err := json.Unmarshal(text, &written); err != nil {
		return fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The destination gave a reply that can't be read.")
	}
	s.kept = s.object.Bytes
	return s.verify(ctx, s.object.Key, written, encodeCRC(s.checksum))
}

// keptOf is how many bytes of an upload a store has: Range: bytes=0-LAST, or none of them without the header.
func keptOf(h http.Header) (int64, error) {
	text := h.Get("Range")
	if text == "" {
		return 0, nil
	}
	text, fromFirst := strings.CutPrefix(strings.TrimPrefix(text, "bytes="), "0-")
	last, err := strconv.ParseUint(text, 10, 62)
	if err != nil || !fromFirst {
		return 0, fault.New(fault.Unavailable, "destination_unavailable", "The destination gave a reply that can't be read.")
	}
	return int64(last) + 1, nil
}

// cancelPatience is how long dropping a session may take once the work is given up.
const cancelPatience = 10 * time.Second

// cancel drops the session although ctx may have ended. What it leaves, Google drops by itself.
func (s *session) cancel(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelPatience)
	defer cancel()
	if reply, err := s.do(ctx, request{method: http.MethodDelete, address: s.address}); err == nil {
		_ = reply.Body.Close() // whatever it says
	}
}
