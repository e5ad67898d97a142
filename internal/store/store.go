// Package store is the contract of the record store: exports with their idempotency records, API keys, connectors,
// webhooks, and the platform's catalogue of indexes, runs and result parts. It has two implementations, dynamostore for the
// deployed service and sqlitestore for one machine; storetest is the suite that both pass. Every read is strongly
// consistent unless its comment says otherwise, every failure is a *fault.Error, and absence is fault.NotFound.
package store

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
)

// Store is everything the service keeps as records. Implementations are safe for concurrent use.
type Store interface {
	Exports
	Catalog
	Credentials
	Connectors
	Webhooks
	Deliveries
	Automations
	Admissions
}

// Exports keeps export records, and the idempotency records that were written with them or with connectors. A record
// that is forgotten (export.Forgotten) may be gone or still be there: who shows exports judges that by the clock.
type Exports interface {
	// CreateExport writes the export and, if idem is not nil, its idempotency record in one transaction. When a live
	// idempotency record of that key exists already, nothing is written and that record is returned with created
	// false: racing twins all learn the one winner. Expiry is judged by idem.Now, not by when the store deletes: an
	// expired record is replaced. If place is not nil, it is the account's admission with the export in it, and is written
	// in the same transaction unless another one was written over its Revision meanwhile: then nothing is written, and the
	// failure is ErrAdmissionMoved.
	CreateExport(ctx context.Context, e export.Export, idem *Idempotency, place *admission.Account) (rec Idempotency, created bool, err error)
	// Idempotency is the live record of a key at the time now.
	Idempotency(ctx context.Context, key IdempotencyKey, now time.Time) (Idempotency, error)
	// Export is one export of the account. One that was deleted is ErrExportDeleted, for as long as it isn't removed.
	Export(ctx context.Context, account, id string) (export.Export, error)
	// AnyExport is Export that gives one that was deleted as well, as long as it isn't removed.
	AnyExport(ctx context.Context, account, id string) (export.Export, error)
	// ListExports gives a page, newest first, without those that were deleted.
	ListExports(ctx context.Context, account string, q ListQuery) (Page, error)
	// SaveExport replaces the record if the fence holds for the stored one, and returns it with its new revision
	// (fence.Revision + 1). A stored record of another generation or status fails with fault.Superseded, one that
	// only another revision was written to fails with fault.Unavailable and may be read and tried again.
	SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error)
	// SaveExportOnce is SaveExport that leaves an idempotency record, if idem is not nil, in the same transaction. When a
	// live record of that key exists already, nothing is written and that record is returned with done false, as it is to
	// a writer whose reply was lost. What is promised of CreateExport's place holds of this one.
	SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *Idempotency, place *admission.Account) (saved export.Export, rec Idempotency, done bool, err error)
	// DueExports lists open exports whose DueAt is not after now. Accounts take turns, each with its soonest first, and
	// those before others whose turn is due sooner. It may lag behind writes, so its reader loads a record before acting
	// on it.
	DueExports(ctx context.Context, now time.Time, limit int) ([]Ref, error)
	// OpenExports counts the exports that are open and due at some time, of every account. It may lag behind writes.
	OpenExports(ctx context.Context) (Open, error)
	// ClosingExports lists exports that have ended, or were deleted, and whose DueAt is not after now; accounts take turns
	// among those that are soonest. It may lag behind writes.
	ClosingExports(ctx context.Context, now time.Time, limit int) ([]Ref, error)
	// RemoveExport removes the record of a deleted export; one that is gone is success. One that was not deleted fails
	// with fault.Conflict and stays.
	RemoveExport(ctx context.Context, account, id string) error
	Shards
}

// Shards keeps what the shards of exports tell of themselves, each in a record of its own. A note is kept for NoteLife at
// least, and then cleared away at some time.
type Shards interface {
	// NoteShard replaces the shard's note of that generation.
	NoteShard(ctx context.Context, account, exportID string, generation int, n export.ShardNote) error
	// ShardNotes are the notes of a generation, in no order.
	ShardNotes(ctx context.Context, account, exportID string, generation int) ([]export.ShardNote, error)
}

// NoteLife is longer than shards are at work.
const NoteLife = 24 * time.Hour

// Open is what there is of open exports.
type Open struct {
	Count  int
	Oldest time.Time // when the oldest of them was created, or retried by its owner; zero without any
}

// Add is one more of them, open since the time.
func (o Open) Add(since time.Time) Open { return o.And(Open{1, since}) }

// And is both.
func (o Open) And(other Open) Open {
	if o.Count == 0 || other.Count > 0 && other.Oldest.Before(o.Oldest) {
		o.Oldest = other.Oldest
	}
	o.Count += other.Count
	return o
}

// Ref names an export.
type Ref struct {
	AccountID string
	ExportID  string
}

// Owner is the account.
func (r Ref) Owner() string { return r.AccountID }

