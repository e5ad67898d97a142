package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/videovector/exports/internal/bench/corpus"
)

// comparison is a row of the table: two sides on one corpus, in turn.
type comparison struct {
	name    string
	a, b    []side // one after the other; mostly one each
	of      func(usage) float64
	value   func(a, b []float64) spread
	unit    string
	target  target
	compare func(a, b side, w workplace) string // a remark on the two outputs; nil for none
}

// times is how many times as much b takes as a.
func times(a, b []float64) spread { return pairs(a, b) }

// share is b in per cent of a.
func share(a, b []float64) spread { return scaled(pairs(a, b), 100) }

// saved is what a takes less than b, in per cent of b.
func saved(a, b []float64) spread {
	s := scaled(pairs(b, a), 100)
	return spread{100 - s.Median, 100 - s.High, 100 - s.Low}
}

// part is a in relation to b.
func part(a, b []float64) spread { return pairs(b, a) }

func scaled(s spread, by float64) spread { return spread{s.Median * by, s.Low * by, s.High * by} }

// row is a line of the table.
type row struct {
	name   string
	value  spread
	unit   string
	target target
	remark string
	absent string // why it was not measured; "" if it was
}

// detail is what one side of a comparison took.
type detail struct {
	row, side, does string
	cpu             spread
	mbPerCPU        float64
	peakMiB         float64
	bytes           int64
}

// bench is one run of everything.
type bench struct {
	w       workplace
	corpus  corpus.Corpus
	pairs   int
	log     func(format string, a ...any)
	rows    []row
	details []detail
}

// compare runs a comparison and notes its row. What can't be run is a row as well.
func (b *bench) compare(ctx context.Context, c comparison) {
	r := row{name: c.name, unit: c.unit, target: c.target}
	if reason := b.lacks(c); reason != "" {
		r.absent = reason
		b.rows = append(b.rows, r)
		return
	}
	b.log("%s", c.name)
	var first, second []usage
	for range b.pairs {
		one, err := b.all(ctx, c.a)
		if err == nil {
			first = append(first, one)
			one, err = b.all(ctx, c.b)
			second = append(second, one)
		}
		if err != nil {
			r.absent = oneLine(err)
			b.rows = append(b.rows, r)
			return
		}
	}
	r.value = c.value(each(first, c.of), each(second, c.of))
	b.details = append(b.details, b.detail(c, c.a, first), b.detail(c, c.b, second))
	if c.compare != nil {
		r.remark = c.compare(c.a[0], c.b[0], b.w)
	}
	b.rows = append(b.rows, r)
	b.log("  %s (%s to %s)", amount(r.value.Median, r.unit), amount(r.value.Low, r.unit), amount(r.value.High, r.unit))
}

// lacks says why a comparison can't be made here, "" if it can.
func (b *bench) lacks(c comparison) string {
	for _, s := range append(c.a[:len(c.a):len(c.a)], c.b...) {
		if why := b.w.missing[s.need]; s.need != "" && why != "" {
			return why
		}
	}
	return ""
}

// all runs sides one after the other and adds up what they took; of peaks it keeps the highest.
func (b *bench) all(ctx context.Context, sides []side) (sum usage, err error) {
	for _, s := range sides {
		u, err := b.once(ctx, s, b.corpus)
		if err != nil {
			return sum, err
		}
		sum = usage{sum.CPU + u.CPU, sum.Wall + u.Wall, max(sum.PeakKiB, u.PeakKiB)}
	}
	return sum, nil
}

// once runs a side.
func (b *bench) once(ctx context.Context, s side, c corpus.Corpus) (usage, error) {
	out := filepath.Join(b.w.outputs, s.out)
	if err := clear(out); err != nil {
		return usage{}, err
	}
	return measure(ctx, s.run(b.w, c, out))
}

// clear removes an output, its manifest, and the files of a stem.
func clear(out string) error {
	all, err := filepath.Glob(out + "*")
	if err != nil {
		return err
	}
	for _, name := range all {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) detail(c comparison, sides []side, all []usage) detail {
	cpu := spreadOf(each(all, cpuSeconds))
	d := detail{row: c.name, side: sides[0].name, does: sides[0].does, cpu: cpu,
		mbPerCPU: float64(b.corpus.Bytes) / 1e6 / cpu.Median, peakMiB: spreadOf(each(all, usage.peakMiB)).High}
	if len(sides) > 1 {
		d.side = fmt.Sprintf("%d runs, one for each", len(sides))
	}
	for _, s := range sides {
		d.bytes += outputSize(filepath.Join(b.w.outputs, s.out))
	}
	return d
}

// outputSize is the size of an output without its manifest.
func outputSize(out string) (n int64) {
	all, _ := filepath.Glob(out + "*") // the pattern is ours
	for _, name := range all {
		info, err := os.Stat(name)
		if err == nil && !strings.HasSuffix(name, ".manifest.json") {
			n += info.Size()
		}
	}
	return n
}
