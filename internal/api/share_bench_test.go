package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// BenchmarkShare serves create and retrieve as Lambda does: the bytes of a gateway's event in, the bytes of its reply
// out, for the authorizer and for the function, over a record store in memory. In turn with it a minimal service is
// served in the same way, an authorizer that lets everybody in and a handler that says ok, and the metric is how many
// of the minimal one's requests per second are left: what the service's own work leaves of what the events allow.
func BenchmarkShare(b *testing.B) {
	s := newShareWorld(b)
	b.Run("create", func(b *testing.B) {
		n := 0
		compare(b, s.minimal(b, "create-export.index.json"), func() {
			n++
			ask(b, s.authorize, s.permission)
			ask(b, s.create, s.order(n))
		})
	})
	b.Run("retrieve", func(b *testing.B) {
		event := fixtureEvent(b, "read-export.retrieve.json")
		compare(b, s.minimal(b, "read-export.retrieve.json"), func() {
			ask(b, s.authorize, s.permission)
			ask(b, s.read, event)
		})
	})
}

// turns is how many requests of each service take turns.
const turns = 200

// compare serves both in turn and reports the share.
func compare(b *testing.B, minimal, own func()) {
	var least, most time.Duration
	for b.Loop() {
		least += timed(minimal)
		most += timed(own)
	}
	b.ReportMetric(100*least.Seconds()/most.Seconds(), "%-of-minimal")
	b.ReportMetric(float64(b.N*turns)/most.Seconds(), "requests/s")
	b.ReportMetric(0, "ns/op") // of both together: it means nothing
}

func timed(serve func()) time.Duration {
	began := time.Now()
	for range turns {
		serve()
	}
	return time.Since(began)
}

// shareWorld is both services, the events that they get, and the records behind ours.
type shareWorld struct {
	authorize, create, read lambda.Handler
	permission              []byte // event of the authorizer
	template                []byte // event of a create, with keyMark for its Idempotency-Key
}

const keyMark = "export-archive-review"

func newShareWorld(b *testing.B) *shareWorld {
	b.Helper()
	records := memstore.New()
	fillShare(b, records)
	ring, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	minted := 0
	return &shareWorld{
		permission: fixtureEvent(b, "authorize.key.json"), template: fixtureEvent(b, "create-export.index.json"),
		authorize: lambda.NewHandler(apigw.Authorizer(auth.NewAuthenticator(records, time.Now), log)),
		create: lambda.NewHandler(apigw.Handler(api.CreateExport(api.CreateConfig{
			Records: records, Starter: ender{records}, Keys: ring, Clock: time.Now, Log: log,
			Limits: admission.Limits{PerMinute: math.MaxInt},
			NewID:  func(time.Time) string { minted++; return fmt.Sprintf("exp_%d", minted) },
		}), log)),
		read: lambda.NewHandler(apigw.Handler(api.ReadExport(api.ReadConfig{
			Exports: records, Links: linker{}, Keys: ring, Origin: "https://api.example.com", Clock: time.Now, Log: log,
		}), log)),
	}
}

// order is the event of a create with an Idempotency-Key of its own.
func (s *shareWorld) order(n int) []byte {
	return bytes.ReplaceAll(s.template, []byte(keyMark), fmt.Appendf(nil, "export-%014d", n))
}

// minimal serves the event by a service that does nothing: an authorizer that lets everybody in, a handler that says ok.
func (s *shareWorld) minimal(b *testing.B, event string) func() {
	permission, request := s.permission, fixtureEvent(b, event)
	authorize := lambda.NewHandler(func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		return events.APIGatewayCustomAuthorizerResponse{PrincipalID: "anybody"}, nil
	})
	handle := lambda.NewHandler(apigw.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`) // into memory
	}), slog.New(slog.DiscardHandler)))
	return func() {
		ask(b, authorize, permission)
		ask(b, handle, request)
	}
}

// ask invokes a function, which must do what it is asked.
func ask(b *testing.B, function lambda.Handler, event []byte) {
	reply, err := function.Invoke(b.Context(), event)
	if err != nil {
		b.Fatal(err)
	}
	if bytes.Contains(reply, []byte(`\"error\":{`)) {
		b.Fatalf("the function answers %s", reply)
	}
}

func fixtureEvent(b *testing.B, name string) []byte {
	b.Helper()
	event, err := os.ReadFile(filepath.Join("..", "..", "events", name))
	if err != nil {
		b.Fatal(err)
	}
	return event
}

// ender ends an export when it is to be started: its place is free for the next one.
type ender struct{ records *memstore.Store }

func (r ender) Start(ctx context.Context, account, id string, _ int) error {
	a, err := r.records.Admission(ctx, account)
	if err != nil {
		return err
	}
	_, err = r.records.SaveAdmission(ctx, a.Leave(id))
	return err
}

// linker links to nothing.
type linker struct{}

func (linker) Presign(context.Context, export.Artifact, string, time.Duration) (export.Link, error) {
	return export.Link{}, nil
}

// fillShare puts there what the events speak of.
func fillShare(b *testing.B, records *memstore.Store) {
	b.Helper()
	done := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	ctx := b.Context()
	var failures []error
	for n, scope := range map[int]string{2: "write", 3: "read"} {
		key := fmt.Sprintf("sk_test_%048x", n)
		failures = append(failures, records.PutAPIKey(ctx, store.APIKey{Hash: auth.HashKey(key), KeyID: "key_" + scope, AccountID: "acct_demo", UserID: "user_demo", Scope: scope}))
	}
	failures = append(failures,
		records.PutIndex(ctx, export.Index{ID: "idx_archive", AccountID: "acct_demo", CreatedAt: done}),
		records.PutConnector(ctx, store.Connector{ID: "conn_export", AccountID: "acct_demo", Provider: "s3", Status: "active", Scopes: []string{"import", "export"}, Bucket: "customer"}))
	for _, id := range []string{"run_123", "run_124"} {
		run := export.Run{ID: id, AccountID: "acct_demo", IndexID: "idx_archive", Status: export.RunCompleted, ExecutedAt: done, Rows: 3, Bytes: 3000, Parts: 1}
		failures = append(failures, records.PutRun(ctx, run, []export.Part{{Number: 1, Key: "results/" + id, Rows: 3, Bytes: 3000}}))
	}
	e := export.New("exp_06_completed", "acct_demo", "user_demo", export.Request{Type: export.TypeIndex, TargetID: "idx_archive", Scope: export.ScopeAll}, time.Now())
	_, _, err := records.CreateExport(ctx, finished(e), nil, nil)
	if err := errors.Join(append(failures, err)...); err != nil {
		b.Fatal(err)
	}
}

// finished takes an export to its good end.
func finished(e export.Export) export.Export {
	now := e.CreatedAt
	e = e.Claim(now).Packaged(export.Artifact{
		Bucket: "artifacts", Key: "artifacts/acct_demo/" + e.ID + "/" + e.ID + ".json", ManifestKey: "manifest", Bytes: 12345,
		SHA256: strings.Repeat("ab", 32), ManifestSHA256: strings.Repeat("cd", 32), Counts: export.Counts{Runs: 2, Results: 15, Segments: 14, Videos: 1},
	}, now)
	e = e.Linked(export.Link{URL: "https://storage.example.com/" + strings.Repeat("x", 900), ExpiresAt: now.Add(24 * time.Hour)}, now)
	return e.Complete(now)
}
