package pack

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
)

// encoder is what a worker turns blocks into batches with.
type encoder struct {
	matchesOnly bool
	strict      bool // the first refusal ends the pass, so nothing after it matters
	parser      *artifact.Parser
	splitter    *columns.Splitter // nil if there is no table to fill
	packer      packer
	record      record // the latest
}

func newEncoder(f *feed) *encoder {
	e := &encoder{matchesOnly: f.pass.Document.MatchesOnly, strict: f.strict(), parser: artifact.NewParser()}
	if f.own && f.pass.tabular() {
		e.splitter = columns.NewSplitter(f.pass.Table)
	}
	return e
}

// encode fills the block's batches. A panic is the block's error: in a goroutine of its own nobody would recover it. Its
// value stays unsaid, for it may hold anything.
func (e *encoder) encode(b *block) {
	defer func() {
		if v := recover(); v != nil {
			b.err = fmt.Errorf("packing panicked with a %T\n%s", v, debug.Stack())
		}
	}()
	if b.err == nil {
		b.err = e.lines(b)
	}
}

func (e *encoder) lines(b *block) error {
	for _, batch := range b.batches {
		batch.reset(b)
	}
	for start := 0; start < len(b.raw) && (!e.strict || len(b.refused) == 0); {
		end := len(b.raw)
		if i := bytes.IndexByte(b.raw[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		e.line(b, start, end)
		start = end
	}
	if b.long != nil {
		b.tally.lines++
		b.refused = append(b.refused, refusal{b.tally.lines, len(b.raw), len(b.raw)})
	}
	for _, batch := range b.batches {
		if err := batch.end(&e.packer); err != nil {
			return err
		}
	}
	return nil
}

// line takes one line in.
func (e *encoder) line(b *block, start, end int) {
	t := &b.tally
	t.lines++
	raw, strict := artifact.Strip(b.raw[start:end], b.offset == 0 && start == 0)
	t.irregular = t.irregular || !strict
	if len(raw) == 0 {
		return
	}
	r, err := check(e.parser, raw, end-start)
	switch {
	case err != nil:
		b.refused = append(b.refused, refusal{t.lines, start, end})
		return
	case e.matchesOnly && !r.Selected:
		t.filtered++
		return
	}
	t.counts = t.counts.Add(r.Counts())
	t.recordSize += int64(len(raw))
	e.record = record{raw: raw, start: start, end: end, strict: strict, parser: e.parser, Record: r}
	if e.splitter != nil {
		e.record.cells = e.splitter.Split(e.parser)
	}
	for _, batch := range b.batches {
		batch.add(&e.record)
	}
}

// check reads a record and says why it can't be exported. The line that it is from has that many bytes.
func check(p *artifact.Parser, raw []byte, line int) (artifact.Record, error) {
	if len(raw) > artifact.MaxRecordBytes || line > artifact.MaxLineBytes {
		return artifact.Record{}, artifact.ErrRecordTooLong
	}
	r, err := p.Parse(raw)
	if err == nil {
		err = r.Unfit()
	}
	return r, err
}

// tabular reports whether an output is a table.
func (p *Pass) tabular() bool {
	return slices.ContainsFunc(p.Outputs, func(o Output) bool { return o.Format.Tabular() })
}
