package parquetfile

import (
	"encoding/binary"
	"hash/maphash"
)

// indexBits are a slot's bits that hold 1 + index.
const indexBits = 1<<16 - 1

// dictionary numbers the distinct values of a column chunk in the order in which they come. It is a hash table with
// open addressing under a seeded hash, whose seed no byte of the file depends on.
type dictionary struct {
	seed   maphash.Seed
	width  int      // of every value, 0 if each begins with its length
	slots  []uint32 // 16 bits of the hash, then 1 + index; 0 for none
	starts []uint32 // of each entry in page
	page   []byte   // the entries in PLAIN encoding
	last   uint16   // index found last
}

// begin forgets every entry.
func (d *dictionary) begin() {
	if d.slots == nil {
		d.slots = make([]uint32, 256)
	}
	clear(d.slots)
	d.starts, d.page, d.last = d.starts[:0], d.page[:0], 0
}

// find gives the index of the value, in PLAIN encoding, and whether it is new.
func (d *dictionary) find(plain []byte) (index uint16, fresh bool) {
	if len(d.starts) > 0 && string(d.entry(d.last)) == string(plain) {
		return d.last, false
	}
	hash := maphash.Bytes(d.seed, plain)
	mask := uint64(len(d.slots) - 1)
	tag := uint32(hash>>48) << 16
	at := hash & mask
	for ; d.slots[at] != 0; at = (at + 1) & mask {
		s := d.slots[at]
		if s&^indexBits == tag && string(d.entry(uint16(s-1))) == string(plain) {
			d.last = uint16(s - 1)
			return d.last, false
		}
	}
	d.last = uint16(len(d.starts))
	d.starts = append(d.starts, uint32(len(d.page)))
	d.page = append(d.page, plain...)
	d.slots[at] = tag | uint32(len(d.starts))
	if 2*len(d.starts) > len(d.slots) {
		d.grow()
	}
	return d.last, true
}

// entry is a value in PLAIN encoding.
func (d *dictionary) entry(index uint16) []byte {
	start := d.starts[index]
	if d.width > 0 {
		return d.page[start : start+uint32(d.width)]
	}
	return d.page[start : start+4+binary.LittleEndian.Uint32(d.page[start:])]
}

// cut forgets the page's entries from the n-th on; nothing may be looked up afterwards.
func (d *dictionary) cut(n int) {
	if n < len(d.starts) {
		d.page, d.starts = d.page[:d.starts[n]], d.starts[:n]
	}
}

func (d *dictionary) grow() {
	d.slots = make([]uint32, 4*len(d.slots))
	mask := uint64(len(d.slots) - 1)
	for i := range d.starts {
		hash := maphash.Bytes(d.seed, d.entry(uint16(i)))
		at := hash & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = uint32(hash>>48)<<16 | uint32(i+1)
	}
}
