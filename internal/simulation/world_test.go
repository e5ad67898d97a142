package simulation_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/sfnexec"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
	"github.com/videovector/exports/internal/wiring"
	"github.com/videovector/exports/statemachine"
)

// world is the deployed service in one simulation, and whoever uses it.
type world struct {
	seed      uint64
	plan      plan
	schedule  *schedule
	dice      *dice
	memory    store.Store
	results   *memblob.Bucket
	artifacts *memblob.Bucket
	customer  *memconn.Target
	functions *localgw.InProcess
	journal   *asl.MemoryJournal
	engine    atomic.Pointer[asl.Engine] // the present one
	clients   atomic.Int64               // who still want something
	asleep    atomic.Int64               // calls whose caller sleeps
	ids       atomic.Int64
	piped     atomic.Int64 // ends that send-events has not taken yet
	hours     atomic.Int64 // sweeps in the first minute of an hour that are done

	mu         sync.Mutex
	named      map[string]int // processes
	processes  []*process
	orders     []*order
	ends       map[string][]string          // ids of the events of terminal writes, by export
	began      map[string]map[int]bool      // generations that claimed, by export
	deliveries map[string]bool              // those that are still to be made
	told       map[string]map[string][]byte // events by export and id
	how        map[string][3]string         // how exports ended, by the event's id: outcome, error message and time
	taken      map[string]bool              // ids of the events whose end send-events said that it took
	due        map[string][]string          // of exports whose record is removed: the events that must tell of their ends
	refusals   map[string]bool              // exports of which a call was refused for good
	hits       tally
	violations []string
}

// tally counts faults, by kind and by the windows that they struck at.
type tally struct {
	seeds   int
	calls   int
	faults  map[kind]int
	windows map[string]map[kind]int
	ended   map[string]int // exports, by how they ended
	resumed int            // shards that a retry has taken over, with parts of uploads
	waited  int            // creates and retries that had to wait for a slot
}

func newTally() tally {
	return tally{faults: map[kind]int{}, windows: map[string]map[kind]int{}, ended: map[string]int{}}
}

func newWorld(seed uint64, memory store.Store) *world {
	if memory == nil {
		memory = memstore.New()
	}
	w := &world{
		seed: seed, schedule: newSchedule(seed), memory: memory, journal: asl.NewMemoryJournal(), customer: memconn.New("customer"),
		named: map[string]int{}, ends: map[string][]string{}, began: map[string]map[int]bool{}, refusals: map[string]bool{}, told: map[string]map[string][]byte{}, how: map[string][3]string{}, taken: map[string]bool{}, due: map[string][]string{}, deliveries: map[string]bool{}, hits: newTally(),
	}
	w.plan = newPlan(seed, w.schedule)
	w.dice = w.plan.dice
	w.dice.struck = w.struck
	w.schedule.fate, w.schedule.upheaval = w.fate, w.upheaval
	w.results = memblob.New(memblob.Config{Name: "results"})
	w.artifacts = memblob.New(memblob.Config{Name: "artifacts", Neighbour: w.results})
	w.fill()
	w.makeFunctions()
	w.engine.Store(w.newEngine())
	return w
}

// fate decides about one call, and whether an upheaval follows it.
func (w *world) fate(next waiting) fate {
	if k, ok := w.dice.upheaval[w.schedule.steps]; ok {
		w.hits.faults[k]++
		w.schedule.pending = k
	}
	return w.dice.roll(next)
}

func (w *world) struck(p *process, o op, k kind) {
	w.hits.faults[k]++
	if k == refused {
		w.refusals[p.job.ExportID] = true
	}
	for _, window := range windows {
		if !window.at(p, o, k.after()) {
			continue
		}
		w.hit(window.name, k)
		if k.pauses() {
			w.hit(pausedAnywhere, k)
		}
	}
}

func (w *world) hit(window string, k kind) {
	if w.hits.windows[window] == nil {
		w.hits.windows[window] = map[kind]int{}
	}
	w.hits.windows[window][k]++
}

