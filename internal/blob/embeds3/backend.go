package embeds3

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// maxCopyBytes is the largest range that S3 copies at once.
const maxCopyBytes = 5 << 30

// open makes the folders and the gateway's backend over them, with what it lacks after a kill and under a race.
func open(cfg Config) (backend.Backend, error) {
	dir, err := filepath.Abs(cfg.Dir) // the backend is about to change the working directory
	if err != nil {
		return nil, err
	}
	objects, sidecar := filepath.Join(dir, "objects"), filepath.Join(dir, "sidecar")
	folders := []string{objects, sidecar}
	for _, bucket := range cfg.Buckets {
		folders = append(folders, filepath.Join(objects, bucket))
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
	}
	if err := reopenUploads(objects, sidecar); err != nil {
		return nil, err
	}
	files, err := meta.NewSideCar(sidecar)
	if err != nil {
		return nil, err
	}
	p, err := posix.New(objects, properties{files, objects}, posix.PosixOpts{Concurrency: 64, CopyObjectThreshold: maxCopyBytes})
	if err != nil {
		return nil, err
	}
	return &serial{Backend: p, turns: map[string]*turn{}}, nil
}

// claimed is how the gateway marks an upload that it is completing: UPLOAD.ETAG.inprogress.
const claimed = ".inprogress"

// reopenUploads gives uploads back whose completion a kill interrupted. The gateway would take them for being completed
// by somebody else, and report a success that never comes.
func reopenUploads(objects, sidecar string) error {
	marked, err := filepath.Glob(filepath.Join(objects, "*", posix.MetaTmpMultipartDir, "*", "*"+claimed))
	if err != nil {
		return err
	}
	for _, path := range marked {
		id, _, _ := strings.Cut(filepath.Base(path), ".")
		within, err := filepath.Rel(objects, path)
		if err != nil {
			return err
		}
		described := filepath.Join(sidecar, within)
		err = os.Rename(described, filepath.Join(filepath.Dir(described), id))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // the kill may have come between the two renames
			return err
		}
		if err := os.Rename(path, filepath.Join(filepath.Dir(path), id)); err != nil {
			return err
		}
	}
	return nil
}

// properties are kept in files beside the objects, which works on every file system. They are written before their
// object is linked into place: after a kill between the two, an ETag without an object would make conditional writes
// fail for an object that isn't there.
type properties struct {
	meta.SideCar
	objects string
}

// RetrieveAttribute implements meta.MetadataStorer: what has no object has no ETag.
func (p properties) RetrieveAttribute(f *os.File, bucket, object, attribute string) ([]byte, error) {
	if attribute == "etag" && object != "" {
		if _, err := os.Lstat(filepath.Join(p.objects, bucket, object)); errors.Is(err, fs.ErrNotExist) {
			return nil, meta.ErrNoSuchKey
		}
	}
	return p.SideCar.RetrieveAttribute(f, bucket, object, attribute)
}
