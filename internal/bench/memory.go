package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/videovector/exports/internal/bench/corpus"
)

// memory notes the peak of packing corpora of several sizes, once each: a peak that grows with its input shows.
func (b *bench) memory(ctx context.Context, name string, formats []string, corpora []corpus.Corpus, t target) {
	r := row{name: name, unit: "MiB", target: t}
	var peaks []float64
	var remarks []string
	for _, f := range formats {
		var text []string
		for _, c := range corpora {
			b.log("peak memory of %s, %d MB", f, c.Bytes/1e6)
			u, err := b.once(ctx, one(f), c)
			if err != nil {
				r.absent = strings.ReplaceAll(err.Error(), "\n", " ")
				b.rows = append(b.rows, r)
				return
			}
			peaks = append(peaks, u.peakMiB())
			text = append(text, fmt.Sprintf("%.1f", u.peakMiB()))
		}
		remarks = append(remarks, f+" "+strings.Join(text, " / "))
	}
	r.value, r.remark = spreadOf(peaks), strings.Join(remarks, ", ")
	r.value.Median = r.value.High // the limit is on every size
	b.rows = append(b.rows, r)
}
