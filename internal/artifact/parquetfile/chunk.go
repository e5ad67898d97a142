package parquetfile

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/videovector/exports/internal/artifact/columns"
)

// pageBytes is the size of a page's values in PLAIN encoding.
const pageBytes = 512 << 10

// limits are where pages and dictionaries end. They are part of what a file's bytes depend on; tests have smaller ones.
type limits struct {
	// A page ends with the row that brings it to one of these.
	pageBytes  int // of values in PLAIN encoding
	pageLevels int
	plainBytes int // that its values would take in PLAIN encoding, if it refers to a dictionary

	// A dictionary is judged once it reaches one of these.
	trialEntries int
	trialBytes   int
	maxEntries   int // at most 1<<16-1: indexes have 16 bits
	maxBytes     int
}

func defaultLimits() *limits {
	return &limits{
		pageBytes: pageBytes, pageLevels: 64 << 10, plainBytes: 8 * pageBytes,
		trialEntries: 4096, trialBytes: 128 << 10, maxEntries: 1<<16 - 1, maxBytes: 1 << 20,
	}
}

// Encodings of the format.
const (
	encodingPlain      = 0
	encodingRLE        = 3
	encodingDictionary = 8
)

// chunk is a column's part of the row group that is being written.
type chunk struct {
	*limits
	kind columns.Type // of the values; of a list, of its elements
	list bool

	level, offset int // how far the batch was taken: in its levels and in its data

	page struct {
		defs, reps []byte
		index      []uint16 // of dictionary entries
		data       []byte   // once there is no dictionary any more
		plain      int      // bytes that index stands for
	}

	dict    dictionary
	plain   bool  // the dictionary was given up
	seen    int64 // plain bytes of the values that were looked up
	kept    int   // dictionary entries that finished pages may refer to
	bounds  bounds
	pages   store
	encoded [2]bool // finished pages are in PLAIN, in dictionary encoding

	values, nulls int64 // levels in finished pages, and those without a value
	size          int64 // of finished pages before compression, headers included
}

func newChunk(c columns.Column, p *pool, l *limits) *chunk {
	k := &chunk{limits: l, kind: element(c.Type), list: isList(c.Type), pages: store{pool: p}}
	k.dict.seed = maphash.MakeSeed()
	if k.physical() != physicalBytes {
		k.dict.width = 8
	}
	k.begin()
	return k
}

// begin makes the chunk ready for the next row group.
func (c *chunk) begin() {
	c.dict.begin()
	c.bounds.begin()
	c.plain = c.kind == columns.Boolean
	c.seen, c.kept, c.values, c.nulls, c.size = 0, 0, 0, 0, 0
	c.encoded = [2]bool{}
}

// take adds the next rows of the batch.
func (c *chunk) take(g *gathered, rows int, e *encoder) {
	for rows > 0 {
		if c.list {
			c.takeList(g)
			rows--
		} else {
			rows -= c.takeFlat(g, rows)
		}
		if c.full() {
			c.endPage(e)
		}
	}
}

func (c *chunk) full() bool { return len(c.page.defs) >= c.pageLevels || c.heavy() }

// heavy reports whether the page's values are as large as a page's may be.
func (c *chunk) heavy() bool { return len(c.page.data) >= c.pageBytes || c.page.plain >= c.plainBytes }

// takeFlat adds at least one row and at most as many as wanted; it stops right after the value that makes the page full.
func (c *chunk) takeFlat(g *gathered, rows int) int {
	defs := g.defs[c.level:]
	defs = defs[:min(rows, c.pageLevels-len(c.page.defs))]
	want := bytes.Count(defs, []byte{1})
	got := 0
	if want > 0 {
		got = c.takeValues(g.data[c.offset:], want)
	}
	if got < want || c.heavy() {
		defs = defs[:afterOnes(defs, got)]
	}
	c.page.defs = append(c.page.defs, defs...)
	c.level += len(defs)
	return len(defs)
}

// afterOnes is the index after the n-th one.
func afterOnes(defs []byte, n int) int {
	i := 0
	for ; n > 0; i++ {
		n -= int(defs[i])
	}
	return i
}

// takeList adds one row.
func (c *chunk) takeList(g *gathered) {
	end := c.level + 1
	for end < len(g.reps) && g.reps[end] == 1 {
		end++
	}
	defs := g.defs[c.level:end]
	for want := bytes.Count(defs, []byte{elementSet}); want > 0; {
		want -= c.takeValues(g.data[c.offset:], want)
	}
	c.page.defs = append(c.page.defs, defs...)
	c.page.reps = append(c.page.reps, g.reps[c.level:end]...)
	c.level = end
}

// takeValues adds at least one value and at most n. It stops where the page is heavy or the dictionary is given up.
func (c *chunk) takeValues(data []byte, n int) (taken int) {
	switch {
	case !c.plain:
		return c.look(data, n)
	case c.kind == columns.Boolean:
		return c.addBooleans(data[:min(n, max(1, c.pageBytes-len(c.page.data)))])
	case c.dict.width == 8:
		return c.addWords(data[:8*min(n, max(1, (c.pageBytes-len(c.page.data))/8))])
	}
	return c.addStrings(data, n)
}

