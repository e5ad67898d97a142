package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// run is a run's record. The schema is kept as bytes, since encoding a json.RawMessage changes its blanks.
type run struct {
	export.Run
	Schema []byte
}

func (r run) plain() export.Run {
	r.Run.Schema = r.Schema
	return r.Run
}

// Index implements store.Catalog.
func (s *Store) Index(ctx context.Context, account, id string) (export.Index, error) {
	return read(ctx, s, s.indexes, key{account, id}, store.ErrIndexNotFound)
}

// PutIndex implements store.Catalog.
func (s *Store) PutIndex(ctx context.Context, i export.Index) error {
	return write(ctx, s, s.indexes, key{i.AccountID, i.ID}, i)
}

// Run implements store.Catalog.
func (s *Store) Run(ctx context.Context, account, id string) (export.Run, error) {
	r, err := read(ctx, s, s.runs, key{account, id}, store.ErrRunNotFound)
	return r.plain(), err
}

// RunsOfIndex implements store.Catalog.
func (s *Store) RunsOfIndex(ctx context.Context, account, indexID string) (found []export.Run, err error) {
	err = s.do(ctx, func() error {
		all, err := s.runs.all()
		for _, r := range all {
			if indexID != "" && r.AccountID == account && r.IndexID == indexID {
				found = append(found, r.plain())
			}
		}
		return err
	})
	return found, err
}

// Parts implements store.Catalog.
func (s *Store) Parts(ctx context.Context, account, runID string) (parts []export.Part, err error) {
	err = s.do(ctx, func() error {
		if text, ok := s.parts[key{account, runID}]; ok {
			parts, err = s.parts.open(text)
		}
		return err
	})
	return parts, err
}

// PutRun implements store.Catalog.
func (s *Store) PutRun(ctx context.Context, r export.Run, parts []export.Part) error {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b export.Part) int { return cmp.Compare(a.Number, b.Number) })
	return s.do(ctx, func() error {
		if err := s.parts.put(key{r.AccountID, r.ID}, parts); err != nil {
			return err
		}
		return s.runs.put(key{r.AccountID, r.ID}, run{r, r.Schema})
	})
}
