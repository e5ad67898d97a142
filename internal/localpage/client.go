package localpage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

// perPage is how many exports the list shows at once, and maxReply bounds a reply of the API in bytes.
const (
	perPage  = 50
	maxReply = 16 << 20
)

// client calls the API with the account's key.
type client struct {
	base string
	key  string
	http *http.Client
}

func newClient(base, key string) client {
	return client{base: base, key: key, http: &http.Client{
		Transport:     &http.Transport{DisableCompression: true}, // files come as they are
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// refusal is an error of the API.
type refusal struct {
	Code      string
	Message   string
	RequestID string `json:"request_id"`
	Details   struct{ Fields map[string]any }
	status    int
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("%s (%d %s)", r.Message, r.status, r.Code) }

// errAPI is a call that brought nothing; the cause may hold addresses and is left out.
var errAPI = errors.New("The API does not answer.")

// send makes a call. Anything but a 2xx is a *refusal; the body is the caller's to close.
func (c client) send(ctx context.Context, method, path string, body any, header ...string) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content) //nolint:gosec // G704: the local service's own API
	if err != nil {
		return nil, errAPI
	}
	r.Header.Set("X-API-Key", c.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(r) //nolint:gosec // G704: the local service's own API
	if err != nil {
		return nil, errAPI
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	var envelope struct{ Error refusal }
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil || json.Unmarshal(raw, &envelope) != nil {
		return nil, errAPI
	}
	envelope.Error.status = res.StatusCode
	return nil, &envelope.Error
}

// fetch makes a call and reads its reply into v.
func (c client) fetch(ctx context.Context, v any, method, path string, body any, header ...string) (http.Header, error) {
	res, err := c.send(ctx, method, path, body, header...)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil || json.Unmarshal(raw, v) != nil {
		return nil, errAPI
	}
	return res.Header, nil
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// list gives a page of exports, newest first, and the cursor of the next one.
func (c client) list(ctx context.Context, cursor string) (all []exportView, next string, err error) {
	query := url.Values{"limit": {strconv.Itoa(perPage)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	header, err := c.fetch(ctx, &all, http.MethodGet, "/exports?"+query.Encode(), nil)
	if err != nil {
		return nil, "", err
	}
	if m := nextLink.FindStringSubmatch(header.Get("Link")); m != nil {
		if u, err := url.Parse(m[1]); err == nil {
			next = u.Query().Get("cursor")
		}
	}
	return all, next, nil
}

func (c client) export(ctx context.Context, id string) (e exportView, err error) {
	_, err = c.fetch(ctx, &e, http.MethodGet, "/exports/"+url.PathEscape(id), nil)
	return e, err
}

// create makes an export of an index; replayed says that the key was used before.
func (c client) create(ctx context.Context, f form) (id string, replayed bool, err error) {
	var header []string
	if f.Key != "" {
		header = []string{"Idempotency-Key", f.Key}
	}
	var created struct {
		ID string `json:"export_id"`
	}
	got, err := c.fetch(ctx, &created, http.MethodPost, "/exports/index/"+url.PathEscape(f.Index), f.request(), header...)
	return created.ID, got.Get("Idempotency-Replayed") == "true", err
}

// change asks for a cancel or a retry.
func (c client) change(ctx context.Context, id, action string) error {
	res, err := c.send(ctx, http.MethodPost, "/exports/"+url.PathEscape(id)+"/"+action, nil)
	if err == nil {
		err = res.Body.Close()
	}
	return err
}

// open begins the download of an export's file of that name.
func (c client) open(ctx context.Context, id, name string) (*http.Response, error) {
	e, err := c.export(ctx, id)
	if err != nil {
		return nil, err
	}
	if link := e.Link(name); link != "" {
		return c.openLink(ctx, link, name)
	}
	return c.send(ctx, http.MethodGet, "/exports/"+url.PathEscape(id)+"/download?"+url.Values{"file": {name}}.Encode(), nil)
}

// openLink begins a download at a presigned link, which gets no key.
func (c client) openLink(ctx context.Context, link, name string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil) //nolint:gosec // G704: a link that the API has made
	if err != nil {
		return nil, errAPI
	}
	res, err := c.http.Do(r) //nolint:gosec // G704: a link that the API has made
	if err != nil {
		return nil, errAPI
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, &refusal{Code: "link_refused", Message: "The presigned link to " + name + " was refused.", status: http.StatusBadGateway}
	}
	return res, nil
}
