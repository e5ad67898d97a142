package api

import (
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// download is a file of an export that was asked for.
type download struct {
	name        string // below the export's folder
	contentType string
	bytes       int64 // 0 if the record doesn't tell
}

// disposition is the file's Content-Disposition.
func (f download) disposition() string { return `attachment; filename="` + path.Base(f.name) + `"` }

// chosen is the file that the query names, the first one without a name. A token opens the first file alone: it was
// minted for that.
func chosen(r *http.Request, e export.Export) (download, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return download{}, errNoFile
	}
	names, named := q["file"]
	if !named {
		return firstFile(e), nil
	}
	if len(names) != 1 {
		return download{}, errNoFile
	}
	if !auth.HasCredential(r.Header) {
		return download{}, auth.ErrToken()
	}
	return fileNamed(e, names[0])
}

var errNoFile = fault.New(fault.NotFound, "export_file_not_found", `This export has no such file. "files" of the export lists those there are.`)

func firstFile(e export.Export) download {
	return download{e.Artifact.FirstFile(), contentTypeOf(e, packaged(e)[0]), e.Artifact.Bytes}
}

func fileNamed(e export.Export, name string) (download, error) {
	if name == export.ManifestName(e.ID) {
		return download{name, "application/json", 0}, nil
	}
	for _, f := range packaged(e) {
		switch {
		case f.Name == name && !f.Folder():
			return download{name, contentTypeOf(e, f), f.Bytes}, nil
		case f.Folder() && partOf(f, e.Request.Compression, name):
			return download{name, contentTypeOf(e, f), 0}, nil
		}
	}
	return download{}, errNoFile
}

// partOf reports whether the name is that of a file of the folder.
func partOf(folder export.File, c export.Compression, name string) bool {
	number, ok := strings.CutPrefix(name, folder.Name+export.PartPrefix)
	if !ok {
		return false
	}
	number, ok = strings.CutSuffix(number, export.Extension(folder.Format, c))
	n, err := strconv.Atoi(number)
	return ok && err == nil && n >= 0 && n < folder.Parts && name == export.PartName(folder.Name, n, export.Extension(folder.Format, c))
}

func contentTypeOf(e export.Export, f export.File) string {
	if f.Rejected {
		return export.ContentType(export.NDJSON, "")
	}
	return export.ContentType(f.Format, e.Request.Compression)
}
