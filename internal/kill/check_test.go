package kill

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// check holds what the schedule has left against what was promised.
func (g *game) check() {
	if err := errors.Join(g.stray(0, true), g.untilQuiet()); err != nil { // an event may be told again
		g.violated("%v", err)
	}
	for _, o := range g.orders {
		if err := g.checkOrder(o); err != nil {
			g.violated("%s: %v", o.id, err)
		}
		g.checkEnds(o)
	}
	g.checkArrivals()
	for name := range g.customers {
		to, err := g.customer(name)
		if err != nil {
			g.violated("%v", err)
			continue
		}
		open, err := to.open("")
		if name == toAzure { // which drops by itself what nobody goes on with, a week later
			open = slices.DeleteFunc(open, func(key string) bool { return !strings.Contains(key, g.subpath()+"/") || g.brokenOff(key) })
		}
		if err != nil || len(open) > 0 {
			g.violated("at %s there are open uploads: %v, %v", name, open, err)
		}
	}
}

// brokenOff reports whether the key is of an export that its owner has ended while it was delivered.
func (g *game) brokenOff(key string) bool {
	return slices.ContainsFunc(g.orders, func(o *order) bool {
		return (o.gone || o.want != export.StatusCompleted) && strings.Contains(key, o.id)
	})
}

func (g *game) checkOrder(o *order) error {
	bucket, err := g.artifacts()
	if err != nil {
		return err
	}
	e, err := g.records.Export(context.Background(), demo.AccountID, o.id)
	if o.gone {
		return g.checkGone(bucket, o, err)
	}
	if err != nil {
		return err
	}
	if o.want != "" && e.Status != o.want || e.Open() {
		return fmt.Errorf("it ended as %s (%s), not as %s: %s", e.Status, e.QueueStatus, o.want, e.ErrorMessage)
	}
	if e.Attempts > e.MaxAttempts {
		g.violated("%s: %d attempts of %d", o.id, e.Attempts, e.MaxAttempts)
	}
	files, err := g.files(bucket, e)
	if err != nil {
		return err
	}
	if e.Status == export.StatusCompleted {
		if err := g.checkFiles(e, files); err != nil {
			return err
		}
	}
	return g.checkDelivery(o, e, files)
}

// checkGone: nobody sees what was deleted, and nothing of it is left.
func (g *game) checkGone(bucket s3Bucket, o *order, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("it was deleted, and is there: %w", err)
	}
	for _, folder := range []string{"artifacts", "work"} {
		if left, err := bucket.keys(folder + "/" + demo.AccountID + "/" + o.id + "/"); err != nil || len(left) > 0 {
			return fmt.Errorf("it was deleted, and left %v, %w", left, err)
		}
	}
	r, _, err := g.insist(call{method: http.MethodGet, path: "/exports/" + o.id, as: reader})
	if err == nil && r.status != http.StatusNotFound {
		err = fmt.Errorf("it was deleted, and is shown: %v", r)
	}
	return err
}

// files are the export's files, the manifest among them, by their names below its folder. What a manifest lists is there.
func (g *game) files(bucket s3Bucket, e export.Export) (map[string][]byte, error) {
	prefix := "artifacts/" + demo.AccountID + "/" + e.ID + "/"
	if e.Artifact != nil {
		prefix = strings.TrimSuffix(e.Artifact.ManifestKey, export.ManifestName(e.ID))
	}
	objects, err := bucket.objects(prefix)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for key, content := range objects {
		files[strings.TrimPrefix(key, prefix)] = content
	}
	return files, whole(e.ID, files)
}

// whole: there is no manifest without every file that it lists, as it lists them.
func whole(id string, files map[string][]byte) error {
	raw, ok := files[export.ManifestName(id)]
	if !ok {
		return nil
	}
	var m artifact.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	for _, f := range m.Files {
		sum := sha256.Sum256(files[f.Name])
		if f.Bytes != int64(len(files[f.Name])) || f.SHA256 != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("the manifest lists %s of %d bytes, of which there are %d", f.Name, f.Bytes, len(files[f.Name]))
		}
	}
	return nil
}

// checkFiles: files are what an undisturbed export of the same has, are verified, and can be downloaded.
func (g *game) checkFiles(e export.Export, files map[string][]byte) error {
	got, err := digests(e, files)
	if err != nil {
		return err
	}
	if want := g.undisturbed[g.contents()]; g.kind != automation && !maps.Equal(want, got) {
		return fmt.Errorf("its files are %v, those of an undisturbed export %v", got, want)
	}
	if err := g.programs.run(filepath.Join(g.dir, "local.json"), "verify", "--all", "s3://"+e.Artifact.Bucket+"/"+e.Artifact.ManifestKey, "--export", e.ID); err != nil {
		return err
	}
	if e.ToConnector() {
		return nil // its copy at the destination is looked at
	}
	r, _, err := g.insist(call{method: http.MethodGet, path: "/exports/" + e.ID + "/download", as: reader})
	if err == nil && (r.status != http.StatusOK || !bytes.Equal(r.body, files[e.Artifact.FirstFile()])) {
		err = fmt.Errorf("its download is %d of %d bytes, and not the %d of %s", r.status, len(r.body), len(files[e.Artifact.FirstFile()]), e.Artifact.FirstFile())
	}
	return err
}

// checkDelivery: a completed export stands at its destination as it does here; of another one there is no manifest without
// its files.
func (g *game) checkDelivery(o *order, e export.Export, files map[string][]byte) error {
	if o.to == nowhere {
		return nil
	}
	to, err := g.customer(o.to)
	if err != nil {
		return err
	}
	prefix := basePath + "/" + g.subpath() + "/"
	objects, err := to.objects(prefix + e.ID)
	if err != nil {
		return err
	}
	delivered := map[string][]byte{}
	for key, content := range objects {
		delivered[strings.TrimPrefix(key, prefix)] = content
	}
	if err := whole(e.ID, delivered); err != nil {
		return fmt.Errorf("at the destination: %w", err)
	}
	if e.Status != export.StatusCompleted {
		return nil
	}
	if !maps.EqualFunc(files, delivered, bytes.Equal) {
		return fmt.Errorf("%v stand at the destination, of %v", slices.Sorted(maps.Keys(delivered)), slices.Sorted(maps.Keys(files)))
	}
	if e.Receipt == nil {
		return errors.New("it is delivered and has no receipt")
	}
	if g.kind == automation {
		return g.checkLatest(to, prefix+export.LatestName, e)
	}
	return nil
}

func (g *game) checkLatest(to destination, key string, e export.Export) error {
	found, err := to.objects(key)
	if err != nil {
		return err
	}
	var latest struct {
		ExportID string `json:"export_id"`
	}
	if err := json.Unmarshal(found[key], &latest); err != nil || latest.ExportID != e.ID {
		return fmt.Errorf("latest.json is %q, %w", found[key], err)
	}
	return nil
}
