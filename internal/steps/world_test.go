package steps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
	"github.com/videovector/exports/internal/wiring"
	"github.com/videovector/exports/statemachine"
)

// world is the shipped state machine over the real steps, and parts in memory that a gremlin can spoil. It lives in a
// synctest bubble: hours cost nothing.
type world struct {
	t *testing.T
	*gremlin
	plan      scenario
	memory    *memstore.Store
	records   *records
	results   *memblob.Bucket
	artifacts *memblob.Bucket
	customer  *customer
	functions *localgw.InProcess
	journal   *asl.MemoryJournal
	engine    atomic.Pointer[asl.Engine] // the present one
	log       emulator.Log
}

// scenario is what a world is made with, and how its export is to end.
type scenario struct {
	request   export.Request
	origin    export.Origin
	archive   []run        // nil means theArchive
	sharded   bool         // small documents are large
	large     bool         // documents are sharded that have some megabytes
	patient   bool         // functions have no time limit
	unstarted bool         // the start that follows the 202 is lost
	prepare   func(*world) // what happened before the export was created
	spoil     func(*world) mishaps
	keep      func(t *testing.T) store.Store        // nil means in memory
	around    func(*world, blob.Bucket) blob.Bucket // what stands before the artifacts; nil means nothing
	slow      time.Duration                         // how long 4 KiB of results take

	attempts int  // 0 means 1
	rejects  int  // records that can't be exported
	fails    bool // it doesn't end as completed
}

type mishaps = func(call) mishap

func newWorld(t *testing.T, s scenario) *world {
	t.Helper()
	w := &world{t: t, plan: s, memory: memstore.New(), journal: asl.NewMemoryJournal()}
	w.gremlin = newGremlin(nil)
	if s.spoil != nil {
		w.spoil = s.spoil(w)
	}
	w.results = memblob.New(memblob.Config{Name: "results"})
	w.artifacts = memblob.New(memblob.Config{Name: "artifacts", Neighbour: w.results})
	w.records, w.customer = &records{Store: w.memory, gremlin: w.gremlin}, newCustomer(w.gremlin)
	if s.keep != nil {
		w.records.Store = s.keep(t)
	}
	w.makeFunctions()
	w.engine.Store(w.newEngine())
	t.Cleanup(w.close)
	w.fill()
	if s.prepare != nil {
		s.prepare(w)
	}
	return w
}

func (w *world) close() {
	w.thaw()
	w.engine.Load().Close()
	if err := w.functions.Close(context.Background()); err != nil {
		w.t.Errorf("closing the functions: %v", err)
	}
}

// makeFunctions makes the deployed functions, with the time limits that the template gives them.
func (w *world) makeFunctions() {
	w.t.Helper()
	artifacts := blob.Bucket(bucket{w.artifacts, w.gremlin, w.records})
	if w.plan.around != nil {
		artifacts = w.plan.around(w, artifacts)
	}
	p := wiring.Parts{
		Store: w.records, Artifacts: artifacts, Results: slowly{bucket{w.results, w.gremlin, w.records}, w.plan.slow}, Executions: w,
		Connectors: w.customer, Clock: time.Now, Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
	var err error
	if p.Keyring, err = auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)}); err != nil {
		w.t.Fatal(err)
	}
	p.PartBytes = 900 // two parts, or a part and a half of a run
	if w.plan.large {
		p.ShardThreshold, p.ShardBytes, p.PartBytes = 1, 8<<20, 2<<20
	}
	if w.plan.sharded {
		p.ShardThreshold, p.ShardBytes, p.PartBytes = 1, 300, 300
	}
	all := map[string]localgw.Function{}
	for name, build := range map[string]func(wiring.Parts) any{
		"plan": wiring.Plan, "package": wiring.Package, "assemble": wiring.Assemble, "presign": wiring.Presign,
		"deliver": wiring.Deliver, "finish": wiring.Finish, "fail": wiring.Fail, "sweep": wiring.Sweep, "control-export": wiring.ControlExport,
	} {
		all[name] = localgw.Function{Handler: build(p), Timeout: limits(w.t)[name]}
		if w.plan.patient {
			all[name] = localgw.Function{Handler: build(p), Timeout: 10_000 * time.Hour}
		}
	}
	if w.functions, err = localgw.NewInProcess(localgw.InProcessConfig{Functions: all, NewID: func() string { return "request" }, Log: p.Log}); err != nil {
		w.t.Fatal(err)
	}
}

// limits are the functions' time limits.
func limits(t *testing.T) map[string]time.Duration {
	t.Helper()
	deployed, err := deployedFunctions()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]time.Duration{}
	for _, f := range deployed {
		all[f.Name] = f.Timeout
	}
	return all
}

var deployedFunctions = sync.OnceValues(func() (map[string]localgw.Deployed, error) { return localgw.TemplateFunctions(exports.Template) })

var machine = sync.OnceValues(func() (*asl.Machine, error) {
	definition, err := asl.Substitute(statemachine.Export, statemachine.Functions)
	if err != nil {
		return nil, err
	}
	return asl.Load(definition)
})

// newEngine makes an engine over the world's journal. It resumes nothing by itself.
func (w *world) newEngine() *asl.Engine {
	w.t.Helper()
	m, err := machine()
	if err != nil {
		w.t.Fatal(err)
	}
	return asl.NewEngine(asl.Config{
		Machine: m, ARN: "arn:machine", Functions: lambda{w.functions}, Objects: shelf{w}, Journal: w.journal,
		OnEnd: w.ended, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
}

// Start implements the starter of executions.
func (w *world) Start(ctx context.Context, account, id string, generation int) error {
	return w.do("executions.Start "+export.ExecutionName(id, generation), func() error {
		input, err := json.Marshal(map[string]any{"account_id": account, "export_id": id, "generation": generation})
		if err != nil {
			return err
		}
		err = w.engine.Load().Start(ctx, export.ExecutionName(id, generation), input)
		if errors.Is(err, asl.ErrExecutionExists) {
			return nil
		}
		return err
	})
}

// lambda lets the engine call functions.
type lambda struct{ functions *localgw.InProcess }

func (l lambda) Invoke(ctx context.Context, function string, payload []byte) (asl.Reply, error) {
	r, err := l.functions.Invoke(known(ctx, payload), function, payload)
	return asl.Reply{Payload: r.Payload, Failed: r.FunctionError != ""}, err
}

// known is the context of a call whose payload names a generation.
func known(ctx context.Context, payload []byte) context.Context {
	var job struct {
		Generation int `json:"generation"`
	}
	if json.Unmarshal(payload, &job) != nil || job.Generation == 0 {
		return ctx
	}
	return context.WithValue(ctx, generationOf{}, job.Generation)
}

// shelf is where the Map's items are read and its results written.
type shelf struct{ *world }

func (s shelf) Get(ctx context.Context, _, key string) (body io.ReadCloser, err error) {
	err = s.do("map.Get", func() error { body, _, err = s.artifacts.Open(ctx, key, 0, -1); return err })
	return body, err
}

func (s shelf) Put(ctx context.Context, _, key string, content []byte) error {
	return s.do("map.Put", func() error {
		_, err := s.artifacts.Put(ctx, key, content, blob.PutOptions{})
		return err
	})
}
