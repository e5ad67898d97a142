package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/store"
)

// startPatience is how long a reply waits for the state machine to take the export; after that the sweeper starts it.
const startPatience = 5 * time.Second

// Records is what creating needs of the record store.
type Records interface {
	CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error)
	Remembered
	Admissions
	Catalog
}

// Catalog is what an export is made of, and where it can go.
type Catalog interface {
	Index(ctx context.Context, account, id string) (export.Index, error)
	Run(ctx context.Context, account, id string) (export.Run, error)
	RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error)
	Parts(ctx context.Context, account, runID string) ([]export.Part, error)
	Connector(ctx context.Context, account, id string) (store.Connector, error)
}

// Starter asks for the execution of an export's generation. Asking twice is asking once.
type Starter interface {
	Start(ctx context.Context, account, exportID string, generation int) error
}

// CreateConfig is what CreateExport works with.
type CreateConfig struct {
	Records Records
	Results Results // of dry runs
	Starter Starter
	Limits  admission.Limits // of each account
	Keys    *auth.Keyring
	Clock   func() time.Time
	Jitter  func() float64         // random, from 0 to 1, for the pauses between tries; nil means one of its own
	NewID   func(time.Time) string // mints the id of an export created at the time
	Metrics *metrics.Recorder      // nil counts nothing
	Log     *slog.Logger
}

// CreateExport serves POST /exports/index/{index_id} and POST /exports/prompt-run/{run_id}.
func CreateExport(c CreateConfig) http.Handler {
	s := creator{c}
	return newEdge(c.Log, c.Clock,
		route{"POST", "/api/v2/exports/index/{id}", s.handle(export.TypeIndex)},
		route{"POST", "/api/v2/exports/prompt-run/{id}", s.handle(export.TypePromptRun)},
	)
}

type creator struct{ CreateConfig }

// accepted is the body of the 202.
type accepted struct {
	ExportID string        `json:"export_id"`
	Status   export.Status `json:"status"`
}

func (s creator) handle(t export.Type) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := caller(r, auth.ScopeWrite)
		if err != nil {
			return err
		}
		o, err := parseOrder(w, r, t)
		if err != nil {
			return err
		}
		key, err := idempotencyKey(r.Header.Values("Idempotency-Key"))
		if err != nil {
			return err
		}
		if o.DryRun {
			v, err := s.tryOut(r.Context(), p, o)
			if err != nil {
				return err
			}
			return reply(w, http.StatusOK, v)
		}
		id, replayed, err := s.place(r.Context(), p, o, key)
		if err != nil {
			return err
		}
		note(r.Context(), slog.String("export_id", id))
		w.Header().Set("Location", exportPath(id))
		tellReplayed(w, replayed)
		return reply(w, http.StatusAccepted, accepted{id, export.StatusPending})
	}
}

// place gives the id of the export that the order makes, or that an earlier order with its key has made. The calls
// go in two rounds: the idempotency record, the account's admission and everything that the order names at once, then one
// transaction. What an earlier order has made is answered with whatever became of the things that it named, and whatever
// the limits are.
func (s creator) place(ctx context.Context, p auth.Principal, o order, key string) (id string, replayed bool, err error) {
	now := s.Clock()
	memo := memo(s.Keys, p.AccountID, o, key, now)
	var request export.Request
	var admitted admission.Account
	var refusal, unread error
	var wg sync.WaitGroup
	wg.Go(func() { request, _, refusal = resolve(ctx, s.Records, p.AccountID, o, now) })
	wg.Go(func() { admitted, unread = s.Records.Admission(ctx, p.AccountID) })
	first, err := remembered(ctx, s.Records, memo, now)
	wg.Wait()
	if err == nil {
		return s.again(first, o)
	}
	if !fault.Is(err, fault.NotFound) {
		return "", false, err
	}
	if err := cmp.Or(refusal, unread); err != nil {
		return "", false, err
	}
	e := export.New(s.NewID(now), p.AccountID, p.UserID, request, now)
	if memo != nil {
		memo.ResourceID = e.ID
	}
	first, created, err := s.accept(ctx, e, memo, admitted)
	if err != nil {
		return "", false, err
	}
	if !created {
		return s.again(first, o)
	}
	return e.ID, false, nil
}

// accept writes the export where its account has a place for it. Unless it was created, an earlier one stands in the record.
func (s creator) accept(ctx context.Context, e export.Export, memo *store.Idempotency, a admission.Account) (first store.Idempotency, created bool, err error) {
	p := placement{records: s.Records, limits: s.Limits, jitter: s.Jitter, export: e, memo: memo, now: e.CreatedAt}
	return p.write(ctx, a, func(e export.Export, place admission.Account) (store.Idempotency, bool, error) {
		return s.create(ctx, e, memo, place)
	})
}

// create writes the export with its place, counts it and starts it, unless it has to wait.
func (s creator) create(ctx context.Context, e export.Export, memo *store.Idempotency, place admission.Account) (first store.Idempotency, created bool, err error) {
	failpoint.Here("create.accepting")
	first, created, err = s.Records.CreateExport(ctx, e, memo, &place)
	if err == nil && created {
		failpoint.Here("create.accepted")
		s.Metrics.Created(ctx, append(noted(ctx), slog.String("export_id", e.ID))...)
		s.start(ctx, e)
		failpoint.Here("create.started")
	}
	return first, created, err
}

// again answers a repeated order from the record of the first one.
func (s creator) again(first store.Idempotency, o order) (id string, replayed bool, err error) {
	if err := sameRequest(s.Keys, first, o); err != nil {
		return "", false, err
	}
	return first.ResourceID, true, nil
}

// start is best effort: the export is accepted, and the sweeper starts what no execution has taken. One that awaits a slot is
// started when it gets it.
func (s creator) start(ctx context.Context, e export.Export) {
	if e.AwaitsSlot() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := s.Starter.Start(ctx, e.AccountID, e.ID, e.Generation); err != nil {
		note(ctx, slog.String("start_error", err.Error()))
	}
}
