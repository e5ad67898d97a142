package parquetfile

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestRowsOfABrokenFile cuts a file anywhere and changes every byte of its footer.
func TestRowsOfABrokenFile(t *testing.T) {
	j := job{cols: everyType, rows: randomRows(rand.New(rand.NewPCG(1, 6)), everyType, 20), options: Options{RowGroupBytes: 1}}
	file := j.write(t)
	for n := range file {
		if rows, err := Rows(bytes.NewReader(file[:n]), int64(n)); err == nil {
			t.Fatalf("%d of %d bytes have %d rows", n, len(file), rows)
		}
	}
	for at := len(file) - 2000; at < len(file); at++ {
		broken := bytes.Clone(file)
		broken[at] ^= 0xff
		if rows, err := Rows(bytes.NewReader(broken), int64(len(broken))); err == nil && rows < 0 {
			t.Fatalf("%d rows", rows)
		}
	}
}

// FuzzRows: any file is refused, or has a number of rows.
func FuzzRows(f *testing.F) {
	file := job{cols: everyType, rows: randomRows(rand.New(rand.NewPCG(2, 6)), everyType, 3)}.write(f)
	f.Add(file)
	f.Add(file[len(file)-600:])
	f.Add([]byte("PAR1\x19\x19\x19\x19\x04\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if rows, err := Rows(bytes.NewReader(file), int64(len(file))); err == nil && rows < 0 {
			t.Errorf("%d rows", rows)
		}
	})
}
