package connector

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	strict "github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// Latest is the pointer to an automation's latest delivery: the content of latest.json at its destination. Whoever reads
// it gets addresses and digests of objects that all stand there, whole.
type Latest struct {
	Kind          string       `json:"kind"`
	SchemaVersion string       `json:"schema_version"`
	ExportID      string       `json:"export_id"`
	TargetID      string       `json:"target_id"` // the index
	AsOf          time.Time    `json:"as_of"`
	Manifest      LatestFile   `json:"manifest"`
	Files         []LatestFile `json:"files"`
}

// LatestFile is one object of the delivery.
type LatestFile struct {
	Name   string `json:"name"` // below the folder of latest.json
	URI    string `json:"uri"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // lower-case hex
}

const (
	latestKind    = "videovector.latest"
	latestVersion = "1.0"
)

// maxLatest bounds what is read of an object at the pointer's key; a pointer of an export in 10,000 files has 5 MB.
const maxLatest = 16 << 20

// Point makes the pointer at the key name the export, unless it names that or a later one already: an older export that
// is delivered last never takes its place. An object there that is no pointer, or one of another index, fails with
// fault.Conflict and is left as it is. It may run again from any point; while another delivery does the same, it fails
// with fault.Unavailable.
func Point(ctx context.Context, t Target, key string, l Latest) error {
	l.Kind, l.SchemaVersion = latestKind, latestVersion
	stored, info, err := readLatest(ctx, t, key)
	absent := fault.Is(err, fault.NotFound)
	switch {
	case err != nil && !absent:
		return err
	case !absent && stored.TargetID != l.TargetID:
		return occupied(t, key, "names deliveries of another index")
	case !absent && !l.after(stored):
		return nil
	}
	o, err := l.object(key)
	if err != nil {
		return err
	}
	failpoint.Here("latest.writing")
	if absent {
		err = t.Create(ctx, o)
	} else {
		err = t.Replace(ctx, o, info)
	}
	failpoint.Here("latest.written")
	if fault.Is(err, fault.Conflict) {
		return unsettled(err)
	}
	if err != nil {
		return err
	}
	stored, _, err = readLatest(ctx, t, key)
	if fault.Is(err, fault.NotFound) || err == nil && l.after(stored) {
		return unsettled(err)
	}
	return err
}

// after reports whether the export is of a later moment than the one that o names.
func (l Latest) after(o Latest) bool {
	return cmp.Or(l.AsOf.Compare(o.AsOf), cmp.Compare(l.ExportID, o.ExportID)) > 0
}

func (l Latest) object(key string) (Object, error) {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return Object{}, fault.Wrap(err, fault.Internal, "latest_unwritable", "The pointer to the latest delivery could not be written.")
	}
	text = append(text, '\n')
	sum := sha256.Sum256(text)
	return Object{
		Key: key, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), ContentType: "application/json",
		Open: func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(text[offset : offset+length])), nil
		},
	}, nil
}

// readLatest reads the pointer at the key. Anybody may have written the object: it is a pointer only if it is one JSON
// object, in UTF-8 and with every name once. Members that a later version may add are passed over.
func readLatest(ctx context.Context, t Target, key string) (l Latest, info Info, err error) {
	body, info, err := t.Open(ctx, key)
	if err != nil {
		return l, info, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxLatest+1))
	if err != nil {
		return l, info, err
	}
	if len(text) > maxLatest || strict.Unmarshal(text, &l) != nil || l.Kind != latestKind {
		return l, info, occupied(t, key, "is not the pointer to a delivery")
	}
	return l, info, nil
}

func occupied(t Target, key, what string) error {
	return fault.Newf(fault.Conflict, "destination_occupied",
		"The object at %s %s. It was left as it is: move it away, or export to another subpath.", t.URI(key), what)
}

func unsettled(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "destination_unsettled", "Another delivery wrote the pointer to the latest one at the same time.")
}
