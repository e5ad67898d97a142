package gcsconn

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

// target is an opened bucket.
type target struct {
	client       *http.Client
	base, bucket string
	tokens       *bearer.Source
	chunkBytes   int64
	google       bool // it is Google's own address
}

var _ connector.Target = (*target)(nil)

// URI implements connector.Target.
func (t *target) URI(key string) string { return "gs://" + t.bucket + "/" + key }

// objects is the address of the bucket's objects, below /storage/v1 or /upload/storage/v1.
func (t *target) objects(api string) string {
	return t.base + api + "/b/" + t.bucket + "/o" // a bucket's name needs no escaping
}

// object is the address of one, whose key is a single segment of the path.
func (t *target) object(key string, query url.Values) string {
	address := t.objects("/storage/v1") + "/" + segment(key)
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// segment encodes everything but letters, digits and -._~, so that nothing on the way takes the key for more than one
// segment.
func segment(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "+", "%20")
}

// request is one call.
type request struct {
	method, address string
	body            []byte
	header          map[string]string
	permission      string // that it needs
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
	reply, err := t.client.Do(out)
	if err != nil {
		return nil, guard.Unanswered(err)
	}
	return reply, nil
}

// ask sends a request whose reply is JSON, and reads it into v, which may be nil.
func (t *target) ask(ctx context.Context, r request, v any) error {
	reply, err := t.do(ctx, r)
	if err != nil {
		return err
	}
	if reply.StatusCode/100 != 2 {
		return t.refusal(reply, r.permission)
	}
	text, err := guard.ReadReply(reply, maxPage)
	if err != nil || v == nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The destination gave a reply that can't be read.")
	}
	return nil
}

// Open implements connector.Target.
func (t *target) Open(ctx context.Context, key string) (io.ReadCloser, connector.Info, error) {
	if err := connector.CheckKey(key); err != nil {
		return nil, connector.Info{}, err
	}
	reply, err := t.do(ctx, request{method: http.MethodGet, address: t.object(key, url.Values{"alt": {"media"}})})
	if err != nil {
		return nil, connector.Info{}, err
	}
	if reply.StatusCode != http.StatusOK {
		return nil, connector.Info{}, t.refusal(reply, toRead)
	}
	info := connector.Info{Bytes: max(reply.ContentLength, 0), ETag: strings.Trim(reply.Header.Get("ETag"), `"`), VersionID: reply.Header.Get("X-Goog-Generation")}
	return guard.Content(reply.Body), info, nil
}

// Remove implements connector.Target.
func (t *target) Remove(ctx context.Context, key string) error {
	if err := connector.CheckKey(key); err != nil {
		return err
	}
	err := t.ask(ctx, request{method: http.MethodDelete, address: t.object(key, nil), permission: toDelete}, nil)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

const (
	pageObjects = "1000"
	maxPage     = 16 << 20 // bytes of a page: a key has up to 1,024, each up to six in JSON
)

// page is one reply of a listing.
type page struct {
	Items []struct {
		Name        string    `json:"name"`
		Size        int64     `json:"size,string"`
		Updated     time.Time `json:"updated"`
		ContentType string    `json:"contentType"`
	} `json:"items"`
	NextPageToken string `json:"nextPageToken"`
}

// List implements connector.Target.
func (t *target) List(ctx context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	query := url.Values{"prefix": {q.Prefix}, "maxResults": {pageObjects}, "fields": {"items(name,size,updated,contentType),nextPageToken"}}
	if q.Flat {
		query.Set("delimiter", "/")
	}
	return func(yield func(connector.File, error) bool) {
		for query := url.Values(http.Header(query).Clone()); ; {
			var p page
			err := t.ask(ctx, request{method: http.MethodGet, address: t.objects("/storage/v1") + "?" + query.Encode(), permission: toList}, &p)
			if err != nil {
				yield(connector.File{}, err)
				return
			}
			for _, o := range p.Items {
				f, err := connector.Listed(connector.File{Key: o.Name, Bytes: o.Size, LastModified: o.Updated.UTC(), ContentType: o.ContentType})
				if !yield(f, err) || err != nil {
					return
				}
			}
			if p.NextPageToken == "" || p.NextPageToken == query.Get("pageToken") { // a page that leads to itself is the last
				return
			}
			query.Set("pageToken", p.NextPageToken)
		}
	}
}
