package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestWaitPreferred(t *testing.T) {
	const none = -1
	for text, want := range map[string]int{
		"":                                  none,
		"wait=7":                            7,
		"wait=0":                            0,
		"wait=20":                           20,
		"wait=21":                           20,
		"wait=99999999999999999999999":      20,
		"wait=007":                          7,
		"Wait = 7":                          7,
		`wait="7"`:                          7,
		`wait="7";because="a;b,c"`:          7,
		"respond-async, wait=7":             7,
		`x="wait=3, \" wait=4", wait=7`:     7,
		"wait=7, wait=9":                    7,
		"wait=7\nwait=9":                    7,
		"respond-async\nwait=9":             9,
		",, wait=7":                         7,
		"wait=seven":                        none,
		"wait=seven, wait=7":                none,
		"wait":                              none,
		"wait=":                             none,
		`wait=""`:                           none,
		`wait="`:                            none,
		"wait=-1":                           none,
		"wait=+1":                           none,
		"wait=1.5":                          none,
		"wait=1 2":                          none,
		"waiting=7":                         none,
		`x="wait=7`:                         none,
		`x="\`:                              none,
		"wait=٧":                            none,
		strings.Repeat("a,", 50_000) + "b=": none,
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(text, "\n") {
			h.Add("Prefer", line)
		}
		seconds, ok := waitPreferred(h)
		if ok != (want != none) || ok && seconds != want {
			t.Errorf("%.60q: %d, %t, want %d", text, seconds, ok, want)
		}
	}
	if _, ok := waitPreferred(http.Header{}); ok {
		t.Error("nothing is preferred, and something was heard")
	}
}
