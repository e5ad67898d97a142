package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	strict "github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/export"
)

const manifestKind = Kind + ".manifest"

// Manifest describes a document completely; its presence is the proof that the document beside it is whole.
type Manifest struct {
	Kind          string         `json:"kind"`
	SchemaVersion string         `json:"schema_version"`
	Export        Head           `json:"export"`
	Files         []File         `json:"files"`
	Runs          []ManifestRun  `json:"runs"`
	Counts        ManifestCounts `json:"counts"`
}

// File is one file of the export.
type File struct {
	Name         string      `json:"name"` // below the export's folder
	Format       Format      `json:"format"`
	Compression  Compression `json:"compression,omitempty"`   // "" for none
	Rows         int64       `json:"rows"`                    // records in it
	GuardedCells int64       `json:"guarded_cells,omitempty"` // of CSV: text that a spreadsheet would have run as a formula
	Skipped      int64       `json:"skipped,omitempty"`       // of captions: segments without times or text
	Digests
}

// ManifestRun is where a run's results came from.
type ManifestRun struct {
	ID   string `json:"run_id"`
	Rows int64  `json:"rows"` // selected
}

// ManifestCounts add up: Written + Rejected + Filtered = Selected.
type ManifestCounts struct {
	export.Counts
	Selected int64 `json:"selected"`
	Written  int64 `json:"written"`
	Rejected int64 `json:"rejected"`
	Filtered int64 `json:"filtered"` // left out by the result scope
}

// NewManifest describes the files that were made of the document's selection. counts are of what was written, and of what
// was rejected; filtered is what the result scope left out.
func (d *Document) NewManifest(files []File, counts export.Counts, filtered int64) Manifest {
	selected := make([]int64, len(d.Inputs))
	for i, in := range d.Inputs {
		selected[i] = in.Rows
	}
	return d.ManifestOf(files, ManifestCounts{
		Counts: counts, Selected: d.Rows(), Written: counts.Results, Rejected: counts.Rejected, Filtered: filtered,
	}, selected)
}

// ManifestOf describes files of the document's selection, which are the records that each input holds.
func (d *Document) ManifestOf(files []File, counts ManifestCounts, selected []int64) Manifest {
	counts.Runs = int64(len(d.Runs))
	m := Manifest{Kind: manifestKind, SchemaVersion: SchemaVersion, Export: d.Head, Runs: []ManifestRun{}, Files: files, Counts: counts}
	rows := map[string]int64{}
	for i, in := range d.Inputs {
		rows[in.RunID] += selected[i]
	}
	for _, r := range d.Runs {
		m.Runs = append(m.Runs, ManifestRun{r.ID, rows[r.ID]})
	}
	return m
}

// Encode is the manifest file.
func (m Manifest) Encode() ([]byte, error) {
	raw, err := json.MarshalIndent(m, "", "  ")
	return append(raw, '\n'), err
}

// DecodeManifest reads a manifest file. Members that a later version may add are passed over; everything that Verify
// rests on must be there.
func DecodeManifest(raw []byte) (Manifest, error) {
	var m Manifest
	if strict.Unmarshal(raw, &m) != nil || m.Kind != manifestKind {
		return Manifest{}, errors.New("this is not the manifest of an export")
	}
	for _, f := range m.Files {
		if f.Name == "" || (f.SHA256 == "" && f.Bytes <= WholeBytes) || f.TreeSHA256 == "" || f.Bytes < 0 || f.PartBytes < 1 {
			return Manifest{}, errors.New("the manifest describes a file incompletely")
		}
	}
	if len(m.Files) == 0 {
		return Manifest{}, errors.New("the manifest names no file")
	}
	return m, nil
}

// Verify reads the document and holds it against the manifest's first file.
func (m Manifest) Verify(document io.Reader) error {
	if len(m.Files) == 0 {
		return fmt.Errorf("the manifest names no file")
	}
	want := m.Files[0].Digests
	got, err := DigestOf(document, want.PartBytes)
	if err != nil {
		return err
	}
	switch {
	case got.Bytes != want.Bytes:
		return fmt.Errorf("%s has %d bytes, the manifest says %d", m.Files[0].Name, got.Bytes, want.Bytes)
	case got.SHA256 != want.SHA256, got.TreeSHA256 != want.TreeSHA256, got.CRC64NVME != want.CRC64NVME:
		return fmt.Errorf("%s is not the document that the manifest describes", m.Files[0].Name)
	}
	return nil
}