// IdempotencyKey is the scope of one Idempotency-Key: an account, a route with its ids, and the key. Route and Key
// are hashes in hex, so that no caller's string stands in a key of the store.
type IdempotencyKey struct {
	AccountID string
	Route     string
	Key       string
}

// Idempotency remembers what the first request under a key made.
type Idempotency struct {
	IdempotencyKey
	Fingerprint string // keyed hash of the canonical request
	ResourceID  string // of the export or the connector
	// Reply is the body that the first request was answered with, where a later one could not be made of the resource;
	// a few KiB at most, and without any secret.
	Reply     []byte
	ExpiresAt time.Time
	Now       time.Time // the writer's clock; not stored
}

// ListQuery selects a page of an account's exports. Empty filters match everything.
type ListQuery struct {
	Limit    int    // 1 to 200 records
	BeforeID string // only ids below this one; "" starts at the newest
	Status   export.Status
	Type     export.Type
	TargetID string
}

// Page is one page of a listing. NextBefore is the BeforeID of the next page, "" at the end. A page may hold fewer
// than Limit records and still not be the last.
type Page struct {
	Exports    []export.Export
	NextBefore string
}

// Catalog is the platform's description of results. The service reads it; PutIndex and PutRun are the platform's
// side, used by the local seed and the loader.
type Catalog interface {
	Index(ctx context.Context, account, id string) (export.Index, error)
	Run(ctx context.Context, account, id string) (export.Run, error)
	// RunsOfIndex lists every run of the index in any status, in no order.
	RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error)
	// Parts lists a run's parts in order of Number.
	Parts(ctx context.Context, account, runID string) ([]export.Part, error)
	PutIndex(ctx context.Context, i export.Index) error
	// PutRun replaces the run and its parts. The run's record is written last, so a reader that sees it sees all of
	// its parts.
	PutRun(ctx context.Context, r export.Run, parts []export.Part) error
}

// APIKey is a credential as the store knows it: by its hash.
type APIKey struct {
	Hash      string // lower-case hex SHA-256 of the whole key
	KeyID     string // public name, for logs
	AccountID string
	UserID    string
	Scope     string // search, read, write or admin
	CreatedAt time.Time
	RevokedAt time.Time // from then on it is refused; it may be in the future, and zero means never
}

// Revoked reports whether the key is refused at the time.
func (k APIKey) Revoked(now time.Time) bool { return !k.RevokedAt.IsZero() && !now.Before(k.RevokedAt) }

// Credentials keeps API keys. Who makes and ends them uses KeyAdmin.
type Credentials interface {
	APIKey(ctx context.Context, hash string) (APIKey, error)
	PutAPIKey(ctx context.Context, k APIKey) error
}

// Connector is a customer's bucket. Secret is sealed: only internal/seal opens it.
type Connector struct {
	ID             string
	AccountID      string
	Name           string
	Provider       string   // s3, gcs or azure
	Status         string   // active or failed, by the latest test; active before the first
	Scopes         []string // import, export
	ImportMode     string   // all or new_only; "" is all
	ExportBasePath string
	Bucket         string // of s3 and gcs
	Region         string // of s3
	RoleARN        string // of s3: the role that opens the bucket, where it isn't keys
	ExternalID     string // what that role's trust policy asks for
	StorageAccount string // of azure
	Container      string // of azure
	GCPProjectID   string // of gcs
	Secret         []byte // nil where there is none, as for a role
	LastTestedAt   time.Time
	LastTestResult string // success or failed; "" before the first test
	LastTestError  string
	CreatedAt      time.Time
	UpdatedAt      time.Time // of the owner's latest change; a test is none
	Revision       int64     // grows with every save
}

// Connectors keeps connectors.
type Connectors interface {
	// CreateConnector writes the connector and, if idem is not nil, its idempotency record in one transaction, with the
	// promises of CreateExport.
	CreateConnector(ctx context.Context, c Connector, idem *Idempotency) (rec Idempotency, created bool, err error)
	Connector(ctx context.Context, account, id string) (Connector, error)
	// ListConnectors gives every connector of the account, without its Secret: nobody who lists needs one. The highest id
	// comes first, which is the newest of those whose ids the service made.
	ListConnectors(ctx context.Context, account string) ([]Connector, error)
	// SaveConnector replaces the connector if the stored one is of the revision, and returns it with its new one. Another
	// revision fails with fault.Unavailable: read it and try again. One that was deleted meanwhile is fault.NotFound, and
	// doesn't come back.
	SaveConnector(ctx context.Context, next Connector, revision int64) (Connector, error)
	// DeleteConnector removes the connector. Absence is fault.NotFound, as after an earlier removal; the repetition of a
	// call whose reply was lost inside the store is success.
	DeleteConnector(ctx context.Context, account, id string) error
	// PutConnector writes the connector over whatever stands there: the seed's and the platform's side.
	PutConnector(ctx context.Context, c Connector) error
}
