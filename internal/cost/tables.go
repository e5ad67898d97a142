package cost

import (
	"fmt"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/docblock"
)

// sizes are those of results that the tables are about, and kinds what is made of them.
var (
	sizes = []int64{1e6, 1e9, 100e9, 10e12}
	kinds = []Work{
		{Format: artifact.JSON}, {Format: artifact.NDJSON}, {Format: artifact.CSV}, {Format: artifact.Parquet},
		{Format: artifact.NDJSON, Compression: artifact.Gzip}, {Format: artifact.NDJSON, Compression: artifact.Zstd},
	}
)

// Tables are the tables of docs/cost.md by name, in Markdown.
func (m Model) Tables() (map[string]string, error) {
	tables := map[string]string{"prices": priceTable()}
	for name, make := range map[string]func() (string, error){"sizes": m.sizeTable, "formats": m.formatTable, "limits": m.limitTable, "months": m.monthTable, "watching": m.watchingTable} {
		table, err := make()
		if err != nil {
			return nil, err
		}
		tables[name] = table
	}
	return tables, nil
}

// sizeTable is everything that exports of each size take: JSON, and Parquet where JSON is refused.
func (m Model) sizeTable() (string, error) {
	rows := [][]string{
		{"", "time", "shards", "transitions", "children", "invocations", "Lambda GB-s", "S3 PUT", "S3 GET", "DynamoDB write / read units", "dollars", "and 7 days of storage"},
	}
	for _, size := range sizes {
		for _, w := range []Work{{Bytes: size, Format: artifact.JSON}, {Bytes: size, Format: artifact.CSV}, {Bytes: size, Format: artifact.Parquet}} {
			b, err := m.Estimate(w)
			if err != nil {
				return "", err
			}
			name := byteText(size) + " " + kindText(w)
			if b.Refused != "" {
				rows = append(rows, []string{name, "refused: `" + b.Refused + "`", "", "", "", "", "", "", "", "", "", ""})
				continue
			}
			rows = append(rows, []string{
				name, timeText(b.Time), fmt.Sprint(b.Shards), fmt.Sprint(b.Transitions), fmt.Sprint(b.Children), fmt.Sprint(b.Invocations),
				fmt.Sprintf("%.1f", b.GBSeconds), fmt.Sprint(b.Puts), fmt.Sprint(b.Gets), fmt.Sprintf("%d / %d", b.DBWrites, b.DBReads),
				dollarText(b.Dollars), dollarText(b.Storage),
			})
		}
	}
	return docblock.Table(rows), nil
}

// formatTable is time and price of every kind and size, and what stands in the way.
func (m Model) formatTable() (string, error) {
	rows := [][]string{{""}}
	for _, size := range sizes {
		rows[0] = append(rows[0], byteText(size))
	}
	for _, w := range kinds {
		row := []string{kindText(w)}
		for _, size := range sizes {
			w.Bytes = size
			cell, err := m.cell(w)
			if err != nil {
				return "", err
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return docblock.Table(rows), nil
}

func (m Model) cell(w Work) (string, error) {
	limit, err := m.Limit(w)
	if err != nil || limit != "" {
		return limit, err
	}
	b, err := m.Estimate(w)
	return fmt.Sprintf("%s, %s", timeText(b.Time), dollarText(b.Dollars)), err
}

// limitTable is the largest export of every kind, what ends it, and the same with a delivery.
func (m Model) limitTable() (string, error) {
	rows := [][]string{{"", "largest", "what ends it", "largest that is delivered"}}
	for _, w := range kinds {
		largest, err := m.Largest(w)
		if err != nil {
			return "", err
		}
		w.Bytes = largest + largest/50
		why, err := m.Limit(w)
		if err != nil {
			return "", err
		}
		w.Deliver = true
		delivered, err := m.Largest(w)
		if err != nil {
			return "", err
		}
		text := byteText(largest)
		if why == "" {
			text, why = "none found", "–"
		}
		rows = append(rows, []string{kindText(w), text, why, byteText(delivered)})
	}
	return docblock.Table(rows), nil
}

func priceTable() string {
	rows := [][]string{{"", "unit", "dollars"}}
	for _, p := range prices {
		text := fmt.Sprintf("%g", p.dollars)
		if p.per > 1 {
			text += fmt.Sprintf(" per %.0f", p.per)
		}
		rows = append(rows, []string{p.kind, p.unit, text})
	}
	return docblock.Table(rows)
}

func kindText(w Work) string {
	text := map[artifact.Format]string{artifact.JSON: "JSON", artifact.NDJSON: "NDJSON", artifact.CSV: "CSV", artifact.Parquet: "Parquet"}[w.Format]
	if w.Compression != artifact.None && w.Compression != "" {
		text += " " + string(w.Compression)
	}
	return text
}

func byteText(n int64) string {
	v, units := float64(n), []string{"B", "KB", "MB", "GB", "TB", "PB"}
	for v >= 999.5 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	return fmt.Sprintf("%.3g %s", v, units[0])
}

func timeText(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.1f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

// dollarText shows what a small amount is made of: two digits.
func dollarText(v float64) string {
	if v >= 1 {
		return fmt.Sprintf("$%.2f", v)
	}
	return fmt.Sprintf("$%.2g", v)
}
