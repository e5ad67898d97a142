package deadlinks

import (
	"flag"
	"slices"
	"testing"

	"github.com/videovector/exports/internal/docblock"
)

var update = flag.Bool("update", false, "write the matrix of docs/reliability.md anew")

// document is the file, found before the embedded S3 goes to another folder.
var document string

// What each link meets.
var (
	recordsTroubles = troubles
	storageTroubles = slices.Concat(troubles, bulkTroubles)
	cloudTroubles   = slices.Concat(troubles, bulkTroubles)
	clientTroubles  = slices.Concat(troubles, []trouble{bulkTroubles[0], bulkTroubles[2]})
	webhookTroubles = troubles[:8] // over TLS the later silences are the first one
)

// TestDocument holds the matrix against what is tried.
func TestDocument(t *testing.T) {
	columns := []struct {
		name string
		all  []trouble
	}{
		{"records", recordsTroubles},
		{"storage", storageTroubles},
		{"S3", slices.Concat(cloudTroubles, partTroubles)},
		{"GCS", slices.Concat(cloudTroubles, partTroubles)},
		{"Azure", slices.Concat(cloudTroubles, partTroubles)},
		{"client", clientTroubles},
		{"webhook", webhookTroubles},
	}
	rows := [][]string{{"Trouble"}}
	for _, c := range columns {
		rows[0] = append(rows[0], c.name)
	}
	for _, tr := range slices.Concat(troubles, bulkTroubles, partTroubles) {
		row := []string{tr.name}
		for _, c := range columns {
			tried := ""
			if slices.ContainsFunc(c.all, func(o trouble) bool { return o.name == tr.name }) {
				tried = "✓"
			}
			row = append(row, tried)
		}
		rows = append(rows, row)
	}
	docblock.Check(t, document, map[string]string{"links": docblock.Table(rows)}, *update)
}
