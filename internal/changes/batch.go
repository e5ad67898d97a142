package changes

import (
	"context"
	"errors"
	"log/slog"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/tenant"
)

// Subscriber handles changes. A nil function is of a kind that it isn't told of. Each call is for the change's account
// alone (internal/tenant), and its lines in the log name the change.
type Subscriber struct {
	Export func(context.Context, Export) error
	Run    func(context.Context, Run) error
	Log    *slog.Logger
}

// Result is the answer to a batch: which of its items are to come again. The pipe goes by these names.
type Result struct {
	Failures []Failure `json:"batchItemFailures"`
}

// Failure names one item of the batch.
type Failure struct {
	ID string `json:"itemIdentifier"`
}

// Handle handles a batch, one change after the other. The failure of one is logged and doesn't keep it from the others;
// what there is no time left for comes again.
func (s Subscriber) Handle(ctx context.Context, batch []Item) (Result, error) {
	out := Result{Failures: []Failure{}}
	for _, i := range batch {
		if i.ID == "" {
			return Result{}, unreadable // it can't be named, so all must come again
		}
		err := ctx.Err()
		if err == nil {
			err = s.one(ctx, i)
		}
		if err != nil {
			out.Failures = append(out.Failures, Failure{i.ID})
		}
	}
	return out, nil
}

func (s Subscriber) one(ctx context.Context, i Item) error {
	ctx = tenant.With(ctx, i.AccountID)
	ctx = logattr.With(ctx, slog.String("change", string(i.Kind)), slog.String("account_id", i.AccountID))
	if i.Kind == KindExport {
		ctx = logattr.With(ctx, slog.String("export_id", i.ExportID))
	} else {
		ctx = logattr.With(ctx, slog.String("run_id", i.RunID))
	}
	err := s.dispatch(ctx, i)
	if err != nil {
		f := fault.As(err)
		s.Log.ErrorContext(ctx, "a change could not be handled", "code", f.Code, "error", err.Error())
	}
	return err
}

var errUnsubscribed = errors.New("nobody here handles changes of the kind")

func (s Subscriber) dispatch(ctx context.Context, i Item) error {
	switch {
	case i.Kind == KindExport && s.Export != nil:
		e, err := i.export()
		if err != nil {
			return err
		}
		return s.Export(ctx, e)
	case i.Kind == KindRun && s.Run != nil:
		r, err := i.run()
		if err != nil {
			return err
		}
		return s.Run(ctx, r)
	}
	return fault.Wrap(errUnsubscribed, fault.Invalid, "change_unreadable", unreadable.Message)
}
