package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ListExportsParams filter a listing. The zero value is every export.
type ListExportsParams struct {
	PageSize int // of one request, from 1 to 200; 0 leaves it to the API
	Status   Status
	Type     ExportType
	TargetID string
}

func (p ListExportsParams) query() url.Values {
	q := url.Values{}
	if p.PageSize != 0 {
		q.Set("limit", strconv.Itoa(p.PageSize))
	}
	for name, v := range map[string]string{"status": string(p.Status), "export_type": string(p.Type), "target_id": p.TargetID} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// List yields exports, newest first, and asks for the next page when it is needed. An error is yielded once, as the
// last pair.
func (s *ExportsService) List(ctx context.Context, p ListExportsParams) iter.Seq2[*Export, error] {
	return func(yield func(*Export, error) bool) {
		r := request{method: http.MethodGet, path: "/exports", query: p.query()}
		for more := true; more; {
			var page []*Export
			rep, err := s.caller.fetch(ctx, r, &page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page {
				if e == nil {
					yield(nil, rep.unexpected())
					return
				}
				if !yield(e, nil) {
					return
				}
			}
			if r.url, err = s.caller.next(r, rep.header); err != nil {
				yield(nil, err)
				return
			}
			more = r.url != nil
		}
	}
}

// next is the following page's URL, nil for none. The key goes with it, so it must be on the API's origin.
func (c *caller) next(r request, h http.Header) (*url.URL, error) {
	target := nextLink(h.Values("Link"))
	if target == "" {
		return nil, nil
	}
	here, err := c.target(r)
	if err != nil {
		return nil, err
	}
	u, err := here.Parse(target)
	switch {
	case err != nil:
		return nil, errors.New("client: the link to the next page is not a URL")
	case u.Scheme != here.Scheme || !strings.EqualFold(u.Host, here.Host) || u.User != nil:
		return nil, fmt.Errorf("client: the link to the next page leads to %s and was not followed: the key is for %s", u.Host, here.Host)
	case u.String() == here.String():
		return nil, errors.New("client: the link to the next page leads to the same page")
	}
	return u, nil
}

// nextLink finds the target of the link with rel="next" in the values of Link headers (RFC 8288), "" for none.
func nextLink(values []string) string {
	for rest := strings.Join(values, ","); ; {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			return ""
		}
		target, params, ok := strings.Cut(after, ">")
		if !ok {
			return ""
		}
		var next bool
		if next, rest = relNext(params); next {
			return target
		}
	}
}

// relNext reads the parameters of one link, up to the comma that ends it, and gives what stands behind.
func relNext(params string) (next bool, rest string) {
	quoted, begin := false, 0
	for i := 0; i <= len(params); i++ {
		if i < len(params) {
			if params[i] == '"' {
				quoted = !quoted
			}
			if quoted || params[i] != ';' && params[i] != ',' {
				continue
			}
		}
		name, value, _ := strings.Cut(params[begin:i], "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") {
			next = next || hasWord(strings.Trim(strings.TrimSpace(value), `"`), "next")
		}
		if i < len(params) && params[i] == ',' {
			return next, params[i+1:]
		}
		begin = i + 1
	}
	return next, ""
}

func hasWord(s, word string) bool {
	for w := range strings.FieldsSeq(s) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
