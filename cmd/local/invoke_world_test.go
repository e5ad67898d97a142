package main

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/fixture"
)

// worlds gives every replay a world as the first one was made. Making one again takes a second, copying one a quarter
// of it, and most replays change no object: then only the records are put back.
type worlds struct {
	made    string // the folder of a closed world that stays as it is
	used    string // where the worlds are opened, one after the other
	objects string // what lies in used when no replay has changed an object
}

func newWorlds(t *testing.T) *worlds {
	t.Helper()
	s := &worlds{made: t.TempDir(), used: filepath.Join(t.TempDir(), "world")}
	w, err := openWorld(t.Context(), s.made, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens a fresh world until the test ends.
func (s *worlds) open(t *testing.T) *fixture.World {
	t.Helper()
	if !s.clean(t) {
		s.copy(t)
	}
	s.putRecords(t)
	w, err := openWorld(t.Context(), s.used, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// clean reports whether the objects are there as they were made.
func (s *worlds) clean(t *testing.T) bool {
	t.Helper()
	return s.objects != "" && s.objects == listing(t, filepath.Join(s.used, "s3"))
}

func (s *worlds) copy(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(s.used); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(s.used, os.DirFS(s.made)); err != nil {
		t.Fatal(err)
	}
	s.objects = listing(t, filepath.Join(s.used, "s3"))
}

func (s *worlds) putRecords(t *testing.T) {
	t.Helper()
	records, err := os.ReadFile(filepath.Join(s.made, "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(filepath.Join(s.used, "records.db"+of)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.used, "records.db"), records, 0o600); err != nil {
		t.Fatal(err)
	}
}

// listing is every file below the folder, with its size and its time.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// dump is everything in the record store, a line a row.
func dump(t *testing.T, w *fixture.World) []string {
	t.Helper()
	db, err := sql.Open("sqlite", w.RecordsFile())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all []string
	for _, table := range rows(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") {
		for _, row := range rows(t, db, "SELECT * FROM "+table) {
			all = append(all, table+" "+row)
		}
	}
	return all
}

// rows are the query's rows, each as one line.
func rows(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	found, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for found.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
