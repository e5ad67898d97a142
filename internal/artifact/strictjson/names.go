package strictjson

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

const (
	indexSize = 256     // of the noted names: twice as many as there may be
	few       = 32      // names that are compared one by one; beyond that they are hashed
	keep      = 1 << 14 // names that a Scanner keeps room for from one text to the next
)

// span is a part of the text, or of what escaped names read as.
type span struct{ start, end uint32 }

// elsewhere in a span's start tells that it lies in the unescaped names.
const elsewhere = 1 << 31

// names are the names of the objects that are being read, the innermost object's last.
type names struct {
	seen     []span
	plain    []byte   // what names with escapes read as, one after the other
	spare    []uint32 // the table of an object that is closed
	seed     maphash.Seed
	compared int // pairs of names
}

// object is what is known of an object's names while it is read.
type object struct {
	first  int // of its names in seen
	plain  int // of its bytes in plain
	filter [4]uint64
	table  []uint32 // of more than few names, open addressing: 1 + position in seen
}

// forget begins a new text.
func (n *names) forget() {
	if cap(n.seen) > keep {
		n.seen = nil
	}
	if cap(n.plain) > 16*keep {
		n.plain = nil
	}
	n.seen, n.plain = n.seen[:0], n.plain[:0]
}

func (n *names) open() object { return object{first: len(n.seen), plain: len(n.plain)} }

func (n *names) close(o *object) {
	n.seen, n.plain = n.seen[:o.first], n.plain[:o.plain]
	if cap(o.table) > cap(n.spare) && cap(o.table) <= 4*keep {
		n.spare = o.table
	}
}

// add adds the name in quotes from start to end to the object, unless it is there, and gives its fingerprint.
func (n *names) add(b []byte, start, end int, escaped bool, o *object) (mark uint64, fresh bool) {
	name := span{uint32(start + 1), uint32(end - 1)}
	if escaped {
		name = n.unescape(b[start:end])
		mark = fingerprint(n.plain, int(name.start&^elsewhere), int(name.end))
	} else {
		mark = fingerprint(b, start+1, end-1)
	}
	word, bit := mark>>62, uint64(1)<<(mark>>56&63)
	met := o.filter[word]&bit != 0
	o.filter[word] |= bit
	if count := len(n.seen) - o.first; count >= few {
		fresh = n.addToMany(b, name, o)
	} else {
		fresh = !met || !n.among(b, name, n.seen[o.first:])
	}
	n.seen = append(n.seen, name)
	return mark, fresh
}

// recall marks the names that were seen without a mark in the object's filter.
func (n *names) recall(b []byte, o *object) {
	for _, name := range n.seen[o.first:] {
		mark := fingerprint(b, int(name.start), int(name.end))
		o.filter[mark>>62] |= 1 << (mark >> 56 & 63)
	}
}

func (n *names) unescape(quoted []byte) span {
	start := len(n.plain)
	n.plain = Unquote(n.plain, quoted)
	return span{uint32(start) | elsewhere, uint32(len(n.plain))}
}

// bytes are the name's.
func (n *names) bytes(b []byte, name span) []byte {
	if name.start&elsewhere != 0 {
		return n.plain[name.start&^elsewhere : name.end]
	}
	return b[name.start:name.end]
}

func (n *names) last(b []byte) []byte { return n.bytes(b, n.seen[len(n.seen)-1]) }

func (n *names) among(b []byte, name span, seen []span) bool {
	text := n.bytes(b, name)
	for _, other := range seen {
		if n.compared++; bytes.Equal(text, n.bytes(b, other)) {
			return true
		}
	}
	return false
}

// addToMany adds the name, which will be seen next, to the object's table, unless it is there.
func (n *names) addToMany(b []byte, name span, o *object) bool {
	seen := n.seen[o.first:]
	if 2*(len(seen)+1) > len(o.table) {
		n.grow(b, o)
	}
	at, found := n.find(b, name, o)
	if !found {
		o.table[at] = uint32(len(seen) + 1)
	}
	return !found
}

// find gives the name's place in the table, and whether it is there.
func (n *names) find(b []byte, name span, o *object) (at int, found bool) {
	text := n.bytes(b, name)
	mask := len(o.table) - 1
	for at = int(maphash.Bytes(n.seed, text)) & mask; o.table[at] != 0; at = (at + 1) & mask {
		if n.compared++; bytes.Equal(text, n.bytes(b, n.seen[o.first+int(o.table[at])-1])) {
			return at, true
		}
	}
	return at, false
}

// grow gives the object a table of twice the size, at least 4 slots for each of few.
func (n *names) grow(b []byte, o *object) {
	size := max(4*few, 2*len(o.table))
	if o.table == nil {
		o.table, n.spare = n.spare, nil
	}
	if cap(o.table) < size {
		o.table = make([]uint32, size)
	}
	o.table = o.table[:size]
	clear(o.table)
	for k, name := range n.seen[o.first:] {
		at, _ := n.find(b, name, o)
		o.table[at] = uint32(k + 1)
	}
}

// fingerprint mixes the length, the first and the last eight bytes. Who wants to can make names that share one; it
// only saves comparisons.
func fingerprint(b []byte, start, end int) uint64 {
	n := end - start
	var head, tail uint64
	switch {
	case n >= 8:
		head, tail = binary.LittleEndian.Uint64(b[start:]), binary.LittleEndian.Uint64(b[end-8:])
	case len(b)-start >= 8:
		head = binary.LittleEndian.Uint64(b[start:]) & (1<<(8*n) - 1)
	default:
		for k := n - 1; k >= 0; k-- {
			head = head<<8 | uint64(b[start+k])
		}
	}
	mark := (head + tail*0x9e3779b97f4a7c15 + uint64(n)) * 0xff51afd7ed558ccd
	return mark ^ mark>>32
}
