package api

import (
	"net/url"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
)

// exportFileView is one file of an export, or a folder of them, on the wire.
type exportFileView struct {
	Name   string  `json:"name"`
	Format string  `json:"format"` // one of the request's, "rejects" or "manifest"
	Bytes  *int64  `json:"bytes"`
	Rows   *int64  `json:"rows"`
	SHA256 *string `json:"sha256"`
	Parts  *int    `json:"parts"` // of a folder: how many files, which the manifest lists
	Href   *string `json:"href"`  // the download route's path, or the address at the connector's destination
}

// filesOf lists the files once they are packaged, the manifest last.
func filesOf(e export.Export, now time.Time) []exportFileView {
	views := []exportFileView{}
	if e.Artifact == nil {
		return views
	}
	for _, f := range packaged(e) {
		v := exportFileView{Name: f.Name, Format: string(f.Format), Bytes: &f.Bytes, Rows: &f.Rows, SHA256: given(f.SHA256), Href: href(e, f.Name, now)}
		if f.Rejected {
			v.Format = "rejects"
		}
		if f.Folder() {
			v.Parts = &f.Parts
		}
		views = append(views, v)
	}
	manifest := export.ManifestName(e.ID)
	return append(views, exportFileView{Name: manifest, Format: "manifest", SHA256: given(e.Artifact.ManifestSHA256), Href: href(e, manifest, now)})
}

// packaged are the files of the record; one that is older than the list of files has its document.
func packaged(e export.Export) []export.File {
	if a := e.Artifact; len(a.Files) == 0 {
		return []export.File{{Name: a.FirstFile(), Format: export.JSON, Bytes: a.Bytes, Rows: a.Counts.Results, SHA256: a.SHA256}}
	}
	return e.Artifact.Files
}

// href is where the file can be had: at the destination once it is delivered, else at the download route as long as
// that gives it. A folder is at the destination only.
func href(e export.Export, name string, now time.Time) *string {
	if e.Receipt != nil {
		return given(strings.TrimSuffix(e.Receipt.URI, e.Artifact.FirstFile()) + name)
	}
	if !downloadable(e, now) || strings.HasSuffix(name, "/") {
		return nil
	}
	if name == e.Artifact.FirstFile() {
		return given(downloadPath(e.ID))
	}
	return given(downloadPath(e.ID) + "?file=" + url.QueryEscape(name))
}

func formatsOf(r export.Request) []string {
	var names []string
	for _, f := range r.Files() {
		names = append(names, string(f))
	}
	return names
}
