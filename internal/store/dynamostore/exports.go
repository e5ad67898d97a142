package dynamostore

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// Export is one export of the account.
func (s *Store) Export(ctx context.Context, account, id string) (export.Export, error) {
	e, err := s.AnyExport(ctx, account, id)
	if err == nil && e.Deleted() {
		return export.Export{}, store.ErrExportDeleted
	}
	return e, err
}

// AnyExport is one export of the account, deleted or not.
func (s *Store) AnyExport(ctx context.Context, account, id string) (export.Export, error) {
	if !valid(account, id) {
		return export.Export{}, store.ErrExportNotFound
	}
	row, err := get[exportRow](ctx, s, exportKey(account, id), store.ErrExportNotFound)
	return row.export(), err
}

// SaveExport is one conditional write. The SDK repeats it when a reply is lost, and the repetition finds that the
// record has moved on; when it is the write's own token that stands there, the write was done.
func (s *Store) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	next.Revision = fence.Revision + 1
	stored, saved, err := s.putExport(ctx, next, under(fence))
	if err != nil {
		return export.Export{}, err
	}
	if !saved && stored == nil {
		return export.Export{}, store.ErrExportNotFound
	}
	if !saved {
		return export.Export{}, store.Refused(stored.export(), fence)
	}
	return next, nil
}

// putExport writes the export if the condition holds. Else saved is false and stored is the record that is there, nil
// for none.
func (s *Store) putExport(ctx context.Context, e export.Export, c condition) (stored *exportRow, saved bool, err error) {
	if err := writable(e.AccountID, e.ID); err != nil {
		return nil, false, err
	}
	mine := token()
	i, err := encode(exportKey(e.AccountID, e.ID), rowOf(e, mine))
	if err != nil {
		return nil, false, err
	}
	there, ok, err := s.putIf(ctx, i, c)
	if err != nil || ok || len(there) == 0 {
		return nil, ok, err
	}
	row, err := decode[exportRow](there)
	return &row, row.WriteToken == mine, err
}

// under is the fence as a condition.
func under(f export.Fence) condition {
	values := item{":generation": number(f.Generation), ":revision": number(f.Revision), ":none": text("")}
	statuses := []string{":none"} // a list can't be empty
	for n, status := range f.Statuses {
		name := fmt.Sprintf(":status%d", n)
		values[name] = text(string(status))
		statuses = append(statuses, name)
	}
	return condition{
		expression: "generation = :generation AND revision = :revision AND #status IN (" + strings.Join(statuses, ", ") + ")",
		names:      map[string]string{"#status": "status"},
		values:     values,
	}
}

// token names one write.
func token() string { return rand.Text() }
