package parquetfile

import (
	"io"
	"sync"
)

// blockBytes is the unit in which compressed pages take memory.
const blockBytes = 32 << 10

// pool holds blocks that nobody uses. It is safe for concurrent use.
type pool struct {
	mu   sync.Mutex
	free [][]byte
}

func (p *pool) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return make([]byte, 0, blockBytes)
	}
	b := p.free[last]
	p.free = p.free[:last]
	return b[:0]
}

func (p *pool) give(blocks [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, blocks...)
}

// store is bytes in blocks of a pool.
type store struct {
	pool   *pool
	blocks [][]byte
	size   int64
}

func (s *store) append(p []byte) {
	s.size += int64(len(p))
	for len(p) > 0 {
		last := len(s.blocks) - 1
		if last < 0 || len(s.blocks[last]) == blockBytes {
			s.blocks = append(s.blocks, s.pool.take())
			last++
		}
		n := min(len(p), blockBytes-len(s.blocks[last]))
		s.blocks[last] = append(s.blocks[last], p[:n]...)
		p = p[n:]
	}
}

// moveTo writes the bytes and gives the blocks back.
func (s *store) moveTo(w io.Writer) error {
	for _, b := range s.blocks {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	s.pool.give(s.blocks)
	s.blocks, s.size = s.blocks[:0], 0
	return nil
}
