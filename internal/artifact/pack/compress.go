package pack

import (
	"fmt"

	"github.com/videovector/exports/internal/artifact"
)

// packer packs members: pieces that are packed by themselves, and that one after the other are a packed file.
type packer struct{ as artifact.Compression }

func (p packer) packs() bool { return p.as != "" && p.as != artifact.None }

// member appends the packed content.
func (p packer) member(to, content []byte) ([]byte, error) {
	if !p.packs() {
		return append(to, content...), nil
	}
	return to, fmt.Errorf("there is no compression %q", p.as)
}
