package logattr

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinesCarryTheContextsAttributes(t *testing.T) {
	var out bytes.Buffer
	log := Logger(Logger(slog.New(slog.NewJSONHandler(&out, nil)))) // twice adds once
	outer := With(t.Context(), slog.String("step", "plan"))
	inner := With(outer, slog.String("export_id", "exp_1"), slog.Int("attempt", 2))
	for _, c := range []struct {
		ctx  context.Context
		log  *slog.Logger
		want map[string]any
	}{
		{t.Context(), log, map[string]any{}},
		{outer, log, map[string]any{"step": "plan"}},
		{inner, log, map[string]any{"step": "plan", "export_id": "exp_1", "attempt": 2.0}},
		{outer, log.With("ms", 3), map[string]any{"step": "plan", "ms": 3.0}},
		{traced(t, "Root=1-a-b;Parent=c;Sampled=1"), log, map[string]any{"trace_id": "1-a-b"}},
		{traced(t, "Root=1-a-b;Parent=c;Sampled=0"), log, map[string]any{}},
		{traced(t, "Root=1-a-b"), log, map[string]any{}},
		{traced(t, "Sampled=1"), log, map[string]any{}},
	} {
		out.Reset()
		c.log.InfoContext(c.ctx, "m")
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, always := range []string{"time", "level", "msg"} {
			delete(got, always)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("line (-want +got):\n%s", diff)
		}
	}
}

// TestSiblingsDontMix: two contexts of one parent have their own attributes.
func TestSiblingsDontMix(t *testing.T) {
	parent := With(t.Context(), slog.Int("a", 1), slog.Int("b", 2))
	one, two := With(parent, slog.Int("c", 3)), With(parent, slog.Int("d", 4))
	if a, b := From(one)[2].Key, From(two)[2].Key; a != "c" || b != "d" {
		t.Errorf("they carry %s and %s, want c and d", a, b)
	}
}

// traced is a context as Lambda's runtime makes it.
func traced(t *testing.T, header string) context.Context {
	return context.WithValue(t.Context(), "x-amzn-trace-id", header) //nolint:staticcheck // the runtime's own key is a string
}
