package azureconn

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

// version is Blob Storage's, of which this package speaks.
const version = "2024-11-04"

// target is an opened container.
type target struct {
	client            *http.Client
	tokens            *bearer.Source
	clock             func() time.Time
	blockBytes        int64
	container, public string // its address, and the one that users see
	azure             bool   // it is Microsoft's own address
}

var _ connector.Target = (*target)(nil)

// URI implements connector.Target.
func (t *target) URI(key string) string { return t.public + "/" + key }

// blob is the address of the object, with everything but letters, digits, slashes and -._~ encoded.
func (t *target) blob(key string, query url.Values) string {
	address := t.container + "/" + strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(key))
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// checkKey refuses what connector.CheckKey does, and segments that end in a dot: Azure may take the dot away, and the
// object would be another one.
func checkKey(key string) error {
	if err := connector.CheckKey(key); err != nil {
		return err
	}
	if strings.HasSuffix(key, ".") || strings.Contains(key, "./") {
		return fault.New(fault.Invalid, "destination_key_refused", "The object's key can't be used in Azure Storage, where no segment of a path may end in a dot.")
	}
	return nil
}

// request is one call.
type request struct {
	method, address string
	body            []byte
	header          map[string]string
}

// do sends the request with a token.
func (t *target) do(ctx context.Context, r request) (*http.Response, error) {
	out, err := t.tokens.Request(ctx, r.method, r.address, r.body)
	if err != nil {
		return nil, err
	}
	for name, value := range r.header {
		out.Header.Set(name, value)
	}
	out.Header.Set("x-ms-version", version)
	out.Header.Set("x-ms-date", t.clock().UTC().Format(http.TimeFormat))
	reply, err := t.client.Do(out)
	if err != nil {
		return nil, t.unanswered(err)
	}
	return reply, nil
}

// tell sends a request whose reply has nothing but its status, and expects one.
func (t *target) tell(ctx context.Context, r request, want int, permission string) error {
	reply, err := t.do(ctx, r)
	if err != nil {
		return err
	}
	if reply.StatusCode != want {
		return t.refusal(reply, permission)
	}
	_, err = guard.ReadReply(reply, guard.MaxRefusal)
	return err
}

// Open implements connector.Target.
func (t *target) Open(ctx context.Context, key string) (io.ReadCloser, connector.Info, error) {
	if err := checkKey(key); err != nil {
		return nil, connector.Info{}, err
	}
	reply, err := t.do(ctx, request{method: http.MethodGet, address: t.blob(key, nil)})
	if err != nil {
		return nil, connector.Info{}, err
	}
	if reply.StatusCode != http.StatusOK {
		return nil, connector.Info{}, t.refusal(reply, toRead)
	}
	info := connector.Info{Bytes: max(reply.ContentLength, 0), ETag: strings.Trim(reply.Header.Get("ETag"), `"`), VersionID: reply.Header.Get("x-ms-version-id")}
	return guard.Content(reply.Body), info, nil
}

// Remove implements connector.Target.
func (t *target) Remove(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := t.tell(ctx, request{method: http.MethodDelete, address: t.blob(key, nil), header: map[string]string{"x-ms-delete-snapshots": "include"}}, http.StatusAccepted, toDelete)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
