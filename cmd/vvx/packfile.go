package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/uncached"
)

// newFile is a file that appears under its name when it is whole. Until then it has another one in the same folder.
type newFile struct {
	*os.File
	path  string
	force bool // replace what is there
}

func createFile(path string, force bool) (*newFile, error) {
	if _, err := os.Lstat(path); err == nil && !force {
		return nil, fmt.Errorf("%s exists already; --force replaces it", path)
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()+".part")
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	return &newFile{f, path, force}, nil
}

// publish gives the file its name. Without force it never takes the place of another one, not even of one that has come
// since.
func (f *newFile) publish() error {
	if err := f.Close(); err != nil {
		return err
	}
	if f.force {
		return os.Rename(f.Name(), f.path)
	}
	err := os.Link(f.Name(), f.path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists already; --force replaces it", f.path)
	case err != nil: // not every file system has links
		return os.Rename(f.Name(), f.path)
	}
	return os.Remove(f.Name())
}

// discard removes the file if it has no name yet. After publish it has no effect.
func (f *newFile) discard() {
	_ = f.Close() // it is not wanted
	os.Remove(f.Name())
}

// packedFile is a file that pack makes.
type packedFile struct {
	path        string
	format      artifact.Format
	compression artifact.Compression
	file        *newFile
	content     *uncached.Writer // of file
	digester    *artifact.Digester
	beside      chan []byte // what is digested while it is written; nil to do one after the other
	digested    chan struct{}
}

// digestBeside makes Write digest on a goroutine of its own, until end.
func (p *packedFile) digestBeside() {
	p.beside, p.digested = make(chan []byte), make(chan struct{})
	go func() {
		for b := range p.beside {
			_, _ = p.digester.Write(b) // it never fails
			p.digested <- struct{}{}
		}
	}()
}

// end writes and digests the last of the content. It can be called again.
func (p *packedFile) end() error {
	if p.beside != nil {
		close(p.beside)
		p.beside = nil
	}
	if p.content == nil {
		return nil
	}
	return p.content.Close()
}

// Write writes and digests.
func (p *packedFile) Write(b []byte) (int, error) {
	if p.beside == nil {
		_, _ = p.digester.Write(b) // it never fails
		return p.content.Write(b)
	}
	p.beside <- b
	n, err := p.content.Write(b)
	<-p.digested
	return n, err
}

// described is the file's entry in the manifest.
func (p *packedFile) described(facts pack.Facts) artifact.File {
	return facts.File(filepath.Base(p.path), p.format, p.compression, p.digester.Sum())
}
