package pack

import (
	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/captions"
	"github.com/videovector/exports/internal/export"
)

// captionFiles is an output that is an archive of caption files.
type captionFiles struct {
	pass *Pass
	to   *captions.Writer
}

func newCaptions(p *Pass, o Output) (output, error) {
	if !o.Whole {
		return nil, errShare
	}
	return &captionFiles{p, captions.NewWriter(o.W, o.Format)}, nil
}

func (c *captionFiles) batch() batch {
	return &captionBatch{captions.NewBatch(c.pass.CaptionText), c.pass.Document.Inputs}
}

func (c *captionFiles) open() error { return nil }

func (c *captionFiles) take(b batch) error { return c.to.Write(b.(*captionBatch).Batch) }

func (c *captionFiles) close(export.Counts) error { return c.to.Close() }

func (c *captionFiles) facts(export.Counts) Facts {
	return Facts{Rows: c.to.Cues(), Skipped: c.to.Skipped()}
}

// captionBatch is the cues of a block.
type captionBatch struct {
	*captions.Batch
	inputs []artifact.Input
}

func (b *captionBatch) reset(of *block)   { b.Reset(b.inputs[of.input].RunID) }
func (b *captionBatch) add(r *record)     { b.Add(r.parser, r.Record, r.raw) }
func (b *captionBatch) end(*packer) error { return nil }
