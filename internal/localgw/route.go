package localgw

import (
	"strings"
)

// match finds the route of a method and an escaped path without the stage. The path decides first, as the gateway looks
// for a resource before it looks for its method: a literal segment leads over a parameter, a parameter over a greedy
// one. Then a method leads over ANY. Parameters are as escaped as the path was: REST APIs hand both on untouched.
func (d *document) match(method, path string) (*route, map[string]string) {
	segments := strings.Split(path, "/")
	resource := d.resource(segments)
	var found *route
	for i := range d.routes {
		r := &d.routes[i]
		if r.path == resource && (r.method == method || r.method == "ANY" && found == nil) {
			found = r
		}
	}
	if found == nil {
		return nil, nil
	}
	return found, found.parameters(segments)
}

// resource is the description's path that takes the segments, "" for none.
func (d *document) resource(segments []string) string {
	var best *route
	for i := range d.routes {
		if r := &d.routes[i]; r.takes(segments) && (best == nil || r.leads(best)) {
			best = r
		}
	}
	if best == nil {
		return ""
	}
	return best.path
}

func parameter(segment string) (name string, greedy, ok bool) {
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false, false
	}
	name, greedy = strings.CutSuffix(segment[1:len(segment)-1], "+")
	return name, greedy, true
}

func (r *route) takes(segments []string) bool {
	for i, want := range r.segments {
		_, greedy, isParameter := parameter(want)
		if i >= len(segments) {
			return false
		}
		if greedy {
			return segments[i] != ""
		}
		if isParameter && segments[i] == "" || !isParameter && segments[i] != want {
			return false
		}
	}
	return len(segments) == len(r.segments)
}

// leads reports whether r is more particular than other; both take the same path.
func (r *route) leads(other *route) bool {
	for i := range min(len(r.segments), len(other.segments)) {
		if a, b := rank(r.segments[i]), rank(other.segments[i]); a != b {
			return a < b
		}
	}
	return false
}

func rank(segment string) int {
	switch _, greedy, isParameter := parameter(segment); {
	case greedy:
		return 2
	case isParameter:
		return 1
	}
	return 0
}

// parameters are the path's parameters, nil where the route has none.
func (r *route) parameters(segments []string) map[string]string {
	var out map[string]string
	for i, s := range r.segments {
		name, greedy, ok := parameter(s)
		if !ok {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = segments[i]
		if greedy {
			out[name] = strings.Join(segments[i:], "/")
		}
	}
	return out
}
