package main

import (
	"archive/zip"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/parquetfile"
	"github.com/videovector/exports/internal/export"
)

// contents is what was read of a file, and why it could not be read further.
type contents struct {
	head  artifact.Head  // of a document
	rows  int64          // of a file with rows, -1 if it has none
	found *export.Counts // nil where rows don't tell what they are
	err   error
}

// inspect reads a file's contents from its beginning to its end.
func inspect(f artifact.File, r io.Reader) contents {
	plain, err := unpacked(f.Compression, r)
	if err != nil {
		return contents{err: err}
	}
	defer plain.Close()
	switch f.Format {
	case artifact.JSON, "":
		c, err := artifact.Inspect(plain)
		return contents{c.Head, c.Found.Results, &c.Found, err}
	case artifact.NDJSON:
		c, err := artifact.InspectLines(plain)
		return contents{rows: c.Results, found: &c, err: err}
	case artifact.CSV:
		rows, err := tableRows(plain)
		return contents{rows: rows, err: err}
	}
	return contents{err: fmt.Errorf("there is no format %q", f.Format)}
}

// unpacked is the plain content of a packed file.
func unpacked(c artifact.Compression, r io.Reader) (io.ReadCloser, error) {
	switch c {
	case artifact.None, "":
		return io.NopCloser(r), nil
	case artifact.Gzip:
		return gzip.NewReader(r)
	case artifact.Zstd:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("there is no compression %q", c)
}

// tableRows counts the rows of CSV below its header, all of which have as many fields.
func tableRows(r io.Reader) (rows int64, err error) {
	table := csv.NewReader(r)
	table.ReuseRecord = true
	for rows = -1; ; rows++ {
		if _, err = table.Read(); err != nil {
			break
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		return max(rows, 0), err
	case rows < 0:
		return 0, errors.New("there is no header")
	}
	return rows, nil
}

// needsAll reports whether a file can't be read from its beginning on: what is in it stands at its end.
func needsAll(f artifact.Format) bool { return f == artifact.Parquet || f.Captions() }

// inspectAll reads the contents of such a file.
func inspectAll(f artifact.Format, r io.ReaderAt, size int64) contents {
	if f == artifact.Parquet {
		rows, err := parquetfile.Rows(r, size)
		return contents{rows: rows, err: err}
	}
	return contents{rows: -1, err: readArchive(r, size)}
}

// readArchive reads every file of a ZIP archive and checks its checksum.
func readArchive(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if err := readEntry(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func readEntry(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r) //nolint:gosec // G110: nothing is kept, and the manifest says where it has to end
	return err
}