// violated notes that what was promised does not hold.
func (w *world) violated(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.schedule.note("VIOLATION: %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, text)
}

// upheaval befalls everything that runs.
func (w *world) upheaval(k kind) {
	if k == killed {
		w.mu.Lock()
		all := append([]*process(nil), w.processes...)
		w.mu.Unlock()
		for _, p := range all {
			p.die()
		}
	}
	next := w.newEngine()
	w.engine.Swap(next).Close()
	if k == aborted {
		return
	}
	if _, err := next.Resume(context.Background()); err != nil {
		w.violated("executions can't be resumed: %v", err)
	}
}

var keyring = sync.OnceValues(func() (*auth.Keyring, error) {
	return auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
})

// makeFunctions makes the deployed functions, with the time limits that the template gives them, or, where workers are to
// sleep and wake up, with none.
func (w *world) makeFunctions() {
	ring, err := keyring()
	if err != nil {
		panic(err)
	}
	p := wiring.Parts{
		Store: &records{Store: w.memory, w: w}, Artifacts: bucket{w.artifacts, w}, Results: bucket{w.results, w},
		Executions: sfnexec.New(states{w}, machineARN), Connectors: customer{w.customer, w}, Keyring: ring, Clock: time.Now,
		NewID: func(time.Time) string { return fmt.Sprintf("exp_%d", w.ids.Add(1)) }, Log: slog.New(slog.DiscardHandler),
		Limits: w.plan.limits, Jitter: func() float64 { return w.plan.jitter },
		Sealer: plainly{}, WebhookClient: &http.Client{Transport: receiver{w}}, WebhookJitter: func() float64 { return w.plan.jitter },
		PartBytes: w.plan.partBytes, ShardBytes: w.plan.shardBytes, ShardThreshold: w.plan.shardThreshold,
	}
	limits, err := deployed()
	if err != nil {
		panic(err)
	}
	all := map[string]localgw.Function{}
	for name, build := range map[string]func(wiring.Parts) any{
		"create-export": wiring.CreateExport, "plan": wiring.Plan, "package": wiring.Package, "assemble": wiring.Assemble, "presign": wiring.Presign,
		"deliver": wiring.Deliver, "finish": wiring.Finish, "fail": wiring.Fail, "sweep": wiring.Sweep,
		"send-events": wiring.SendEvents, "control-export": wiring.ControlExport,
	} {
		if limits[name] == 0 {
			panic("the template has no function " + name)
		}
		f := localgw.Function{Handler: build(p), Timeout: limits[name]}
		if w.plan.patient {
			f.Timeout = 10_000 * time.Hour
		}
		all[name] = f
	}
	w.functions, err = localgw.NewInProcess(localgw.InProcessConfig{Functions: all, NewID: func() string { return "request" }, Log: p.Log})
	if err != nil {
		panic(err)
	}
}

// deployed are the functions' time limits, by their names.
var deployed = sync.OnceValues(func() (map[string]time.Duration, error) {
	functions, err := localgw.TemplateFunctions(exports.Template)
	limits := map[string]time.Duration{}
	for _, f := range functions {
		limits[f.Name] = f.Timeout
	}
	return limits, err
})

const machineARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:exports"

var machine = sync.OnceValues(func() (*asl.Machine, error) {
	definition, err := asl.Substitute(statemachine.Export, statemachine.Functions)
	if err != nil {
		return nil, err
	}
	return asl.Load(definition)
})

func (w *world) newEngine() *asl.Engine {
	m, err := machine()
	if err != nil {
		panic(err)
	}
	return asl.NewEngine(asl.Config{
		Machine: m, ARN: machineARN, Functions: w, Objects: shelf{w}, Journal: w.journal, OnEnd: w.executionEnded,
		Random: func() float64 { return w.plan.jitter }, Log: slog.New(slog.DiscardHandler),
	})
}

// startExecution answers as Step Functions does: a name is taken once, and the same request while it runs is the same
// execution.
func (w *world) startExecution(ctx context.Context, name, input string) (*sfn.StartExecutionOutput, error) {
	e := w.engine.Load()
	err := e.Start(ctx, name, json.RawMessage(input))
	if errors.Is(err, asl.ErrExecutionExists) {
		if x, err := e.Describe(name); err == nil && x.Status == "RUNNING" {
			return &sfn.StartExecutionOutput{}, nil
		}
		return nil, &types.ExecutionAlreadyExists{Message: aws.String("Execution Already Exists: '" + name + "'")}
	}
	return &sfn.StartExecutionOutput{}, err
}

// over reports whether the simulation is.
func (w *world) over() bool {
	select {
	case <-w.schedule.end:
		return true
	default:
		return false
	}
}

// Invoke lets the engine call a function.
func (w *world) Invoke(ctx context.Context, function string, payload []byte) (asl.Reply, error) {
	var j job
	if err := json.Unmarshal(payload, &j); err != nil {
		return asl.Reply{}, err
	}
	name := fmt.Sprintf("%s %s try %d", function, export.ExecutionName(j.ExportID, j.Generation), j.Retries+1)
	if j.Shard != nil {
		name = fmt.Sprintf("%s shard %d", name, *j.Shard)
	}
	ctx = context.WithValue(ctx, processKey{}, w.outside("the call of "+name))
	r, err := call(ctx, w, op{part: "lambda", method: "Invoke", what: function}, func(ctx context.Context) (localgw.Reply, error) {
		return w.run(ctx, w.spawn(name, function, j), payload)
	})
	if errors.Is(err, errBusy) {
		err = asl.ErrThrottled
	}
	return asl.Reply{Payload: r.Payload, Failed: r.FunctionError != ""}, err
}

// run runs a function as one process, until it answers or dies.
func (w *world) run(ctx context.Context, p *process, payload []byte) (localgw.Reply, error) {
	ctx, p.cancel = context.WithCancel(context.WithValue(ctx, processKey{}, p))
	defer p.cancel()
	r, err := w.functions.Invoke(ctx, p.function, payload)
	if p.dead() {
		return localgw.Reply{FunctionError: "Unhandled", Payload: []byte(`{"errorType":"Runtime.ExitError","errorMessage":"The process is gone."}`)}, nil
	}
	return r, err
}

// sweeping calls the sweeper in each first minute of an hour, and in each minute in which anything is due, and send-events
// likewise. EventBridge does so in every one: what they would do in the others is nothing.
func (w *world) sweeping(ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(time.Minute):
		}
		now := time.Now()
		if w.undelivered() {
			if late, err := w.memory.DueDeliveries(context.Background(), now, 1); err == nil && len(late) > 0 {
				go w.sendDue(now)
			}
		}
		full := now.Minute() == 0
		due, err := w.memory.DueExports(context.Background(), now, 1)
		if err != nil || len(due) == 0 && !full && !w.unclosed(now) && !w.unadmitted(now) {
			continue
		}
		go func() {
			w.sweep("sweep at "+now.UTC().Format("15:04:05"), event("Scheduled Event", map[string]any{}))
			if full {
				w.hours.Add(1)
			}
		}()
	}
}

