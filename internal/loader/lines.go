package loader

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/fault"
)

// maxRecordBytes is the longest record that packaging accepts.
const maxRecordBytes = 16 << 20

var utf8BOM = []byte("\ufeff")

// eachLine visits every non-blank line without its line end. Windows line ends, a byte order mark and a missing last
// line end are taken as what they mean; the record's own bytes are handed on as they are, valid until the next visit.
func eachLine(name string, r io.Reader, progress func(int64), visit func(record []byte, line int) error) error {
	br := bufio.NewReaderSize(r, 1<<20)
	var long []byte
	for line := 1; ; line++ {
		raw, err := readLine(br, &long)
		if errors.Is(err, errLong) {
			return fault.Newf(fault.Invalid, "record_invalid", "%s, line %d: a record is at most %d MiB", name, line, maxRecordBytes>>20)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fault.Wrap(err, fault.Invalid, "file_unreadable", fmt.Sprintf("%s can't be read beyond line %d.", name, line-1))
		}
		progress(int64(len(raw)))
		if line == 1 {
			raw = bytes.TrimPrefix(raw, utf8BOM)
		}
		if record := bytes.TrimSpace(raw); len(record) > 0 {
			if err := visit(record, line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

var errLong = errors.New("line too long")

// readLine reads up to and with the next line feed; long is its scratch space for lines beyond the reader's buffer.
func readLine(br *bufio.Reader, long *[]byte) ([]byte, error) {
	chunk, err := br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return chunk, err
	}
	*long = (*long)[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(*long) > maxRecordBytes {
			return nil, errLong
		}
		*long = append(*long, chunk...)
		chunk, err = br.ReadSlice('\n')
	}
	*long = append(*long, chunk...)
	return *long, err
}

// checkRecord reports what keeps the record from being a result: it must be one strict JSON object (no duplicate
// names, valid UTF-8) with a result_type and a result_id.
func checkRecord(record []byte) error {
	var r struct {
		ResultType string `json:"result_type"`
		ResultID   string `json:"result_id"`
	}
	if record[0] != '{' {
		return errors.New("a result is a JSON object")
	}
	if err := json.Unmarshal(record, &r); err != nil {
		return jsonProblem(err)
	}
	if r.ResultType == "" {
		return errors.New(`"result_type" is missing ("segment" or "video")`)
	}
	if strings.TrimSpace(r.ResultID) == "" {
		return errors.New(`"result_id" is missing`)
	}
	return nil
}

func jsonProblem(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Errorf("%s must be a string", semantic.JSONPointer)
	}
	return err
}
