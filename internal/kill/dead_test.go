package kill

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
)

// dead is what was found while the service lay dead.
type dead struct {
	mu         sync.Mutex
	seen       map[string]bool // manifests that were looked at
	violations []string
}

// lookAtDead looks at the S3's folder as the kill has left it: there is no manifest without every file that it lists.
func (w *world) lookAtDead() {
	w.dead.mu.Lock()
	defer w.dead.mu.Unlock()
	buckets := filepath.Join(w.dir, "s3", "objects")
	for _, folders := range []string{
		filepath.Join(buckets, artifactsBucket, "artifacts", demo.AccountID, "*"),
		filepath.Join(buckets, customerBucket, basePath, "seed", "*"),
	} {
		manifests, err := filepath.Glob(filepath.Join(folders, export.ManifestName("*")))
		if err != nil {
			panic(err) // the pattern is fixed
		}
		for _, manifest := range manifests {
			if w.dead.seen[manifest] {
				continue
			}
			w.dead.seen[manifest] = true
			if err := wholeFolder(manifest); err != nil {
				w.dead.violations = append(w.dead.violations, fmt.Sprintf("while the service lay dead: %s: %v", manifest, err))
			}
		}
	}
}

// wholeFolder is whole, of the folder that the manifest stands in.
func wholeFolder(manifest string) error {
	files := map[string][]byte{}
	folder, id := filepath.Dir(manifest), strings.TrimSuffix(filepath.Base(manifest), export.ManifestName(""))
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err == nil && strings.HasPrefix(name, id) {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		return err
	}
	return whole(id, files)
}

// foundDead gives what was found since the last time.
func (w *world) foundDead() []string {
	w.dead.mu.Lock()
	defer w.dead.mu.Unlock()
	found := w.dead.violations
	w.dead.violations = nil
	return found
}
