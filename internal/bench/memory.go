package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/videovector/exports/internal/bench/corpus"
)

// memory notes the peak of packing corpora of several sizes, once each: a peak that grows with its input shows.
func (b *bench) memory(ctx context.Context, name string, corpora []corpus.Corpus, t target) {
	r := row{name: "peak memory, " + name, unit: "MiB", target: t}
	peaks, err := b.peaks(ctx, name, corpora)
	if err != nil {
		r.absent = oneLine(err)
	} else {
		r.value, r.remark = spreadOf(peaks), "by size: "+strings.Trim(fmt.Sprintf("%.1f", peaks), "[]")
		r.value.Median = r.value.High // the limit is on every size
	}
	b.rows = append(b.rows, r)
}

// peaks are those of one format, in MiB.
func (b *bench) peaks(ctx context.Context, name string, corpora []corpus.Corpus) (peaks []float64, err error) {
	for _, c := range corpora {
		b.log("peak memory of %s, %d MB", name, c.Bytes/1e6)
		u, err := b.once(ctx, one(name), c)
		if err != nil {
			return nil, err
		}
		peaks = append(peaks, u.peakMiB())
	}
	return peaks, nil
}

// oneLine is an error as a table shows it.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }
