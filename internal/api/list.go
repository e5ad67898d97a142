package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Limits of a listing.
const (
	defaultLimit = 50
	maxLimit     = 200
	// maxFills bounds the store's pages behind one page of a filtered listing; a page that is still short then is
	// given out with its Link to the next.
	maxFills = 10
)

func (s reader) list(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "bad_request", "The query string could not be read.")
	}
	q, err := parseListQuery(values)
	if err != nil {
		return err
	}
	if values.Has("cursor") {
		if q.BeforeID, err = s.Keys.OpenCursor(values.Get("cursor"), p.AccountID, filters(q)); err != nil {
			return err
		}
	}
	page, err := s.fill(r.Context(), p.AccountID, q)
	if err != nil {
		return err
	}
	if page.NextBefore != "" {
		w.Header().Set("Link", s.next(p.AccountID, q, page.NextBefore))
	}
	views := make([]exportView, len(page.Exports))
	for i, e := range page.Exports {
		views[i] = view(e, s.Clock())
	}
	return reply(w, http.StatusOK, views)
}

// fill reads on until the page holds its limit, since the store may give less although there is more, and what is
// forgotten although nobody is shown it.
func (s reader) fill(ctx context.Context, account string, q store.ListQuery) (store.Page, error) {
	var page store.Page
	for range maxFills {
		next, err := s.Exports.ListExports(ctx, account, q)
		if err != nil {
			return page, err
		}
		shown := slices.DeleteFunc(next.Exports, func(e export.Export) bool { return e.Forgotten(s.Clock()) })
		page.Exports, page.NextBefore = append(page.Exports, shown...), next.NextBefore
		q.BeforeID = next.NextBefore
		q.Limit -= len(shown)
		if q.BeforeID == "" || q.Limit <= 0 {
			break
		}
	}
	return page, nil
}

// parseListQuery reads limit and filters; the cursor is opened once the filters are known to be good.
func parseListQuery(values url.Values) (store.ListQuery, error) {
	f := newFields()
	for _, name := range []string{"limit", "cursor", "status", "export_type", "target_id"} {
		if len(values[name]) > 1 {
			f.wrong(name, "must be given once")
		}
	}
	q := store.ListQuery{
		Limit:    defaultLimit,
		Status:   export.Status(values.Get("status")),
		Type:     export.Type(values.Get("export_type")),
		TargetID: values.Get("target_id"),
	}
	if values.Has("limit") {
		n, err := strconv.Atoi(values.Get("limit"))
		if err != nil || n < 1 || n > maxLimit || strconv.Itoa(n) != values.Get("limit") {
			f.wrong("limit", "must be a whole number from 1 to 200")
		}
		q.Limit = n
	}
	checkFilters(f, values, q)
	return q, f.err()
}

func checkFilters(f *fields, values url.Values, q store.ListQuery) {
	if values.Has("status") {
		switch q.Status {
		case export.StatusPending, export.StatusProcessing, export.StatusCompleted, export.StatusFailed:
		default:
			f.wrong("status", "must be pending, processing, completed or failed")
		}
	}
	if values.Has("export_type") && q.Type != export.TypeIndex && q.Type != export.TypePromptRun {
		f.wrong("export_type", "must be index or prompt_run")
	}
	if values.Has("target_id") && !export.ValidID(q.TargetID) {
		f.wrong("target_id", "must be an id")
	}
}

// filters is what a cursor is bound to beside the account. The limit may change from page to page.
func filters(q store.ListQuery) []string {
	return []string{string(q.Status), string(q.Type), q.TargetID}
}

// next is the Link header to the page that goes on below before. Its target is relative to the API's host, so it is
// right under every name that the API has.
func (s reader) next(account string, q store.ListQuery, before string) string {
	values := url.Values{"limit": {strconv.Itoa(q.Limit)}}
	values.Set("cursor", s.Keys.SealCursor(auth.Cursor{AccountID: account, Filters: filters(q), BeforeID: before}))
	for name, v := range map[string]string{"status": string(q.Status), "export_type": string(q.Type), "target_id": q.TargetID} {
		if v != "" {
			values.Set(name, v)
		}
	}
	return "</api/v2/exports?" + values.Encode() + `>; rel="next"`
}
