package pack

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/videovector/exports/internal/artifact"
)

// zstdWindow is how far back a frame refers: nearly all of them are shorter.
const zstdWindow = 1 << 20

// packer packs members: pieces that are packed by themselves, and that one after the other are a packed file. Members
// depend on their content alone. It belongs to one goroutine.
type packer struct {
	gzip *gzip.Writer
	zstd *zstd.Encoder
}

// packs reports whether the compression is one.
func packs(c artifact.Compression) bool { return c != "" && c != artifact.None }

// member appends the packed content. Levels and why they are these are in docs/decisions/0003-compression.md.
func (p *packer) member(to []byte, c artifact.Compression, content []byte) ([]byte, error) {
	switch c {
	case "", artifact.None:
		return append(to, content...), nil
	case artifact.Gzip:
		return p.gzipped(to, content)
	case artifact.Zstd:
		return p.frame(to, content)
	}
	return nil, fmt.Errorf("there is no compression %q", c)
}

func (p *packer) gzipped(to, content []byte) (_ []byte, err error) {
	out := bytes.NewBuffer(to)
	if p.gzip == nil {
		if p.gzip, err = gzip.NewWriterLevel(out, gzip.BestSpeed); err != nil {
			return nil, err
		}
	}
	p.gzip.Reset(out)
	if _, err := p.gzip.Write(content); err != nil {
		return nil, err
	}
	err = p.gzip.Close()
	return out.Bytes(), err
}

func (p *packer) frame(to, content []byte) (_ []byte, err error) {
	if p.zstd == nil {
		p.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, err
		}
	}
	return p.zstd.EncodeAll(content, to), nil
}
