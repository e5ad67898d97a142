package steps

import (
	"cmp"
	"context"
	"path"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// DefaultLinkLife is how long a presigned link is asked to live. The session that signs it ends it earlier: a deployed
// function's after half an hour to an hour (internal/tenant/fence). Reading the export gives a new one by then.
const DefaultLinkLife = 6 * time.Hour

// Presign makes the presigned link. The link goes into the record and not into the state machine: it opens the
// document for whoever holds it.
type Presign struct {
	Records   Exports
	Artifacts blob.Bucket
	Clock     Clock
	LinkLife  time.Duration // 0 means DefaultLinkLife
}

// Handle replaces the link that the record has, if any. A link ends with the document's time at the latest; where that is
// up already, as of an export that is attempted again long after it was packaged, none is made.
func (s Presign) Handle(ctx context.Context, job Job) (Done, error) {
	e, err := enter(ctx, s.Records, job, export.PhaseLinking, s.Clock())
	if err != nil {
		return Done{}, err
	}
	if e.Artifact == nil {
		return Done{}, fault.New(fault.Unavailable, "artifact_missing", "The document is not committed yet.")
	}
	now := s.Clock()
	life := min(cmp.Or(s.LinkLife, DefaultLinkLife), e.ArtifactEnds(now).Sub(now))
	if life < time.Second {
		return Done{}, nil
	}
	url, expires, err := s.Artifacts.Presign(ctx, e.Artifact.Key, path.Base(e.Artifact.FirstFile()), life)
	if err != nil {
		return Done{}, err
	}
	failpoint.Here("presign.linking")
	_, err = save(ctx, s.Records, e, e.Linked(export.Link{URL: url, ExpiresAt: export.Stamp(expires)}, s.Clock()))
	failpoint.Here("presign.linked")
	return Done{}, err
}
