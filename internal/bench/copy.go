package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/uncached"
)

// copyMode is the first argument of a benchmark that only reads, digests and writes.
const copyMode = "copy"

// copied reads files and writes them into one, with the digests that a manifest has. It is what every program that
// proves what it wrote must do, and nothing else: no look at what the bytes say.
func copied(args []string) (err error) {
	if len(args) < 2 {
		return errors.New("usage: bench copy OUT FILE…")
	}
	out, err := os.Create(args[0])
	if err != nil {
		return err
	}
	content := uncached.NewWriter(out) // as vvx does
	defer func() { err = errors.Join(err, content.Close(), out.Close()) }()
	size, err := sizeOf(args[1:])
	if err != nil {
		return err
	}
	digests := artifact.NewDigester(artifact.PartSize(size))
	buffer := make([]byte, 256<<10)
	for _, name := range args[1:] {
		if err := copyInto(content, digests, name, buffer); err != nil {
			return err
		}
	}
	_, err = fmt.Println(digests.Sum().SHA256)
	return err
}

func copyInto(out, digests io.Writer, name string, buffer []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was read
	for {
		n, err := f.Read(buffer)
		_, _ = digests.Write(buffer[:n]) // digests can't fail
		if _, err := out.Write(buffer[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func sizeOf(names []string) (total int64, err error) {
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	return total, nil
}
