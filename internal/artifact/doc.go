// Package artifact makes the exported document: result records in, one JSON document with its digests and manifest
// out. It is readers and writers only; where the bytes come from and go to is the caller's business. The same
// selection yields the same bytes on every machine, written in one go or in ranges, and memory holds one record and
// two parts however large the document is.
package artifact
