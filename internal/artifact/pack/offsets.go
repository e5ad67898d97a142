package pack

import (
	"github.com/videovector/exports/internal/artifact"
)

// Expected are the measures of inputs that are strict NDJSON and lose no record, as the catalogue states them.
func Expected(inputs []artifact.Input) []Measure {
	all := make([]Measure, len(inputs))
	for i, in := range inputs {
		all[i] = Measure{Rows: in.Rows, Bytes: in.Bytes - in.Rows}
	}
	return all
}

// Offsets are where the inputs' records begin in a plain JSON or NDJSON file, as Window.At has it, and at last where the
// last record ends. Nothing of an input needs to be read for them.
func Offsets(d *artifact.Document, f artifact.Format, inputs []Measure) ([]int64, error) {
	if f == artifact.NDJSON {
		return lineOffsets(inputs), nil
	}
	opening, err := d.Opening()
	if err != nil {
		return nil, err
	}
	at := make([]int64, len(inputs)+1)
	var rows, bytes int64
	for i, m := range inputs {
		rows, bytes = rows+m.Rows, bytes+m.Bytes
		at[i+1] = int64(len(opening)) + bytes + int64(len(artifact.Separator))*max(rows-1, 0)
	}
	return at, nil
}

func lineOffsets(inputs []Measure) []int64 {
	at := make([]int64, len(inputs)+1)
	for i, m := range inputs {
		at[i+1] = at[i] + m.Bytes + m.Rows
	}
	return at
}
