package localgw

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Headers and trailers of the Lambda Runtime API.
const (
	requestIDHeader    = "Lambda-Runtime-Aws-Request-Id"
	deadlineHeader     = "Lambda-Runtime-Deadline-Ms"
	functionARNHeader  = "Lambda-Runtime-Invoked-Function-Arn"
	traceIDHeader      = "Lambda-Runtime-Trace-Id"
	responseModeHeader = "Lambda-Runtime-Function-Response-Mode"
	errorTypeHeader    = "Lambda-Runtime-Function-Error-Type"
	errorBodyTrailer   = "Lambda-Runtime-Function-Error-Body" // base64 of a JSON error
)

// runtimeAPI serves the API to one process.
func (s *sandbox) runtimeAPI() http.Handler {
	const version = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"invocation/next", s.next)
	mux.HandleFunc("POST "+version+"invocation/{id}/response", s.respond)
	mux.HandleFunc("POST "+version+"invocation/{id}/error", s.fail)
	mux.HandleFunc("POST "+version+"init/error", s.failStart)
	return mux
}

// next waits for work, as long as it takes.
func (s *sandbox) next(w http.ResponseWriter, r *http.Request) {
	if c := s.given(); c != nil && !c.finished() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "The invocation "+c.id+" has no response yet.")
		return
	}
	select {
	case s.asks <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	select {
	case c := <-s.calls:
		s.hand(w, c)
	case <-r.Context().Done():
	}
}

// hand gives a call to the process. Where it doesn't arrive, the process ends or the call gets late.
func (s *sandbox) hand(w http.ResponseWriter, c *call) {
	s.mu.Lock()
	s.current = c
	s.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set(requestIDHeader, c.id)
	h.Set(deadlineHeader, strconv.FormatInt(time.Now().Add(s.pool.Timeout).UnixMilli(), 10))
	h.Set(functionARNHeader, s.pool.owner.arn(s.pool.name))
	h.Set(traceIDHeader, traceID(c.id, time.Now())+";Sampled=0")
	h.Set("Content-Length", strconv.Itoa(len(c.payload)))
	_, _ = w.Write(c.payload)
}

func (s *sandbox) given() *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// named is the call that a request is about; nil when it is not the one under way, and then the request is answered.
func (s *sandbox) named(w http.ResponseWriter, r *http.Request) *call {
	c := s.given()
	if c == nil || c.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	}
	return c
}

// respond takes a reply: a stream as it comes, any other whole.
func (s *sandbox) respond(w http.ResponseWriter, r *http.Request) {
	c := s.named(w, r)
	if c == nil {
		return
	}
	if r.Header.Get(responseModeHeader) == "streaming" || r.Header.Get("Content-Type") == streamingType {
		s.stream(c, w, r)
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, MaxReply+1))
	if err != nil {
		return // the process ends, or the call gets late
	}
	reply := limited(Reply{Payload: raw, ContentType: r.Header.Get("Content-Type")})
	if len(raw) > MaxReply {
		settle(c, reply, w, http.StatusRequestEntityTooLarge)
		return
	}
	if e := midway(r.Trailer); e != nil {
		reply = *e
	}
	settle(c, reply, w, http.StatusAccepted)
}

// settle gives a call its whole reply, and the process the status.
func settle(c *call, reply Reply, w http.ResponseWriter, status int) {
	if !c.claim() {
		refuseAnswered(w)
		return
	}
	c.send(outcome{reply: reply})
	c.finish()
	if status != http.StatusAccepted {
		refuse(w, status, "RequestEntityTooLarge", "Exceeded maximum allowed payload size ("+strconv.Itoa(MaxReply)+" bytes).")
		return
	}
	accept(w)
}

// errBrokenOff ends a stream whose function failed midway.
var errBrokenOff = errors.New("the function broke its response stream off")

// stream passes a reply on while the process writes it. When the caller leaves, the process writes on, to nobody: a
// streaming function is not interrupted.
func (s *sandbox) stream(c *call, w http.ResponseWriter, r *http.Request) {
	if !c.claim() {
		refuseAnswered(w)
		return
	}
	out, in := io.Pipe()
	c.send(outcome{reply: Reply{Stream: out, ContentType: r.Header.Get("Content-Type")}})
	_, err := io.Copy(in, r.Body)
	if errors.Is(err, io.ErrClosedPipe) {
		_, err = io.Copy(io.Discard, r.Body)
	}
	if err == nil && midway(r.Trailer) != nil {
		err = errBrokenOff
	}
	_ = in.CloseWithError(err) // it never fails
	c.finish()
	accept(w)
}

// midway is the failure that stands in the trailers of a reply that had begun.
func midway(trailer http.Header) *Reply {
	kind := trailer.Get(errorTypeHeader)
	if kind == "" {
		return nil
	}
	payload, err := base64.StdEncoding.DecodeString(trailer.Get(errorBodyTrailer))
	if err != nil {
		payload = nil
	}
	return reported(kind, payload)
}

// reported is a failure as the function describes it, word for word; kind stands for a description that is no JSON.
func reported(kind string, payload []byte) *Reply {
	r := Reply{Payload: payload, ContentType: jsonType, FunctionError: unhandled}
	if !json.Valid(payload) {
		r = failed(kind, "")
	}
	r = limited(r)
	return &r
}

// fail takes a function's error.
func (s *sandbox) fail(w http.ResponseWriter, r *http.Request) {
	c := s.named(w, r)
	if c == nil {
		return
	}
	if e := errorOf(r); e != nil {
		settle(c, *e, w, http.StatusAccepted)
	}
}

// failStart takes the reason why a process can't start. It is the outcome of the call that the process was started for.
func (s *sandbox) failStart(w http.ResponseWriter, r *http.Request) {
	if s.given() != nil {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "The runtime has started.")
		return
	}
	if e := errorOf(r); e != nil {
		s.mu.Lock()
		s.failed = e
		s.mu.Unlock()
		accept(w)
	}
}

// errorOf reads an error that a process reports; nil when it breaks off.
func errorOf(r *http.Request) *Reply {
	raw, err := io.ReadAll(io.LimitReader(r.Body, MaxReply+1))
	if err != nil {
		return nil
	}
	kind := r.Header.Get(errorTypeHeader)
	if kind == "" {
		kind = "Runtime.Unknown"
	}
	return reported(kind, raw)
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`) // a process that is gone has no use for it
}

func refuseAnswered(w http.ResponseWriter) {
	refuse(w, http.StatusForbidden, "InvalidStateTransition", "The invocation has its response.")
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message}) // as above
}
