package parquetfile

import (
	"hash/crc32"

	"github.com/klauspost/compress/s2"

	"github.com/videovector/exports/internal/artifact/zstdpage"
)

// Codec is how pages are compressed. Snappy alone gives other bytes on another kind of processor.
type Codec uint8

// Codecs.
const (
	Zstd Codec = iota
	Snappy
	Uncompressed
)

// number is the codec's in the format.
func (c Codec) number() int64 { return [...]int64{Zstd: 6, Snappy: 1, Uncompressed: 0}[c] }

// encoder makes pages, one at a time, in memory that it uses again.
type encoder struct {
	codec Codec
	zstd  *zstdpage.Encoder
	body  []byte
	out   []byte
}

func newEncoder(c Codec) *encoder {
	e := &encoder{codec: c}
	if c == Zstd {
		e.zstd = zstdpage.NewEncoder()
	}
	return e
}

// compress gives the page's body as it stands in the file, valid until the next one.
func (e *encoder) compress(body []byte) []byte {
	switch e.codec {
	case Zstd:
		e.out = e.zstd.Append(e.out[:0], body)
	case Snappy:
		e.out = s2.EncodeSnappy(e.out[:cap(e.out)], body)
	default:
		return body
	}
	return e.out
}

// page is what its header tells.
type page struct {
	values     int // levels of a data page, entries of a dictionary
	dictionary bool
	encoding   int64
}

// finish compresses e.body and gives the page's header and content, and its size with an uncompressed content.
func (e *encoder) finish(p page) (header, content []byte, plain int64) {
	content = e.compress(e.body)
	var t thrift
	t.open()
	t.int(1, p.number())
	t.int(2, int64(len(e.body)))
	t.int(3, int64(len(content)))
	t.int(4, int64(int32(crc32.ChecksumIEEE(content))))
	if p.dictionary {
		t.structure(7)
		t.int(1, int64(p.values))
		t.int(2, p.encoding)
	} else {
		t.structure(5)
		t.int(1, int64(p.values))
		t.int(2, p.encoding)
		t.int(3, encodingRLE)
		t.int(4, encodingRLE)
	}
	t.close()
	t.close()
	return t.b, content, int64(len(t.b) + len(e.body))
}

// number is the page type's in the format.
func (p page) number() int64 {
	if p.dictionary {
		return 2
	}
	return 0
}
