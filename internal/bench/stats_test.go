package main

import (
	"testing"
	"time"
)

func TestPairs(t *testing.T) {
	own, peer := []float64{2, 1, 4}, []float64{8, 2, 32}
	for _, c := range []struct {
		name string
		got  spread
		want spread
	}{
		{"times", times(own, peer), spread{4, 2, 8}},
		{"share", share(peer, own), spread{25, 12.5, 50}},
		{"part", part(own, peer), spread{.25, .125, .5}},
		{"saved", saved(own, peer), spread{75, 50, 87.5}},
	} {
		if c.got != c.want {
			t.Errorf("%s gives %+v, want %+v", c.name, c.got, c.want)
		}
	}
}

func TestSpreadOfEvenNumber(t *testing.T) {
	if got, want := spreadOf([]float64{4, 1, 3, 2}), (spread{2, 1, 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMark(t *testing.T) {
	most, least := target{floor: 32, goal: 24, atMost: true}, target{floor: 3, goal: 4}
	for _, c := range []struct {
		t     target
		value float64
		want  string
	}{{most, 24, "goal"}, {most, 24.1, "ok"}, {most, 32.1, "BELOW"}, {least, 4, "goal"}, {least, 3.99, "ok"}, {least, 2.99, "BELOW"}} {
		if got := c.t.mark(c.value); got != c.want {
			t.Errorf("%v of %+v is %q, want %q", c.value, c.t, got, c.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{"100MB": 1e8, "1GB": 1e9, "10GB": 1e10, "": 0, "1": 0, "-1GB": 0, "0MB": 0, "1TB": 0, "GB": 0} {
		if got, err := parseSize(in); got != want || (err == nil) != (want > 0) {
			t.Errorf("parseSize(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

// Every comparison has limits that can be missed and met, in the right order.
func TestTargetsAreOrdered(t *testing.T) {
	for _, c := range comparisons() {
		if c.target.floor == c.target.goal || c.target.atMost != (c.target.goal < c.target.floor) {
			t.Errorf("%s: floor %v, goal %v", c.name, c.target.floor, c.target.goal)
		}
	}
}

func TestMissingPeerIsNamed(t *testing.T) {
	b := &bench{w: workplace{missing: map[string]string{"python": "no python here"}}, pairs: 1, log: t.Logf}
	b.compare(t.Context(), comparisons()[0])
	if len(b.rows) != 1 || b.rows[0].absent != "no python here" {
		t.Errorf("rows = %+v, want one that says what is missing", b.rows)
	}
}

func TestAllAddsUp(t *testing.T) {
	if got := cpuSeconds(usage{CPU: 1500 * time.Millisecond}); got != 1.5 {
		t.Errorf("cpuSeconds = %v", got)
	}
}
