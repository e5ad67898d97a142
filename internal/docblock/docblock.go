// Package docblock is the way of documents that are partly made: a part stands between "<!-- name -->" and "<!-- end -->", and
// the test of whoever makes it holds the document to it, or writes it anew.
package docblock

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a part, its name first.
var block = regexp.MustCompile(`(?s)<!-- (\w+) -->\n.*?<!-- end -->`)

// Check holds the document in the file to the blocks, or with update writes them into it; what else it holds stays. Each
// block has to have its place. It gives the document as it is to be, and the names of all places there are, in order of
// the alphabet.
func Check(t testing.TB, file string, blocks map[string]string, update bool) (document string, places []string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document = block.ReplaceAllStringFunc(string(raw), func(old string) string {
		name := block.FindStringSubmatch(old)[1]
		places = append(places, name)
		if text, made := blocks[name]; made {
			return "<!-- " + name + " -->\n" + text + "<!-- end -->"
		}
		return old
	})
	slices.Sort(places)
	for name := range blocks {
		if !slices.Contains(places, name) {
			t.Fatalf("%s has no place for %s", file, name)
		}
	}
	if document == string(raw) {
		return document, places
	}
	if !update {
		t.Errorf("%s is stale: run this package's tests with -update", file)
	} else if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	return document, places
}

// Table is the rows in Markdown, the first one as their head.
func Table(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	return b.String()
}
