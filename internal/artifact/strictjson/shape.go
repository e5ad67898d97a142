package strictjson

const (
	shapeNames = 64 // members that a shape holds
	shapeBytes = 64 // of the longest name that a shape holds, with quotes and colon
	ahead      = 4  // members that are looked at: a text may lack all but one in a row and still be told by the shape
)

// shape is what the top-level members of an accepted text were called, in order. The next text is most often called
// the same, or lacks some: as long as its names stand in this order they differ from each other as these do, and need
// no look at each other. A shape holds what it has seen in memory of its own.
type shape struct {
	text    []byte // `"a":"b":"c":`
	members []shapeMember
	next    int  // members before it are passed
	holds   bool // every name so far stood where the shape has it
}

type shapeMember struct {
	start, end uint32 // in text
	noted      uint8  // 1 + position, 0 for none
}

func (p *shape) begin() { p.next, p.holds = 0, true }

// match gives the index after the name and colon at i and how the member is noted, if it is among the next members.
func (p *shape) match(b []byte, i int) (value int, noted uint8) {
	for k := p.next; k < len(p.members) && k < p.next+ahead; k++ {
		m := p.members[k]
		end := i + int(m.end-m.start)
		if end <= len(b) && string(b[i:end]) == string(p.text[m.start:m.end]) {
			p.next = k + 1
			return end, m.noted
		}
	}
	return none, 0
}

// learn makes the names the shape.
func (s *Scanner) learn(b []byte, names []span) {
	p := &s.shape
	p.text, p.members = p.text[:0], p.members[:0]
	for _, name := range names[:min(len(names), shapeNames)] {
		if name.start&elsewhere != 0 || name.end-name.start > shapeBytes-3 {
			continue
		}
		start := uint32(len(p.text))
		p.text = append(append(p.text, b[name.start-1:name.end+1]...), ':')
		noted := s.find(fingerprint(b, int(name.start), int(name.end)), b[name.start:name.end])
		p.members = append(p.members, shapeMember{start, uint32(len(p.text)), noted})
	}
}
