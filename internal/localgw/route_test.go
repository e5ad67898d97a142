package localgw

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	d := &document{}
	for _, r := range []string{
		"POST /v2/things/new", "GET /v2/things/{id}", "ANY /v2/things/{id}/parts", "GET /v2/things/{id}/parts", "GET /v2/files/{path+}",
	} {
		method, path, _ := strings.Cut(r, " ")
		d.routes = append(d.routes, route{method: method, path: path, segments: strings.Split(path, "/")})
	}
	for request, want := range map[string]string{
		"POST /v2/things/new":      "POST /v2/things/new",
		"GET /v2/things/a%2Fb":     "GET /v2/things/{id} id=a%2Fb",
		"GET /v2/things/new":       "", // the literal resource is the one, and it has no such method
		"DELETE /v2/things/x":      "",
		"GET /v2/things/x/parts":   "GET /v2/things/{id}/parts id=x",
		"PATCH /v2/things/x/parts": "ANY /v2/things/{id}/parts id=x",
		"GET /v2/files/a/b":        "GET /v2/files/{path+} path=a/b",
		"GET /v2/things/":          "",
		"GET /v2/things":           "",
	} {
		method, path, _ := strings.Cut(request, " ")
		got := ""
		if r, params := d.match(method, path); r != nil {
			got = r.method + " " + r.path
			for name, v := range params {
				got += " " + name + "=" + v
			}
		}
		if got != want {
			t.Errorf("%s is taken by %q, want %q", request, got, want)
		}
	}
}
