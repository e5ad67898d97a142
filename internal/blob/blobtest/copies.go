package blobtest

import (
	"bytes"
	"testing"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// testCopyPart makes an object of ranges of another one, with a part of its own between them.
func testCopyPart(t *testing.T, bench Bench) {
	b := bench.Bucket
	from, ok := b.(blob.Copier)
	if !ok {
		t.Fatalf("a %T copies nothing", b)
	}
	source := part('s', 3*blob.MinPartBytes)
	const sourceKey = "a folder/source +%.ndjson"
	info, err := b.Put(t.Context(), sourceKey, source, blob.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := mustStart(t, b, "copy")
	at := blob.CopySource{Bucket: b.Name(), Key: sourceKey, ETag: info.ETag, Offset: 7, Length: blob.MinPartBytes + 1}
	parts := []blob.UploadedPart{mustCopy(t, from, id, 1, at), mustUpload(t, b, "copy", id, 2, part('o', blob.MinPartBytes))}
	tail := at
	tail.Offset, tail.Length = int64(len(source))-9, 9
	parts = append(parts, mustCopy(t, from, id, 3, tail))
	if _, err := b.CompleteUpload(t.Context(), "copy", id, parts, true); err != nil {
		t.Fatal(err)
	}
	want := bytes.Join([][]byte{source[7 : 8+blob.MinPartBytes], part('o', blob.MinPartBytes), source[len(source)-9:]}, nil)
	content(t, b, "copy", want)
}

func testCopyPartRefused(t *testing.T, bench Bench) {
	b := bench.Bucket
	from, ok := b.(blob.Copier)
	if !ok {
		t.Fatalf("a %T copies nothing", b)
	}
	info, err := b.Put(t.Context(), "source", part('s', 2*blob.MinPartBytes), blob.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := mustStart(t, b, "copy")
	at := blob.CopySource{Bucket: b.Name(), Key: "source", ETag: info.ETag, Length: blob.MinPartBytes}
	absent, changed := at, at
	absent.Key, changed.ETag = "absent", "0123456789abcdef0123456789abcdef"
	_, err = from.CopyPart(t.Context(), "copy", id, 1, absent)
	refused(t, "a copy of nothing", err, fault.NotFound)
	_, err = from.CopyPart(t.Context(), "copy", id, 1, changed)
	refused(t, "a copy of what has changed", err, fault.Conflict)
	if err := b.AbortUpload(t.Context(), "copy", id); err != nil {
		t.Fatal(err)
	}
	_, err = from.CopyPart(t.Context(), "copy", id, 1, at)
	refused(t, "a copy into an upload that is gone", err, fault.NotFound)
}

func mustCopy(t *testing.T, b blob.Copier, id string, n int, from blob.CopySource) blob.UploadedPart {
	t.Helper()
	p, err := b.CopyPart(t.Context(), "copy", id, n, from)
	if err != nil {
		t.Fatalf("CopyPart(%d): %v", n, err)
	}
	return p
}
