package steps

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/artifact/pack"
)

// workbench is one pass over results that is being set up: what it reads, and the sink of each of its outputs.
type workbench struct {
	ctx      context.Context
	workshop *workshop
	pass     pack.Pass
	made     []int  // the planned files that the outputs belong to
	sinks    []sink // one for each output
	rejects  rejectsSink
	copies   copies
}

// workbench is set up empty; whoever fills it discards it.
func (s Package) workbench(ctx context.Context, w *workshop) *workbench {
	b := &workbench{ctx: ctx, workshop: w, rejects: rejectsSink{ctx: ctx, workshop: w}, copies: copies{copier: s.Copier, results: s.Results}}
	b.pass = pack.Pass{
		Document: &w.plan.Document, Open: b.copies.source(), CaptionText: w.plan.TextField, Rejects: b.rejects.take,
		Table: w.plan.table(),
	}
	return b
}

// table is the columns of the plan's tables, nil if it has none.
func (p frozen) table() *columns.Table {
	for _, f := range p.Files {
		if f.Format.Tabular() {
			return columns.New(schemas(p.Document.Runs))
		}
	}
	return nil
}

func schemas(runs []artifact.Run) []json.RawMessage {
	all := make([]json.RawMessage, len(runs))
	for i, r := range runs {
		all[i] = r.Schema
	}
	return all
}

func (b *workbench) add(file int, o pack.Output, to sink) {
	f := b.workshop.plan.Files[file]
	o.Format, o.Compression, o.W = f.Format, f.Compression, to
	b.pass.Outputs, b.made, b.sinks = append(b.pass.Outputs, o), append(b.made, file), append(b.sinks, to)
}

// takeAll makes every file whole out of every input.
func (b *workbench) takeAll() {
	w := b.workshop
	b.pass.Last = len(w.plan.Document.Inputs)
	for i, f := range w.plan.Files {
		b.add(i, pack.Output{Whole: true}, newWholeSink(w.plan.PartBytes, w.uploader(b.ctx, f.Name).orLost()))
	}
}

// takeShard makes the shard's share of every file; in a second round only of those files whose offsets had been wrong.
func (b *workbench) takeShard(shard int, m measured) error {
	w, own := b.workshop, b.workshop.plan.Shards[shard]
	b.pass.First, b.pass.Last, b.pass.Measured, b.rejects.shard = own.First, own.Last, m.found, shard
	begun := rowsOf(m.inputs[:own.First]) > 0
	for i, f := range w.plan.Files {
		switch {
		case m.found && f.settled():
		case f.plain():
			if err := b.takeShare(i, own, m, begun); err != nil {
				return err
			}
		case f.byShard():
			b.add(i, pack.Output{Whole: true}, newObjectSink(b.ctx, w.artifacts, objectPlace{
				key: fileKey(w.job, f.part(shard)), options: w.plan.kept(f), partBytes: w.plan.objectPartBytes(), once: true,
			}))
		default:
			b.add(i, pack.Output{Begun: begun}, newObjectSink(b.ctx, w.artifacts, objectPlace{
				key: generationKey(w.job, chunkName(i, shard, m.found)), partBytes: w.plan.objectPartBytes(),
			}))
		}
	}
	return nil
}

// takeShare makes the shard's parts of a plain file.
func (b *workbench) takeShare(file int, own inputRange, m measured, begun bool) error {
	w := b.workshop
	f := w.plan.Files[file]
	offsets, err := pack.Offsets(&w.plan.Document, f.Format, m.inputs)
	if err != nil {
		return err
	}
	s := w.plan.shareOf(f, offsets, own)
	if s.window.From >= s.window.To {
		return nil
	}
	put := w.uploader(b.ctx, f.Name)
	if f.Format == artifact.NDJSON && !m.found {
		put = b.copies.instead(b, f.Name, offsets, put)
	}
	b.add(file, pack.Output{Begun: begun, Window: &s.window}, newShareSink(w.plan.PartBytes, s.part, put.orLost()))
	return nil
}

func rowsOf(inputs []pack.Measure) (n int64) {
	for _, m := range inputs {
		n += m.Rows
	}
	return n
}

// run reads, writes and reports.
func (b *workbench) run() (report, error) {
	result, err := pack.Run(b.ctx, b.pass)
	if err != nil {
		return report{}, err
	}
	r := report{
		Irregular: result.Irregular, Counts: result.Counts, Selected: result.Selected, Filtered: result.Filtered,
		Rejected: result.Rejected, Inputs: result.Inputs, Files: make([]fileReport, len(b.workshop.plan.Files)),
	}
	if b.workshop.plan.sharded() {
		r.Versions = b.copies.versions(b.workshop.plan.Document.Inputs[b.pass.First:])
	}
	for i, s := range b.sinks {
		file, err := s.close()
		if err != nil {
			return report{}, err
		}
		file.Facts = result.Outputs[i]
		r.Files[b.made[i]] = file
	}
	return r, b.rejects.close()
}

// discard drops what isn't closed; a panic of one sink keeps no other from it.
func (b *workbench) discard() {
	for _, s := range b.sinks {
		defer s.discard()
	}
	defer b.rejects.discard()
}

// rejectsSink writes records that can't be exported to a work file of their own, once there is one.
type rejectsSink struct {
	ctx      context.Context
	workshop *workshop
	shard    int
	to       *objectSink
}

func (s *rejectsSink) take(r pack.Reject) error {
	if s.to == nil {
		w := s.workshop
		s.to = newObjectSink(s.ctx, w.artifacts, objectPlace{key: generationKey(w.job, rejectsChunkName(s.shard)), partBytes: w.plan.objectPartBytes()})
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return err
	}
	_, err := s.to.Write(line.Bytes())
	return err
}

func (s *rejectsSink) close() error {
	if s.to == nil {
		return nil
	}
	_, err := s.to.close()
	return err
}

func (s *rejectsSink) discard() {
	if s.to != nil {
		s.to.discard()
	}
}
