package main

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fixture"
)

// tokenEvents are the fixtures that carry a download token, and how it is made.
var tokenEvents = map[string]struct {
	export string
	at     time.Time
	change func(string) string
}{
	"download-export.token":                       {export: "exp_06_completed", at: fixture.Now},
	"download-export.token.bad-ended":             {export: "exp_06_completed", at: fixture.Now.Add(-16 * time.Minute)},
	"download-export.token.bad-altered":           {export: "exp_06_completed", at: fixture.Now, change: alter},
	"download-export.token.bad-of-another-export": {export: "exp_05_linked", at: fixture.Now},
	"download-export.token.bad-twice":             {export: "exp_06_completed", at: fixture.Now},
	"download-export.token.bad-with-wrong-key":    {export: "exp_06_completed", at: fixture.Now},
}

// alter changes one character in the middle of the signed part.
func alter(token string) string {
	b := []byte(token)
	if i := len(b) / 3; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

var tokenField = regexp.MustCompile(`("token": (?:\[\s*)?")[^"]*(")`)

var secondToken = regexp.MustCompile(`("token": \[\s*"[^"]*",\s*")[^"]*(")`)

// writeTokens puts fresh tokens into the fixtures: they hold a digest of the document's manifest, so they end with it.
func writeTokens(t *testing.T, all *worlds) {
	t.Helper()
	w := all.open(t)
	for name, k := range tokenEvents {
		token, err := w.Token(t.Context(), k.export, k.at)
		if err != nil {
			t.Fatal(err)
		}
		if k.change != nil {
			token = k.change(token)
		}
		file := fixtureEvent{name: name}.file()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = tokenField.ReplaceAll(text, []byte("${1}"+token+"${2}"))
		text = secondToken.ReplaceAll(text, []byte("${1}"+token+"${2}"))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
