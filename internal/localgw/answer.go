package localgw

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// answer is a function's reply as the proxy integration defines it.
type answer struct {
	Status       jsontext.Value              `json:"statusCode"`
	Headers      map[string]jsontext.Value   `json:"headers"`
	MultiHeaders map[string][]jsontext.Value `json:"multiValueHeaders"`
	Body         *string                     `json:"body"`
	Base64       bool                        `json:"isBase64Encoded"`
}

// remapped are response headers that the gateway renames, because they are its own to set.
var remapped = []string{
	"Authorization", "Connection", "Content-Md5", "Date", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate",
	"Server", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Www-Authenticate",
}

// buffered passes a whole reply on.
func (x *exchange) buffered(r Reply) *problem {
	if r.FunctionError != "" {
		return &integrationFailed
	}
	a, status, err := parseAnswer(r.Payload)
	if err != nil {
		return x.malformed(err)
	}
	body, err := x.decoded(a)
	if err != nil {
		return &misconfigured
	}
	if err := a.setHeaders(x.w.Header()); err != nil {
		return x.malformed(err)
	}
	x.finish(status, body)
	return nil
}

// finish sends a whole answer; its length is what the body has, whatever the function said.
func (x *exchange) finish(status int, body []byte) {
	bodiless := status == http.StatusNoContent || status == http.StatusNotModified
	h := x.w.Header()
	h.Del("Content-Length")
	if !bodiless {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		defaultType(h)
	}
	x.begin(status)
	if bodiless {
		return
	}
	if _, err := x.w.Write(body); err != nil {
		x.broken = true
	}
}

func defaultType(h http.Header) {
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", jsonType)
	}
}

// malformed notes why a reply was not understood; the caller learns only that it was not.
func (x *exchange) malformed(err error) *problem {
	clear(x.w.Header())
	x.g.cfg.Log.ErrorContext(x.r.Context(), "malformed proxy response", "function", x.route.function, "request_id", x.id, "error", err.Error())
	return &malformedReply
}

func parseAnswer(payload []byte) (answer, int, error) {
	var a answer
	if jsontext.Value(payload).Kind() != '{' {
		return a, 0, errors.New("the reply is not an object")
	}
	if err := json.Unmarshal(payload, &a); err != nil {
		return a, 0, errors.New("the reply has not the proxy integration's form")
	}
	text, err := plain(a.Status)
	if err != nil {
		return a, 0, errors.New("the status code is missing or not a number")
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return a, 0, errors.New("the status code is not one of HTTP")
	}
	return a, status, nil
}

// decoded is the body's bytes. The gateway decodes base64 only for what the description calls binary.
func (x *exchange) decoded(a answer) ([]byte, error) {
	if a.Body == nil {
		return nil, nil
	}
	if a.Base64 && x.g.doc.isBinary(x.r.Header.Get("Accept")) {
		return base64.StdEncoding.DecodeString(*a.Body)
	}
	return []byte(*a.Body), nil
}

// setHeaders merges both forms; where a name is in both, the values of the list lead.
func (a answer) setHeaders(h http.Header) error {
	for name, value := range a.Headers {
		text, err := plain(value)
		if err != nil {
			return fmt.Errorf("the value of header %q is no scalar", name)
		}
		h.Set(ownName(name), text)
	}
	for name, values := range a.MultiHeaders {
		h.Del(ownName(name))
		for _, value := range values {
			text, err := plain(value)
			if err != nil {
				return fmt.Errorf("a value of header %q is no scalar", name)
			}
			h.Add(ownName(name), text)
		}
	}
	return nil
}

func ownName(name string) string {
	if c := http.CanonicalHeaderKey(name); slices.Contains(remapped, c) {
		return "X-Amzn-Remapped-" + c
	}
	return name
}

// plain is the text of a JSON string, number or boolean.
func plain(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(v, &s)
		return s, err
	case '0', 't', 'f':
		return string(v), nil
	}
	return "", errors.New("not a scalar")
}

// delimiter ends the prelude of a streamed reply.
var delimiter = make([]byte, 8)

// maxPrelude bounds status and headers of a streamed reply, in bytes.
const maxPrelude = 64 << 10

// stream passes a reply on as it comes, without keeping it.
func (x *exchange) stream(r Reply) *problem {
	if r.FunctionError != "" {
		return &integrationFailed
	}
	if r.Stream == nil || r.ContentType != streamingType {
		discard(r)
		return x.malformed(errors.New("the integration streams, but the reply is no stream with a prelude"))
	}
	defer discard(r)
	body := bufio.NewReaderSize(r.Stream, maxPrelude)
	a, status, err := readPrelude(body)
	if err != nil {
		return x.malformed(err)
	}
	if err := a.setHeaders(x.w.Header()); err != nil {
		return x.malformed(err)
	}
	defaultType(x.w.Header())
	x.begin(status)
	if err := x.copy(body); err != nil {
		x.broken = true
		panic(http.ErrAbortHandler) // the caller must not take a short body for a whole one
	}
	return nil
}

func readPrelude(body *bufio.Reader) (answer, int, error) {
	head, err := body.ReadSlice(delimiter[0])
	if err != nil {
		return answer{}, 0, errors.New("the stream has no prelude")
	}
	a, status, err := parseAnswer(head[:len(head)-1])
	if err != nil {
		return a, 0, err
	}
	rest, err := body.Peek(len(delimiter) - 1)
	if err != nil || !bytes.Equal(rest, delimiter[1:]) {
		return a, 0, errors.New("the prelude does not end in eight NULs")
	}
	_, err = body.Discard(len(rest))
	return a, status, err
}

// copy sends the body. Where its length is not announced, every piece leaves at once.
func (x *exchange) copy(body io.Reader) error {
	flush := x.w.Header().Get("Content-Length") == ""
	out := http.NewResponseController(x.w)
	piece := make([]byte, 64<<10)
	for {
		n, err := body.Read(piece)
		if n > 0 {
			if _, err := x.w.Write(piece[:n]); err != nil {
				return err
			}
			if flush {
				_ = out.Flush() // a writer that can't flush sends at its own pace
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