// look adds values by their numbers in the dictionary.
func (c *chunk) look(data []byte, n int) (taken int) {
	for taken < n && c.page.plain < c.plainBytes || taken == 0 {
		size := c.dict.width
		if size == 0 {
			size = 4 + int(binary.LittleEndian.Uint32(data))
		}
		index, fresh := c.dict.find(data[:size])
		c.page.index = append(c.page.index, index)
		c.page.plain += size
		c.seen += int64(size)
		c.offset += size
		taken++
		if fresh {
			c.bound(data[:size])
			if !c.pays() {
				c.giveUp()
				return taken
			}
		}
		data = data[size:]
	}
	return taken
}

// pays reports whether the dictionary is worth having. As long as it has seen little, it gets the benefit of the doubt.
func (c *chunk) pays() bool {
	entries, size := len(c.dict.starts), len(c.dict.page)
	if entries < c.trialEntries && size < c.trialBytes {
		return true
	}
	return entries < c.maxEntries && size <= c.maxBytes && 2*int64(size) <= c.seen
}

// bound takes a value in PLAIN encoding into the statistics.
func (c *chunk) bound(plain []byte) {
	switch {
	case c.dict.width == 0:
		c.bounds.addBytes(plain[4:])
	case c.kind == columns.Number:
		c.bounds.addFloat(math.Float64frombits(binary.LittleEndian.Uint64(plain)))
	default:
		c.bounds.addInt(int64(binary.LittleEndian.Uint64(plain)))
	}
}

// giveUp writes the page's values out in PLAIN encoding, as all to come will be. Finished pages keep the dictionary, as
// far as they know it.
func (c *chunk) giveUp() {
	for _, index := range c.page.index {
		c.page.data = append(c.page.data, c.dict.entry(index)...)
	}
	c.page.index, c.page.plain = c.page.index[:0], 0
	c.dict.cut(c.kept)
	c.plain = true
}

func (c *chunk) addBooleans(data []byte) int {
	for _, v := range []byte{0, 1} {
		if bytes.IndexByte(data, v) >= 0 {
			c.bounds.addInt(int64(v))
		}
	}
	c.page.data = append(c.page.data, data...)
	c.offset += len(data)
	return len(data)
}

func (c *chunk) addWords(data []byte) int {
	for rest := data; len(rest) >= 8; rest = rest[8:] {
		c.bound(rest[:8])
	}
	c.page.data = append(c.page.data, data...)
	c.offset += len(data)
	return len(data) / 8
}

func (c *chunk) addStrings(data []byte, n int) (taken int) {
	room, end := c.pageBytes-len(c.page.data), 0
	for taken < n && end < room || taken == 0 {
		start := end + 4
		end = start + int(binary.LittleEndian.Uint32(data[end:]))
		c.bounds.addBytes(data[start:end])
		taken++
	}
	c.page.data = append(c.page.data, data[:end]...)
	c.offset += end
	return taken
}

// finish ends the last page. A dictionary that no page needs yet, and that doesn't pay, is not written.
func (c *chunk) finish(e *encoder) {
	if !c.plain && !c.encoded[1] && 2*int64(len(c.dict.page)) > c.seen {
		c.giveUp()
	}
	if len(c.page.defs) > 0 {
		c.endPage(e)
	}
}

// endPage finishes the page. One without any value has nothing to look up.
func (c *chunk) endPage(e *encoder) {
	p := page{values: len(c.page.defs), encoding: encodingPlain}
	e.body = e.body[:0]
	if c.list {
		e.body = appendLevels(e.body, c.page.reps, 1)
		e.body = appendLevels(e.body, c.page.defs, 2)
	} else {
		e.body = appendLevels(e.body, c.page.defs, 1)
	}
	var present int
	switch {
	case !c.plain && len(c.dict.starts) > 0:
		p.encoding = encodingDictionary
		c.kept = len(c.dict.starts)
		present = len(c.page.index)
		e.body = appendIndex(e.body, c.page.index, c.kept)
	case c.kind == columns.Boolean:
		present = len(c.page.data)
		e.body = appendBits(e.body, c.page.data)
	default:
		present = bytes.Count(c.page.defs, []byte{c.maxDef()})
		e.body = append(e.body, c.page.data...)
	}
	c.encoded[p.encoding/encodingDictionary] = true
	header, content, plain := e.finish(p)
	c.pages.append(header)
	c.pages.append(content)
	c.values += int64(p.values)
	c.nulls += int64(p.values - present)
	c.size += plain
	c.clearPage()
}

func (c *chunk) maxDef() byte {
	if c.list {
		return elementSet
	}
	return 1
}

// clearPage begins the next page. Memory that a giant value took is not kept.
func (c *chunk) clearPage() {
	p := &c.page
	p.defs, p.reps, p.index, p.data, p.plain = p.defs[:0], p.reps[:0], p.index[:0], p.data[:0], 0
	if cap(p.data) > 4*c.pageBytes {
		p.data = nil
	}
	if cap(p.defs) > 4*c.pageLevels {
		p.defs, p.reps, p.index = nil, nil, nil
	}
}

// appendLevels appends levels as a page of the first version holds them, their size before them.
func appendLevels(dst, levels []byte, width int) []byte {
	at := len(dst)
	dst = appendHybrid(append(dst, 0, 0, 0, 0), levels, width)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// appendIndex appends indexes of a dictionary of that many entries, and how many bits they take before them.
func appendIndex(dst []byte, index []uint16, entries int) []byte {
	width := max(1, bits.Len(uint(entries-1)))
	return appendHybrid(append(dst, byte(width)), index, width)
}
