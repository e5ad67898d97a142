package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// test tries the connector and notes the result, which is a reply of 200 whatever it is.
func (s manager) test(w http.ResponseWriter, r *http.Request) error {
	c, err := s.load(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	problem, err := connector.Test(r.Context(), s.Targets, c)
	if err != nil {
		return err
	}
	note(r.Context(), slog.Bool("test_succeeded", problem == ""))
	if err := s.noteTest(r.Context(), c, problem); err != nil {
		return err
	}
	return reply(w, http.StatusOK, testView{problem == "", given(problem)})
}

// noteTest writes the result over the connector as it is by now: a test takes seconds, in which others may have finished
// theirs. A connector that has become another one in the meantime was not tested.
func (s manager) noteTest(ctx context.Context, tested store.Connector, problem string) error {
	c, err := s.Connectors.Connector(ctx, tested.AccountID, tested.ID)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(subject(c), subject(tested)) {
		return store.Overtaken("connector")
	}
	c.Status, c.LastTestResult, c.LastTestError = statusActive, "success", problem
	if problem != "" {
		c.Status, c.LastTestResult = statusFailed, "failed"
	}
	c.LastTestedAt = export.Stamp(s.Clock())
	_, err = s.Connectors.SaveConnector(ctx, c, c.Revision)
	return err
}

// subject is what a test depends on.
func subject(c store.Connector) store.Connector {
	c = untested(c)
	c.Name, c.ImportMode, c.UpdatedAt, c.Revision = "", "", time.Time{}, 0
	return c
}

// Limits of browsing.
const (
	maxFiles       = 1000    // and what a request without a limit gets
	maxPrefix      = 1024    // bytes, as S3 has them in a key
	maxBrowseBytes = 3 << 20 // of a reply: half of what Lambda carries, where it is a string in a text
)

var browseFields = map[string]fieldType{
	"prefix": textField, "pattern": textField, "recursive": boolField, "limit": numberField,
}

func (s manager) browse(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	q, err := parseBrowse(w, r)
	if err != nil {
		return err
	}
	c, err := s.find(r.Context(), p.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	files, bytes := []fileView{}, 0
	for f, err := range connector.Browse(r.Context(), s.Targets, c, q) {
		if err != nil {
			return err
		}
		files = append(files, viewFile(f))
		if bytes += 2*len(f.Key) + 200; bytes > maxBrowseBytes {
			return fault.New(fault.Invalid, "browse_too_large", "The listing is too large for one reply. Give a lower limit or a longer prefix.")
		}
	}
	return reply(w, http.StatusOK, files)
}

func parseBrowse(w http.ResponseWriter, r *http.Request) (connector.BrowseQuery, error) {
	q := connector.BrowseQuery{Recursive: true, Limit: maxFiles}
	f, err := readFields(w, r, browseFields)
	if err != nil {
		return q, err
	}
	q.Prefix = f.text("prefix")
	f.must(len(q.Prefix) <= maxPrefix && utf8.ValidString(q.Prefix) && !strings.ContainsFunc(q.Prefix, badNameRune), "prefix",
		"must be at most 1024 bytes, and no control characters among them")
	if q.Pattern, err = connector.ParsePattern(cmp.Or(f.text("pattern"), "*")); err != nil {
		f.wrong("pattern", err.Error())
	}
	q.Recursive = f.text("recursive") != "false"
	if n := f.text("limit"); n != "" {
		q.Limit, err = strconv.Atoi(n)
		f.must(err == nil && q.Limit >= 1 && q.Limit <= maxFiles, "limit", "must be a whole number from 1 to 1000")
	}
	return q, f.err()
}
