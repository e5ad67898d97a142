package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/client"
)

// page is a listing of exports with those ids.
func page(ids ...string) string {
	var all []string
	for _, id := range ids {
		all = append(all, exportJSON(id, map[string]any{"new_field": map[string]any{"x": []int{1}}, "status": "a_new_status"}))
	}
	return "[" + strings.Join(all, ",") + "]"
}

// collect lists to the end or the error.
func collect(c *client.Client, t *testing.T, p client.ListExportsParams) (ids []string, err error) {
	for e, err := range c.Exports.List(t.Context(), p) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func TestListFollowsPages(t *testing.T) {
	s := serve(t,
		sends(200, page("exp_3", "exp_2"), "Link", `</api/v2/exports?cursor=a%2Bb&limit=2>; rel="next"`),
		sends(200, page(), "Link", `<?cursor=c>; rel=next`),
		fails(503, "service_unavailable"),
		sends(200, page("exp_1")))
	c, _ := connect(t, s)
	ids, err := collect(c, t, client.ListExportsParams{PageSize: 2, Status: client.StatusFailed, Type: client.ExportIndex, TargetID: "idx 1"})
	if want := []string{"exp_3", "exp_2", "exp_1"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("ids = %v, %v, want %v", ids, err, want)
	}
	var paths []string
	for _, r := range s.requests() {
		paths = append(paths, r.path)
		if r.header.Get("X-API-Key") != testKey {
			t.Errorf("%s has no key", r.path)
		}
	}
	want := []string{
		"/api/v2/exports?export_type=index&limit=2&status=failed&target_id=idx+1", "/api/v2/exports?cursor=a%2Bb&limit=2",
		"/api/v2/exports?cursor=c", "/api/v2/exports?cursor=c",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("paths = %q, want %q", paths, want)
	}
}

func TestListAsksForNoMoreThanIsRead(t *testing.T) {
	s := serve(t, sends(200, page("exp_2", "exp_1"), "Link", `</api/v2/exports?cursor=a>; rel="next"`))
	c, _ := connect(t, s)
	for e, err := range c.Exports.List(t.Context(), client.ListExportsParams{}) {
		if err != nil || e.Status != "a_new_status" || !strings.Contains(string(e.RawJSON()), "new_field") {
			t.Errorf("export = %+v, %v", e, err)
		}
		break
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestListRefusesForeignPages(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer other.Close()
	for _, target := range []string{
		other.URL + "/api/v2/exports?cursor=a", strings.Replace(other.URL, "http:", "", 1) + "/api/v2/exports?cursor=a",
		"https://exports.example.com/api/v2/exports?cursor=a", "https:${here}/api/v2/exports?cursor=a", "ftp://127.0.0.1/", "http://[::1", "%zz",
	} {
		var s *server
		s = serve(t, func(w http.ResponseWriter, r *http.Request) {
			target := strings.Replace(target, "${here}", strings.TrimPrefix(s.URL, "http:"), 1)
			sends(200, page("exp_1"), "Link", "<"+target+`>; rel="next"`)(w, r)
		})
		c, _ := connect(t, s)
		ids, err := collect(c, t, client.ListExportsParams{})
		refused := err != nil && (strings.Contains(err.Error(), "was not followed") || strings.Contains(err.Error(), "is not a URL"))
		if !refused || len(ids) != 1 || len(s.requests()) != 1 || strings.Contains(err.Error(), "cursor=") {
			t.Errorf("%s: %v, %v after %d requests", target, ids, err, len(s.requests()))
		}
	}
}

func TestListEndsWithItsError(t *testing.T) {
	s := serve(t, sends(200, page("exp_1"), "Link", `</api/v2/exports?cursor=bad>; rel="next"`), fails(400, "invalid_cursor"))
	c, _ := connect(t, s)
	pairs := 0
	var last error
	for _, err := range c.Exports.List(t.Context(), client.ListExportsParams{}) {
		pairs++
		last = err
	}
	var e *client.Error
	if pairs != 2 || !errors.As(last, &e) || e.Code != "invalid_cursor" {
		t.Errorf("%d pairs, the last with %v", pairs, last)
	}
	loop := serve(t, sends(200, page("exp_1"), "Link", `</api/v2/exports?cursor=same>; rel="next"`))
	c, _ = connect(t, loop)
	if ids, err := collect(c, t, client.ListExportsParams{}); err == nil || len(ids) != 2 {
		t.Errorf("pages that lead to themselves: %v, %v", ids, err)
	}
	null := serve(t, sends(200, "[null]"))
	c, _ = connect(t, null)
	if _, err := collect(c, t, client.ListExportsParams{}); err == nil {
		t.Error("a page of null: no error")
	}
}

func TestNextLink(t *testing.T) {
	for _, c := range []struct{ header, want string }{
		{`</a>; rel="next"`, "/a"},
		{`</a>; rel=next`, "/a"},
		{`</a>;rel="prev next"`, "/a"},
		{`</a>; REL="Next"`, "/a"},
		{`</p>; rel="prev", </a?x=1,2;3>; rel="next"`, "/a?x=1,2;3"},
		{`</p>; title="a, <b>; rel=next"; rel=prev, </a>; rel=next`, "/a"},
		{`</a>; rel="nextish"`, ""},
		{`</a>; title="next"`, ""},
		{`</a>`, ""},
		{`</a; rel="next"`, ""},
		{`/a; rel="next"`, ""},
		{`<>; rel="next"`, ""},
		{``, ""},
	} {
		if got := client.NextLink([]string{c.header}); got != c.want {
			t.Errorf("NextLink(%s) = %q, want %q", c.header, got, c.want)
		}
	}
	if got := client.NextLink([]string{`</p>; rel="prev"`, `</a>; rel="next"`}); got != "/a" {
		t.Errorf("in the second header: %q", got)
	}
}

// FuzzNextLink: an address is one that the header holds, between its brackets.
func FuzzNextLink(f *testing.F) {
	f.Add(`</a>; rel="next", </b>; rel=prev`)
	f.Add(`<<>,;"`)
	f.Fuzz(func(t *testing.T, header string) {
		target := client.NextLink([]string{header})
		if target != "" && !strings.Contains(header, fmt.Sprintf("<%s>", target)) {
			t.Errorf("NextLink(%q) = %q, which is not there", header, target)
		}
	})
}
