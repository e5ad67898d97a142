package captions

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/strictjson"
)

// DefaultField is the text field of cues unless another one is chosen.
const DefaultField = "metadata_text"

// maxSeconds is the latest time of a cue, some hundred thousand hours: no video is longer.
const maxSeconds = 1e9

// cue is a piece of text and when it is shown, in milliseconds.
type cue struct {
	start, end int64
	text       string
}

// segment is a cue and the video that it belongs to.
type segment struct {
	run, video string
	cue
}

// Batch gathers the cues of some records, on one goroutine. It is used again after Reset.
type Batch struct {
	path     []string // of the text
	run      string   // of records that name none
	segments []segment
	skipped  int64
	dec      *jsontext.Decoder
}

// NewBatch makes a batch of cues whose text is in the field of that dotted name, such as metadata.summary; "" means
// DefaultField.
func NewBatch(field string) *Batch {
	if field == "" {
		field = DefaultField
	}
	return &Batch{path: strings.Split(field, "."), dec: jsontext.NewDecoder(&bytes.Buffer{})}
}

// Reset empties the batch. The records that come are of that run, unless they say otherwise.
func (b *Batch) Reset(run string) {
	clear(b.segments) // lets go of the texts
	b.run, b.segments, b.skipped = run, b.segments[:0], 0
}

// Add adds the cue of a record that p has accepted just before. Whatever isn't a segment has none.
func (b *Batch) Add(p *artifact.Parser, r artifact.Record, raw []byte) {
	if r.Type != "segment" {
		return
	}
	start, startOK := milliseconds(p.Value(artifact.StartTime))
	end, endOK := milliseconds(p.Value(artifact.EndTime))
	said := text(b.field(p, raw))
	if !startOK || !endOK || said == "" {
		b.skipped++
		return
	}
	s := segment{run: id(p.Value(artifact.RunID)), video: id(p.Value(artifact.VideoID)), cue: cue{start, max(end, start+1), said}}
	if s.run == "" {
		s.run = b.run
	}
	b.segments = append(b.segments, s)
}

// milliseconds reads a time in seconds. One before the video begins is its beginning.
func milliseconds(value []byte) (int64, bool) {
	if len(value) == 0 || value[0] != '-' && value[0]-'0' > 9 {
		return 0, false
	}
	seconds, _ := strconv.ParseFloat(string(value), 64) // beyond the range it is infinite
	if seconds > maxSeconds {
		return 0, false
	}
	return int64(math.Round(max(seconds, 0) * 1000)), true
}

// id is a string as it reads, "" for anything else.
func id(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	return string(strictjson.Unquote(nil, value))
}

// text is a string without what captions can't hold, or a number as it stands; "" for anything else.
func text(value []byte) string {
	switch {
	case len(value) == 0:
		return ""
	case value[0] == '"':
		return lines(id(value))
	case value[0] == '-', value[0]-'0' <= 9:
		return string(value)
	}
	return ""
}

// lines cleans a text: one kind of line ends, no blank lines, no blanks around lines, and no NUL.
func lines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\ufffd").Replace(s)
	var kept []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// field is the value of the text field, nil if the record has none.
func (b *Batch) field(p *artifact.Parser, raw []byte) []byte {
	value, path := raw, b.path
	switch path[0] {
	case artifact.MetadataText.String():
		value, path = p.Value(artifact.MetadataText), path[1:]
	case artifact.Metadata.String():
		value, path = p.Value(artifact.Metadata), path[1:]
	}
	for _, name := range path {
		value = b.member(value, name)
	}
	return value
}

// member is an object's member of that name, nil if there is none. The object is strict JSON.
func (b *Batch) member(object []byte, name string) []byte {
	if len(object) == 0 || bytes.TrimLeft(object, " \t\r\n")[0] != '{' {
		return nil
	}
	b.dec.Reset(bytes.NewBuffer(object))
	_, err := b.dec.ReadToken()
	for err == nil && b.dec.PeekKind() == '"' {
		var token jsontext.Token
		if token, err = b.dec.ReadToken(); err != nil {
			break
		}
		found := token.String() == name
		var value jsontext.Value
		if value, err = b.dec.ReadValue(); found && err == nil {
			return bytes.Clone(value)
		}
	}
	return nil
}
