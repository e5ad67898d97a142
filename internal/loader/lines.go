package loader

import (
	"errors"
	"fmt"
	"io"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/fault"
)

// eachLine visits every record as packaging would read it, without its line end; it is valid until the next visit.
// progress hears of the bytes as they are read.
func eachLine(name string, r io.Reader, progress func(int64), visit func(record []byte, line int) error) error {
	lines := artifact.NewLines(r)
	for told := int64(0); ; told = lines.Bytes() {
		record, err := lines.Next()
		progress(lines.Bytes() - told)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, artifact.ErrRecordTooLong):
			return badRecord(name, lines.Number(), err)
		case err != nil:
			return fault.Wrap(err, fault.Invalid, "file_unreadable", fmt.Sprintf("%s can't be read beyond line %d.", name, lines.Number()))
		}
		if err := visit(record, lines.Number()); err != nil {
			return err
		}
	}
}

func badRecord(name string, line int, err error) error {
	return fault.Newf(fault.Invalid, "record_invalid", "%s, line %d: %s", name, line, err)
}

// checkRecord reports what keeps the record from being a result: packaging must be able to read it, and it must hold
// what the catalogue demands.
func checkRecord(p *artifact.Parser, record []byte) error {
	r, err := p.Parse(record)
	if err != nil {
		return err
	}
	return r.Incomplete()
}
