package steps

import (
	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/pack"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
)

// plannedFile is a file of the plan, or a folder of files.
type plannedFile struct {
	Name        string               `json:"name"` // below the export's folder; a folder's ends with a slash
	Format      artifact.Format      `json:"format"`
	Compression artifact.Compression `json:"compression"`
}

// planFiles names the files that the request asks for, in its order.
func planFiles(e export.Export, sharded bool) []plannedFile {
	var files []plannedFile
	for _, format := range e.Request.Files() {
		f := plannedFile{Format: format, Compression: e.Request.Compression.Of(format)}
		f.Name = e.ID + artifact.Extension(format, f.Compression)
		if sharded && f.byShard() {
			f.Name = e.ID + "." + string(format) + "/"
		}
		files = append(files, f)
	}
	return files
}

// byShard reports whether shards of a large export write files of their own: tables have no place to be joined at.
func (f plannedFile) byShard() bool { return f.Format.Tabular() }

// plain reports whether the file's bytes have offsets that are known from the inputs' measures.
func (f plannedFile) plain() bool {
	return f.Compression == artifact.None && (f.Format == artifact.JSON || f.Format == artifact.NDJSON)
}

// settled reports whether a shard's share of the file depends on nothing that other shards find.
func (f plannedFile) settled() bool { return !f.plain() && f.Format != artifact.JSON }

// part is the name of a shard's own file in a folder.
func (f plannedFile) part(shard int) string {
	return export.PartName(f.Name, shard, artifact.Extension(f.Format, f.Compression))
}

// fileReport is what packaging tells of a planned file, or of a shard's share of it.
type fileReport struct {
	Parts   []blob.UploadedPart   `json:"parts,omitempty"` // of the file's upload
	Sums    []artifact.PartDigest `json:"sums,omitempty"`  // one for each of Parts
	Bytes   int64                 `json:"bytes"`
	Digests *artifact.Digests     `json:"digests,omitempty"` // of a file that was written whole
	Facts   pack.Facts            `json:"facts"`
}

// join adds what the next shard tells of its share.
func (r *fileReport) join(next fileReport) {
	r.Parts = append(r.Parts, next.Parts...)
	r.Sums = append(r.Sums, next.Sums...)
	r.Bytes += next.Bytes
	r.addFacts(next.Facts)
}

func (r *fileReport) addFacts(f pack.Facts) {
	r.Facts.Rows += f.Rows
	r.Facts.Guarded += f.Guarded
	r.Facts.Skipped += f.Skipped
}
