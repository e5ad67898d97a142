package captions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/videovector/exports/internal/artifact"
)

// maxName is the longest name of a folder or of a file without its extension, in bytes.
const maxName = 100

// safe makes an id a name that every file system takes: what isn't a letter, a digit, "_", "." or "-" is percent-encoded,
// and so is a dot in front. What gets too long ends with a digest of the id.
func safe(id string) string {
	var s strings.Builder
	for i := range len(id) {
		c := id[i]
		if c|0x20-'a' < 26 || c-'0' < 10 || c == '_' || c == '-' || c == '.' && i > 0 {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(&s, "%%%02X", c)
		}
	}
	name := s.String()
	switch {
	case name == "":
		return "_"
	case len(name) > maxName:
		return name[:maxName-len("~")-16] + "~" + digest(id)
	}
	return name
}

func digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}

// names are those of an archive, each of which stands for one video, whether or not case counts.
type names map[[16]byte]struct{}

// of gives a video's name. No id makes a "~", so what is added to a name that is taken makes it another one.
func (n names) of(v video, f artifact.Format) string {
	run, name := safe(v.run), safe(v.id)
	for tries := 0; ; tries++ {
		path := run + "/" + name + extension(f)
		sum := sha256.Sum256([]byte(strings.ToLower(path)))
		key := [16]byte(sum[:16])
		if _, taken := n[key]; !taken {
			n[key] = struct{}{}
			return path
		}
		name = fmt.Sprintf("%s~%s", safe(v.id), digest(fmt.Sprintf("%d %d %s/%s", tries, len(v.run), v.run, v.id)))
	}
}

func extension(f artifact.Format) string {
	if f == artifact.SRT {
		return ".srt"
	}
	return ".vtt"
}
