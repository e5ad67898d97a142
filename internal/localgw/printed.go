package localgw

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
)

// maxLine is how much of a line without an end is kept together, in bytes.
const maxLine = 64 << 10

// printed passes on what a function prints, line by line, to the log. A line of JSON stays JSON.
type printed struct {
	log      *slog.Logger
	function string
	rest     []byte // a line whose end has not come
}

// Write implements io.Writer. It is not safe for concurrent use; os/exec needs it from one goroutine.
func (p *printed) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b...)
	for {
		line, rest, ok := bytes.Cut(p.rest, []byte("\n"))
		if !ok && len(line) < maxLine {
			return len(b), nil
		}
		p.note(line)
		p.rest = append(p.rest[:0], rest...)
	}
}

// end passes on a last line without an end.
func (p *printed) end() {
	if len(p.rest) > 0 {
		p.note(p.rest)
	}
	p.rest = nil
}

func (p *printed) note(line []byte) {
	var output any = string(line)
	if len(line) > 0 && line[0] == '{' && json.Valid(line) {
		output = json.RawMessage(bytes.Clone(line))
	}
	p.log.InfoContext(context.Background(), "function output", "function", p.function, "output", output)
}
