package export

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxPathBytes bounds a base path and a subpath: both together and the object's name stay within the 1,024 bytes of
// an S3 key.
const MaxPathBytes = 400

var (
	errPathLong    = errors.New("must be at most 400 bytes")
	errPathEscape  = errors.New("must not leave the connector's base path: no \"..\" or \".\" segment, plain or percent-encoded")
	errPathSegment = errors.New("must not hold an empty segment (\"//\")")
	errPathRune    = errors.New("must be valid UTF-8 without control characters, backslashes, \"?\" or \"#\"")
)

// CleanSubpath parses a path below a connector's base. It is always relative: one leading and one trailing slash
// change nothing. A path that could leave its base in any encoding, on any of the stores, is refused.
func CleanSubpath(s string) (string, error) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "/"), "/")
	if len(s) > MaxPathBytes {
		return "", errPathLong
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, badPathRune) {
		return "", errPathRune
	}
	if s == "" {
		return "", nil
	}
	for seg := range strings.SplitSeq(s, "/") {
		if err := checkSegment(seg); err != nil {
			return "", err
		}
	}
	return s, nil
}

// checkSegment decodes the segment until nothing changes, so that no number of decodings on the way yields a dot
// segment or a slash.
func checkSegment(seg string) error {
	if seg == "" {
		return errPathSegment
	}
	for {
		if strings.Trim(seg, " .") == "" || strings.ContainsAny(seg, "/\\") || strings.ContainsFunc(seg, unicode.IsControl) {
			return errPathEscape
		}
		next, err := url.PathUnescape(seg)
		if err != nil || next == seg {
			return nil
		}
		seg = next
	}
}

func badPathRune(r rune) bool {
	return unicode.IsControl(r) || r == '\\' || r == '?' || r == '#' || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

// JoinPath joins path pieces with single slashes, leaving out empty ones.
func JoinPath(pieces ...string) string {
	var kept []string
	for _, p := range pieces {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "/")
}

// ObjectName is the file name of an export's document.
func ObjectName(id string) string { return id + ".json" }

// ManifestName is the file name of the manifest beside the document.
func ManifestName(id string) string { return id + ".manifest.json" }

// LatestName is the file name of the pointer to an automation's latest delivery. No export's file has it: their names
// begin with their ids.
const LatestName = "latest.json"

// RejectsName is the file name of the records that could not be exported.
func RejectsName(id string) string { return id + ".rejects.ndjson" }

// PartPrefix is what the names of files in an export's folders begin with.
const PartPrefix = "part-"

// PartName is the name of a file in a folder of that name, which ends with a slash.
func PartName(folder string, n int, extension string) string {
	return fmt.Sprintf("%s%s%05d%s", folder, PartPrefix, n, extension)
}
