package artifact

import "github.com/videovector/exports/internal/export"

// Format and Compression are the domain's words; see there for what each makes.
type (
	Format      = export.Format
	Compression = export.Compression
)

// The formats and compressions, under the names that writers of files use.
const (
	JSON        = export.JSON
	NDJSON      = export.NDJSON
	CSV         = export.CSV
	Parquet     = export.Parquet
	VTT         = export.VTT
	SRT         = export.SRT
	VTTChapters = export.VTTChapters

	None = export.None
	Gzip = export.Gzip
	Zstd = export.Zstd
)

// Formats and Compressions are all there are.
var (
	Formats      = export.Formats
	Compressions = export.Compressions
)

// Extension is what a file's name ends with, such as ".csv.gz".
func Extension(f Format, c Compression) string { return export.Extension(f, c) }

// ContentType is the media type of a file.
func ContentType(f Format, c Compression) string { return export.ContentType(f, c) }
