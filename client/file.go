package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DownloadFile downloads the document into a file, which appears whole and checked, or not at all: it is written under
// another name in the same folder and renamed at the end. A file of that name is replaced. A download that breaks off
// is begun again, as often as a call is.
func (s *ExportsService) DownloadFile(ctx context.Context, exportID, path string, opts ...DownloadOption) (doc *Document, err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("client: %s is there and is not a file", path)
	}
	f, err := openPart(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(f))
		}
	}()
	if doc, err = s.downloadFile(ctx, exportID, f, opts); err != nil {
		return nil, err
	}
	if err := keep(f, path); err != nil {
		return nil, err
	}
	return doc, nil
}

// downloadFile fills f, from its beginning at every attempt.
func (s *ExportsService) downloadFile(ctx context.Context, exportID string, f *os.File, opts []DownloadOption) (*Document, error) {
	for n := 0; ; n++ {
		doc, err := s.Download(ctx, exportID, f, opts...)
		if err == nil || ctx.Err() != nil || n >= s.caller.retries || !broken(err) {
			return doc, err
		}
		wait, _ := delay(n, err)
		if s.caller.pause(ctx, wait) != nil {
			return nil, err
		}
		if err := rewind(f); err != nil {
			return nil, err
		}
	}
}

// broken reports whether a download broke off or brought something else than the document. Everything before the first
// byte has had its retries.
func broken(err error) bool {
	var c *CorruptError
	var t *transportError
	return errors.As(err, &c) || errors.As(err, &t) && t.midway
}

func rewind(f *os.File) error {
	_, err := f.Seek(0, 0)
	return errors.Join(err, f.Truncate(0))
}

// openPart makes the file that the document is written to until it is whole. Who may read it is up to the umask, as
// for any new file.
func openPart(path string) (*os.File, error) {
	name := fmt.Sprintf(".%s.%s.part", filepath.Base(path), rand.Text()[:8])
	return os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
}

// keep gives the finished file its name, once its content is sure to be on the disk.
func keep(f *os.File, path string) error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder puts the new name on the disk, where folders can be synced.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// discard removes what didn't become the document. The file may be closed already.
func discard(f *os.File) error {
	_ = f.Close() // it is removed in any case
	if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
