package simulation_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocs: docs/reliability.md lists the faults and the windows that there are.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	for heading, want := range map[string][]string{"### Faults": names, "### Windows": windowNames()} {
		if diff := cmp.Diff(want, rowsBelow(string(text), heading)); diff != "" {
			t.Errorf("rows below %q (-code +page):\n%s", heading, diff)
		}
	}
}

// rowsBelow are the first cells of the table below a heading, without its head.
func rowsBelow(text, heading string) (cells []string) {
	_, section, _ := strings.Cut(text, heading+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	for line := range strings.Lines(section) {
		if cell, ok := strings.CutPrefix(line, "| "); ok {
			cell, _, _ = strings.Cut(cell, " |")
			cells = append(cells, cell)
		}
	}
	return slices.Delete(cells, 0, min(2, len(cells)))
}
