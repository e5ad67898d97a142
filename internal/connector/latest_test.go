package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/jsonsuite"
)

// shelf is a target with one object.
type shelf struct {
	Target
	content []byte
}

func (s *shelf) URI(key string) string { return "mem://" + key }

func (s *shelf) Open(context.Context, string) (io.ReadCloser, Info, error) {
	return io.NopCloser(bytes.NewReader(s.content)), Info{}, nil
}

func (s *shelf) Replace(ctx context.Context, o Object, _ Info) (err error) {
	s.content, err = ReadPart(ctx, o, 0, o.Bytes)
	return err
}

// pointed points where the content stands, and gives what stands there then.
func pointed(t *testing.T, content []byte) (after []byte, err error) {
	t.Helper()
	s := &shelf{content: content}
	err = Point(t.Context(), s, "latest.json", newest)
	return s.content, err
}

var newest = Latest{ExportID: "exp_9", TargetID: "idx_1", AsOf: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Files: []LatestFile{{Name: "a.json"}}}

// older is a pointer to an earlier export, and what else it says.
func older(more string) string {
	return `{"kind":"videovector.latest","schema_version":"1.0","export_id":"exp_1","target_id":"idx_1","as_of":"2026-04-01T12:00:00Z"` + more + `}`
}

// TestOnlyPointersAreReplaced: what is not strictly a pointer is somebody's object, and stays.
func TestOnlyPointersAreReplaced(t *testing.T) {
	for name, text := range map[string]string{
		"twice the same name": older(`,"kind":"videovector.latest"`), "not UTF-8": older(",\"note\":\"\xff\""),
		"more behind it": older("") + "{}", "half": older("")[:40], "names in capitals": strings.ToUpper(older("")),
		"more behind what is read": older("") + strings.Repeat(" ", maxLatest) + "mine",
		"no time":                  strings.Replace(older(""), "2026-04-01T", "2026-4-1T", 1),
	} {
		after, err := pointed(t, []byte(text))
		if !fault.Is(err, fault.Conflict) || fault.As(err).Code != "destination_occupied" || string(after) != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"a pointer": older(""), "one of a later version": older(`,"files":null,"new":[{"kind":1}]`)} {
		if after, err := pointed(t, []byte(text)); err != nil || !bytes.Contains(after, []byte("exp_9")) {
			t.Errorf("%s: %v, %s stands there", name, err, after)
		}
	}
}

// TestPointersAreStrictJSON: no text that is no JSON is a pointer, in whatever member it stands.
func TestPointersAreStrictJSON(t *testing.T) {
	for _, c := range jsonsuite.Refused() {
		if _, err := pointed(t, []byte(older(`,"new":`+c.Text))); !jsontext.Value(older(`,"new":`+c.Text)).IsValid() && !fault.Is(err, fault.Conflict) {
			t.Errorf("%.40s: %v, want a conflict", c.Name, err)
		}
	}
	for _, c := range jsonsuite.Accepted() {
		if _, err := pointed(t, []byte(older(`,"new":`+c.Text))); err != nil {
			t.Errorf("%.40s: %v", c.Name, err)
		}
	}
}

// FuzzLatest: whatever stands where the pointer to the latest delivery belongs, it is left as it is, or it was strictly a
// pointer of the same index to an earlier delivery and the new one is whole; only one that says so is taken for later.
func FuzzLatest(f *testing.F) {
	f.Add([]byte(strings.NewReplacer("exp_1", "exp_9", "2026-04", "2026-05").Replace(older(""))))
	f.Add([]byte(older("")))
	f.Add([]byte(older(`,"manifest":{"name":"m","uri":"","bytes":1,"sha256":""},"files":[{"bytes":9}],"new":{}`)))
	f.Add([]byte(strings.Replace(older(""), "2026-04", "2027-04", 1)))
	f.Add([]byte(strings.Replace(older(""), "idx_1", "idx_2", 1)))
	f.Add([]byte(older(",\"note\":\"\xff\"")))
	f.Fuzz(func(t *testing.T, content []byte) {
		was := bytes.Clone(content)
		after, err := pointed(t, content)
		var says map[string]any
		strictly := jsontext.Value(was).IsValid() && json.Unmarshal(was, &says) == nil && says["kind"] == latestKind && says["target_id"] == newest.TargetID
		switch {
		case err != nil && (!fault.Is(err, fault.Conflict) || !bytes.Equal(after, was)):
			t.Errorf("%q: %v, %q stands there", was, err, after)
		case err == nil && !strictly:
			t.Errorf("%q was taken for a pointer", was)
		case err == nil && !bytes.Equal(after, was) && !bytes.Contains(after, []byte(`"export_id": "exp_9"`)):
			t.Errorf("%q: %q stands there", was, after)
		case err == nil && bytes.Equal(after, was) == newest.after(said(says)):
			t.Errorf("%q: %q stands there", was, after)
		}
	})
}

// said is which delivery a pointer names; what it leaves out is zero.
func said(pointer map[string]any) (l Latest) {
	l.ExportID, _ = pointer["export_id"].(string)
	at, _ := pointer["as_of"].(string)
	l.AsOf, _ = time.Parse(time.RFC3339Nano, at) // the zero time otherwise
	return l
}
