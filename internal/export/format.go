package export

import "slices"

// Format is what a file of an export is made as.
type Format string

// Formats, as requests and manifests name them.
const (
	JSON        Format = "json"         // one document of everything, the default
	NDJSON      Format = "ndjson"       // the records, one per line
	CSV         Format = "csv"          // RFC 4180, one row per record
	Parquet     Format = "parquet"      // the same columns with real types
	VTT         Format = "vtt"          // WebVTT captions, one file per video, in a ZIP archive
	SRT         Format = "srt"          // SubRip captions, likewise
	VTTChapters Format = "vtt_chapters" // WebVTT chapters, likewise
)

// Formats are all there are.
var Formats = []Format{JSON, NDJSON, CSV, Parquet, VTT, SRT, VTTChapters}

// Known reports whether f is one of Formats.
func (f Format) Known() bool { return slices.Contains(Formats, f) }

// Tabular reports whether f makes rows under named columns.
func (f Format) Tabular() bool { return f == CSV || f == Parquet }

// Captions reports whether f makes one file per video.
func (f Format) Captions() bool { return f == VTT || f == SRT || f == VTTChapters }

// Compression is how the bytes of a file are packed.
type Compression string

// Compressions, as requests and manifests name them. Parquet is always packed inside, with zstd, and captions by their
// archive: neither takes another layer.
const (
	None Compression = "none"
	Gzip Compression = "gzip"
	Zstd Compression = "zstd"
)

// Compressions are all there are.
var Compressions = []Compression{None, Gzip, Zstd}

// Known reports whether c is one of Compressions.
func (c Compression) Known() bool { return slices.Contains(Compressions, c) }

// Of is the compression that a file of the format gets where c is asked for.
func (c Compression) Of(f Format) Compression {
	if f == Parquet || f.Captions() || c == "" {
		return None
	}
	return c
}

// Extension is what a file's name ends with, such as ".csv.gz".
func Extension(f Format, c Compression) string {
	ext := "." + string(f)
	switch f {
	case VTT, SRT:
		ext += ".zip"
	case VTTChapters:
		ext = ".chapters.vtt.zip"
	}
	switch c.Of(f) {
	case Gzip:
		ext += ".gz"
	case Zstd:
		ext += ".zst"
	}
	return ext
}

// ContentType is the media type of a file. Compression is part of the file, so it is named and no Content-Encoding is.
func ContentType(f Format, c Compression) string {
	switch c.Of(f) {
	case Gzip:
		return "application/gzip"
	case Zstd:
		return "application/zstd"
	}
	switch f {
	case JSON:
		return "application/json"
	case NDJSON:
		return "application/x-ndjson"
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case Parquet:
		return "application/vnd.apache.parquet"
	}
	return "application/zip"
}