func (w *world) sweep(name string, ev []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_, _ = w.run(ctx, w.spawn(name, "sweep", job{}), ev) // EventBridge comes again
}

// executionEnded is the rule on executions that ended. Its event may be lost, and may come twice.
func (w *world) executionEnded(x asl.Execution) {
	ev := event("Step Functions Execution Status Change", map[string]any{"name": x.Name, "status": x.Status, "input": string(x.Input)})
	go func() {
		ctx := context.WithValue(context.Background(), processKey{}, w.outside("the rule on "+x.Name))
		_, _ = call(ctx, w, op{part: "events", method: "Put", what: x.Name}, func(context.Context) (struct{}, error) {
			go w.sweep("sweep of "+x.Name, ev)
			return struct{}{}, nil
		})
	}()
}

// event is an event of EventBridge, as far as the sweeper looks.
func event(detailType string, detail any) []byte {
	raw, err := json.Marshal(map[string]any{"version": "0", "detail-type": detailType, "detail": detail})
	if err != nil {
		panic("an event of our own always encodes: " + err.Error())
	}
	return raw
}

// post sends a request through an event of the gateway, which waits for 29 seconds, and gives status and body.
func (w *world) post(name string, q request) (status int, reply created) {
	header := map[string]string{"Content-Type": "application/json"}
	if q.key != "" {
		header["Idempotency-Key"] = q.key
	}
	payload, err := json.Marshal(events.APIGatewayProxyRequest{
		HTTPMethod: q.method, Path: q.path, Headers: header, Body: q.body,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "request", Authorizer: map[string]any{
			"account_id": account, "user_id": q.user, "key_id": "key_1", "scope": "admin",
		}},
	})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 29*time.Second)
	defer cancel()
	ctx = context.WithValue(ctx, processKey{}, w.outside("the gateway for "+name))
	r, err := call(ctx, w, op{part: "lambda", method: "Invoke", what: q.function}, func(ctx context.Context) (localgw.Reply, error) {
		return w.run(ctx, w.spawn(name, q.function, job{}), payload)
	})
	var out events.APIGatewayProxyResponse
	switch {
	case errors.Is(err, errDead):
		return 0, created{}
	case err != nil:
		return 504, created{}
	case r.FunctionError != "" || json.Unmarshal(r.Payload, &out) != nil:
		return 502, created{}
	}
	if err := json.Unmarshal([]byte(out.Body), &reply); err != nil && out.StatusCode != 204 {
		w.violated("the body of a reply is %q", out.Body)
	}
	reply.replayed = strings.EqualFold(cmp.Or(out.Headers["Idempotency-Replayed"], "false"), "true")
	return out.StatusCode, reply
}

// request is one of a caller.
type request struct {
	function, method, path string
	user, key, body        string // key is the Idempotency-Key, "" for none
}

// created is the body of a reply.
type created struct {
	ExportID string `json:"export_id"`
	Error    struct {
		Code string `json:"code"`
	} `json:"error"`
	replayed bool
}
