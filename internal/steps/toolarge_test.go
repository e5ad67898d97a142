package steps_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/steps"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// TestPlanRefusesWhatIsTooLarge: what no task could make is refused before anything is read, and the reason says what can
// be made instead.
func TestPlanRefusesWhatIsTooLarge(t *testing.T) {
	const gib = int64(1) << 30
	for _, c := range []struct {
		bytes       int64
		formats     []export.Format
		compression export.Compression
		refused     string // "" for not
	}{
		{1100 * gib, nil, "", ""},
		{1300 * gib, nil, "", "at most 1.2 TB"},
		{1300 * gib, []export.Format{export.NDJSON}, "", "at most 1.2 TB"},
		{20_000 * gib, []export.Format{export.CSV, export.Parquet}, "", ""},
		{20_000 * gib, []export.Format{export.CSV, export.JSON}, "", "at most 1.2 TB"},
		{100 * gib, []export.Format{export.NDJSON}, export.Gzip, ""},
		{130 * gib, []export.Format{export.NDJSON}, export.Zstd, "at most 128 GiB"},
		{130 * gib, []export.Format{export.CSV}, export.Zstd, ""},
		{31 * gib, []export.Format{export.VTT}, "", ""},
		{33 * gib, []export.Format{export.SRT}, "", "at most 32 GiB"},
	} {
		t.Run(fmt.Sprint(c.bytes/gib, c.formats, c.compression), func(t *testing.T) {
			_, err := planned(t, c.bytes, c.formats, c.compression)
			if c.refused == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if f := fault.As(err); err == nil || f.Code != "export_too_large" || !f.Permanent() || !strings.Contains(f.Message, c.refused) {
				t.Errorf("error = %v, want one that says %q", err, c.refused)
			}
		})
	}
}

// planned plans an export of that many bytes, in parts of 64 MiB.
func planned(t *testing.T, bytes int64, formats []export.Format, compression export.Compression) (steps.PlanOut, error) {
	t.Helper()
	ctx, now := context.Background(), time.Now()
	records := memstore.New()
	run := export.Run{ID: "run_a", AccountID: account, IndexID: indexID, Status: export.RunCompleted, ExecutedAt: now.Add(-time.Hour)}
	var parts []export.Part
	const partBytes = 64 << 20
	for n := range int(bytes / partBytes) {
		parts = append(parts, export.Part{Number: n + 1, Key: "k", Bytes: partBytes, Rows: partBytes / 2000, SHA256: strings.Repeat("ab", 32)})
	}
	run.Parts, run.Rows, run.Bytes = len(parts), int64(len(parts))*(partBytes/2000), int64(len(parts))*partBytes
	if err := records.PutRun(ctx, run, parts); err != nil {
		t.Fatal(err)
	}
	r := export.Request{Type: export.TypePromptRun, TargetID: run.ID, Scope: export.ScopeAll, Formats: formats, Compression: compression}
	if _, _, err := records.CreateExport(ctx, export.New(exportID, account, "user_1", r, now), nil, nil); err != nil {
		t.Fatal(err)
	}
	p := steps.Plan{Records: records, Artifacts: memblob.New(memblob.Config{}), Clock: time.Now}
	return p.Handle(ctx, steps.Job{AccountID: account, ExportID: exportID, Generation: 1})
}
