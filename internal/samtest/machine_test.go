package samtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	gocmp "github.com/google/go-cmp/cmp"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/asl/motojudge"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/statemachine"
)

// life is an execution of the shipped machine over compiled functions: over what it starts, and what fails before or
// after a function has done its work.
type life struct {
	export     string // of the world; "" for a new one
	delivered  bool   // a new one goes to a connector
	generation int    // 1 when zero
	// faults are errors by task, thrown in turn, one a call; then the function answers for itself. Every second one is
	// thrown although the function has done its work.
	faults map[string][]string
	path   []string // nil for whatever both engines say
	error  string   // that it fails with
	atOnce bool     // children enter their states in any order
	list   string   // what stands in the place of the list of shards
}

// outcome is everything that two engines have to agree on.
type outcome struct {
	Status, Error string
	Output        any
	Path, Calls   []string
	Record        map[string]any // the export's own state in the end
}

// TestMachineOverFunctions runs the shipped state machine over the compiled functions, DynamoDB Local and the S3 of the
// world, on our engine and on moto's: every Retry, every Catch and both ways of every Choice, the Distributed Map
// included. Path, calls, output, error and the export in the end must be the same.
func TestMachineOverFunctions(t *testing.T) {
	judge, err := motojudge.Start(context.Background()) // it ends with the test binary
	if errors.Is(err, motojudge.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("no moto here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := lives(t)
	ours, theirs := map[string]outcome{}, map[string]outcome{}
	t.Run("ours", func(t *testing.T) {
		s := openStage(t)
		for name, l := range all {
			ours[name] = s.live(t, l, s.byUs)
		}
	})
	t.Run("moto", func(t *testing.T) {
		s := openStage(t)
		for name, l := range all {
			theirs[name] = s.live(t, l, s.byMoto(judge))
		}
	})
	for name, l := range all {
		t.Run(name, func(t *testing.T) {
			if diff := gocmp.Diff(theirs[name], ours[name]); diff != "" {
				t.Errorf("moto and we differ (-moto +ours):\n%s", diff)
			}
			if got := ours[name]; got.Error != l.error || (l.path != nil && !slices.Equal(got.Path, l.path)) {
				t.Errorf("ended with %q on %v, want %q on %v", got.Error, got.Path, l.error, l.path)
			}
		})
	}
}

// Ends of the ways through the machine.
var (
	toDownload  = []string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"}
	toConnector = []string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Deliver", "Finish", "Completed"}
)

// sharded is the export that the Map packages.
const sharded = "exp_23_sharded_tables"

// lives are the executions.
func lives(t *testing.T) map[string]life {
	t.Helper()
	all := map[string]life{
		"download":  {path: toDownload},
		"delivered": {delivered: true, path: toConnector},
		// What functions refuse by themselves.
		"of an old generation": {export: "exp_14_requeued", path: []string{"Plan", "Superseded"}},
		"of no export":         {export: "exp_00_nobody", path: []string{"Plan", "Fail", "Failed"}, error: "Export.Permanent"},
		"to a destination in use": {
			export: "exp_10_occupied", error: "Export.Permanent", // its files stand committed
			path: []string{"Plan", "ChooseLayout", "Assemble", "Presign", "ChooseDestination", "Deliver", "Fail", "Failed"},
		},
		"of a generation to come":   {export: "exp_14_requeued", generation: 7, path: []string{"Plan", "Superseded"}},
		"of an export that's ended": {export: "exp_13_failed", path: []string{"Plan", "Superseded"}},
	}
	tasks := shippedTasks(t)
	for name, task := range tasks {
		for _, c := range task.Catch {
			thrown := strings.ReplaceAll(c.ErrorEquals[0], "States.ALL", "Export.Permanent")
			l := life{delivered: true, faults: map[string][]string{name: {thrown}}}
			switch {
			case name == "Fail":
				l.faults["Plan"], l.error = []string{"Export.Permanent"}, "Export.Permanent"
			case thrown == "Export.Irregular":
				continue // of shards only
			case c.Next == "Fail":
				l.error = thrown
			}
			all[name+" throws "+thrown] = l
		}
	}
	// Every error that a task retries, at most four of a retrier in one execution; no function throws a time-out.
	for turn := 0; ; turn++ {
		var thrown []string
		for _, r := range tasks["Plan"].Retry {
			n := min(r.MaxAttempts, 4)
			names := slices.DeleteFunc(slices.Clone(r.ErrorEquals), func(e string) bool { return e == "States.Timeout" })
			thrown = append(thrown, names[min(turn*n, len(names)):min((turn+1)*n, len(names))]...)
		}
		if thrown == nil {
			break
		}
		everywhere := map[string][]string{}
		for name := range tasks {
			everywhere[name] = thrown
		}
		all[fmt.Sprint("retries ", turn)] = life{delivered: true, faults: everywhere, path: toConnector}
		everywhere = maps.Clone(everywhere)
		everywhere["Presign"] = []string{"Export.Permanent"}
		all[fmt.Sprint("retries of Fail ", turn)] = life{faults: everywhere, error: "Export.Permanent"}
	}
	for _, r := range tasks["Plan"].Retry {
		name := r.ErrorEquals[0]
		all["no end of "+name] = life{
			faults: map[string][]string{"Plan": slices.Repeat([]string{name}, r.MaxAttempts+1)},
			path:   []string{"Plan", "Fail", "Failed"}, error: name,
		}
	}
	// One export of the world can be taken to its end in shards. The second round of the Map is Assemble's to ask for.
	all["sharded, irregular, with retries"] = life{export: sharded, atOnce: true, faults: map[string][]string{
		"Package": {"Export.Throttled", "Export.Unavailable", "Lambda.Unknown"}, "Assemble": {"Export.Irregular"},
	}}
	return all
}

type task struct {
	Type  string
	Retry []struct {
		ErrorEquals []string
		MaxAttempts int
	}
	Catch []struct {
		ErrorEquals []string
		Next        string
	}
}

// shippedTasks are the machine's, but for the children's.
func shippedTasks(t *testing.T) map[string]task {
	t.Helper()
	var m struct{ States map[string]task }
	if err := json.Unmarshal(statemachine.Export, &m); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(m.States, func(_ string, s task) bool { return s.Type != "Task" })
	return m.States
}

// stage is a world with the compiled functions over it.
type stage struct {
	functions *localgw.Bootstraps
	names     map[string]string // by logical id
	bucket    func(name string) blob.Bucket
	made      int
}

func openStage(t *testing.T) *stage {
	t.Helper()
	w := startWorld(t, "127.0.0.1")
	deployed, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{names: map[string]string{}}
	programs := map[string]localgw.Bootstrap{}
	for id, f := range deployed {
		s.names[id] = f.Name
		programs[f.Name] = localgw.Bootstrap{
			Program: filepath.Join(built(t), id, "bootstrap"), Env: w.environ(f), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
		}
	}
	ids := 0
	var mu sync.Mutex
	s.functions = localgw.NewBootstraps(localgw.BootstrapsConfig{
		Functions: programs, Region: "us-east-1", AccountID: "123456789012", Log: slog.New(slog.DiscardHandler),
		NewID: func() string { mu.Lock(); defer mu.Unlock(); ids++; return fmt.Sprint("request-", ids) },
	})
	t.Cleanup(func() {
		if err := s.functions.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	of := w.Environment
	cfg := aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(of["AWS_ACCESS_KEY_ID"], of["AWS_SECRET_ACCESS_KEY"], ""),
	}
	s.bucket = func(name string) blob.Bucket {
		return s3blob.New(s3blob.NewClient(cfg, of["AWS_ENDPOINT_URL_S3"]), name)
	}
	return s
}

// interpreter runs an execution of the machine.
type interpreter func(t *testing.T, l life, input json.RawMessage, f *faulty) outcome

// live runs one execution to its end.
func (s *stage) live(t *testing.T, l life, engine interpreter) outcome {
	t.Helper()
	id := l.export
	if id == "" {
		id = s.create(t, l.delivered)
	}
	input, err := json.Marshal(map[string]any{"account_id": "acct_demo", "export_id": id, "generation": cmp.Or(l.generation, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{stage: s, export: id, left: map[string][]string{}, took: map[string]bool{}}
	for name, errors := range l.faults {
		f.left[name+"Function"] = slices.Clone(errors)
	}
	o := engine(t, l, input, f)
	raw, err := json.Marshal(o.Output)
	if err := errors.Join(err, json.Unmarshal([]byte(strings.ReplaceAll(string(raw), id, "EXPORT")), &o.Output)); err != nil {
		t.Fatalf("output %s: %v", raw, err)
	}
	o.Calls, o.Record = f.calls, s.record(t, id)
	if l.atOnce {
		slices.Sort(o.Path)
		slices.Sort(o.Calls)
	}
	return o
}

// request calls a function as the gateway does and gives the body of its reply.
func (s *stage) request(t *testing.T, function, method, path, body string) map[string]any {
	t.Helper()
	event, err := json.Marshal(map[string]any{
		"path": "/v2" + path, "httpMethod": method, "headers": map[string]string{"Content-Type": "application/json"}, "body": body,
		"requestContext": map[string]any{"authorizer": map[string]string{
			"account_id": "acct_demo", "user_id": "user_demo", "key_id": "key_write", "scope": "write",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := s.functions.Invoke(t.Context(), function, event)
	if err != nil {
		t.Fatal(err)
	}
	reply = reply.Buffer()
	var envelope struct {
		Body string `json:"body"`
	}
	var answer map[string]any
	if err := errors.Join(json.Unmarshal(reply.Payload, &envelope), json.Unmarshal([]byte(envelope.Body), &answer)); err != nil {
		t.Fatalf("%s answered %s: %v", function, reply.Payload, err)
	}
	return answer
}

func (s *stage) create(t *testing.T, delivered bool) string {
	t.Helper()
	body := `{"prompt_run_ids":["run_123","run_124"]}`
	if delivered {
		s.made++
		body = fmt.Sprintf(`{"prompt_run_ids":["run_123"],"destination_connector_id":"conn_export","destination_subpath":"life-%d"}`,
			s.made)
	}
	id, _ := s.request(t, "create-export", "POST", "/exports/index/idx_archive", body)["export_id"].(string)
	if id == "" {
		t.Fatal("no export was made")
	}
	return id
}

// record is what the export's reader is told of its state.
func (s *stage) record(t *testing.T, id string) map[string]any {
	t.Helper()
	shown := s.request(t, "read-export", "GET", "/exports/"+id, "")
	of := map[string]any{}
	for _, name := range []string{"status", "queue_status", "attempts", "error_message", "last_error", "counts"} {
		of[name] = shown[name]
	}
	return of
}

// faulty calls functions, with the faults of a life.
type faulty struct {
	stage  *stage
	export string

	mu    sync.Mutex
	left  map[string][]string // by function, and by task once it was called
	took  map[string]bool     // functions whose faults a call has got
	calls []string
}

// call is a call of a function by its logical id.
func (f *faulty) call(ctx context.Context, id string, payload []byte) (answer []byte, failed bool, err error) {
	var canonical any
	if err := json.Unmarshal(payload, &canonical); err == nil {
		payload, _ = json.Marshal(canonical) // of what was JSON just now
	}
	fault, done := f.next(id, string(payload))
	if fault == "" || done {
		reply, err := f.stage.functions.Invoke(ctx, f.stage.names[id], payload)
		if err != nil {
			return nil, false, err
		}
		if reply = reply.Buffer(); fault == "" {
			return reply.Payload, reply.FunctionError != "", nil
		}
	}
	return fmt.Appendf(nil, `{"errorType":%q,"errorMessage":"thrown by the test"}`, fault), true, nil
}

// motosName is what moto calls the executions that are x here.
var motosName = regexp.MustCompile(`"execution":"x-\d+"`)

// enginesCause is what an engine says of an error of its own, in its own words.
var enginesCause = regexp.MustCompile(`"Cause":"(?:[^"\\\\]|\\\\.)*","Error":"States\.`)

// retries is what tells a task's calls apart.
var retries = regexp.MustCompile(`"retries":\d+`)

// next notes a call and gives the error to throw, "" for none; done tells whether the function does its work all the same.
// Children of a Map get the faults of their task each, in whatever order they come.
func (f *faulty) next(id, payload string) (fault string, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	call := id + " " + motosName.ReplaceAllString(strings.ReplaceAll(payload, f.export, "EXPORT"), `"execution":"x"`)
	call = enginesCause.ReplaceAllString(call, `"Cause":"…","Error":"States.`)
	f.calls = append(f.calls, call)
	task := retries.ReplaceAllString(call, "")
	if _, again := f.left[task]; !again && (strings.Contains(payload, `"shard"`) || !f.took[id]) {
		f.left[task], f.took[id] = f.left[id], true
	}
	left := f.left[task]
	if len(left) == 0 {
		return "", true
	}
	f.left[task] = left[1:]
	return left[0], len(left)%2 == 0
}

// Invoke implements asl.Invoker.
func (f *faulty) Invoke(ctx context.Context, function string, payload []byte) (asl.Reply, error) {
	answer, failed, err := f.call(ctx, function, payload)
	return asl.Reply{Payload: answer, Failed: failed}, err
}

// instant is a clock whose waits take no time.
type instant struct{ asl.SystemClock }

func (instant) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (s *stage) byUs(t *testing.T, l life, input json.RawMessage, f *faulty) outcome {
	t.Helper()
	definition, err := asl.Substitute(statemachine.Export, logicalIDs())
	if err != nil {
		t.Fatal(err)
	}
	machine, err := asl.Load(definition)
	if err != nil {
		t.Fatal(err)
	}
	engine := asl.NewEngine(asl.Config{
		Machine: machine, ARN: "arn:machine", Functions: f, Objects: listed{objects{s}, l.list}, Journal: asl.NewMemoryJournal(), Clock: instant{},
		Log: slog.New(slog.DiscardHandler),
	})
	defer engine.Close()
	if err := engine.Start(t.Context(), "x", input); err != nil {
		t.Fatal(err)
	}
	engine.Wait()
	d, err := engine.Describe("x")
	path, also := engine.Path("x")
	if err := errors.Join(err, also); err != nil {
		t.Fatal(err)
	}
	return ended(t, d.Status, d.Error, d.Output, path)
}

func ended(t *testing.T, status, name string, output json.RawMessage, path []string) outcome {
	t.Helper()
	o := outcome{Status: status, Error: name, Path: path}
	if status == "SUCCEEDED" {
		if err := json.Unmarshal(output, &o.Output); err != nil {
			t.Fatalf("output %s: %v", output, err)
		}
	}
	return o
}

func logicalIDs() map[string]string {
	ids := map[string]string{}
	for placeholder := range statemachine.Functions {
		ids[placeholder] = strings.TrimSuffix(placeholder, "Arn")
	}
	return ids
}

func (s *stage) byMoto(j *motojudge.Judge) interpreter {
	return func(t *testing.T, l life, input json.RawMessage, f *faulty) outcome {
		t.Helper()
		end, err := j.Run(t.Context(), motojudge.Case{
			Definition: definition(t), Input: input, Objects: s.lists(t, l), Function: f.asLambda,
		})
		if err != nil {
			t.Fatal(err)
		}
		return ended(t, end.Status, end.Error, end.Output, end.Path)
	}
}

// asLambda answers as Lambda's Invoke does.
func (f *faulty) asLambda(ctx context.Context, name string, payload []byte) motojudge.Reply {
	answer, failed, err := f.call(ctx, name, payload)
	if err != nil {
		return motojudge.Reply{Status: 500, Error: "ServiceException", Payload: fmt.Appendf(nil, `{"message":%q}`, err)}
	}
	return motojudge.Reply{Failed: failed, Payload: answer}
}

const artifacts = "fixture-artifacts"

// lists are the planned work of an export that is cut into shards: moto reads items from an S3 of its own.
func (s *stage) lists(t *testing.T, l life) map[string]map[string]string {
	t.Helper()
	id := l.export
	if id != sharded {
		return nil
	}
	found := map[string]string{}
	bucket := s.bucket(artifacts)
	listed, err := bucket.List(t.Context(), "work/acct_demo/"+id+"/", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range listed {
		body, err := objects{s}.Get(t.Context(), artifacts, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil {
			t.Fatal(err)
		}
		found[o.Key] = cmp.Or(l.list, string(text))
	}
	return map[string]map[string]string{artifacts: found}
}

// objects are what our engine's Map reads and writes.
type objects struct{ stage *stage }

// Get implements asl.Objects.
func (o objects) Get(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	body, _, err := o.stage.bucket(bucket).Open(ctx, key, 0, -1)
	return body, err
}

// Put implements asl.Objects.
func (o objects) Put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := o.stage.bucket(bucket).Put(ctx, key, body, blob.PutOptions{})
	return err
}

// listed are objects, with another list in the place of every one that is read; "" for none.
type listed struct {
	objects
	list string
}

// Get implements asl.Objects.
func (l listed) Get(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	if l.list != "" {
		return io.NopCloser(strings.NewReader(l.list)), nil
	}
	return l.objects.Get(ctx, bucket, key)
}
