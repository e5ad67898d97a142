package samtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fixture"
	"github.com/videovector/exports/statemachine"
)

// index and documented are the README's create request.
const (
	index      = "/exports/index/idx_archive"
	documented = `{"prompt_run_ids":["run_123","run_124"],` +
		`"destination_connector_id":"conn_export","destination_subpath":"exports/review-team"}`
)

// TestChain takes the documented export from its request to its end with nothing of ours in between but what is
// deployed: HTTP, sam local start-api with the authorizer, bootstraps in containers, DynamoDB Local, moto's state machine,
// sam local start-lambda, bootstraps in containers again.
func TestChain(t *testing.T) {
	e := startEngine(t)
	// The world knows where executions are started only once moto runs, which needs the functions' address. They are
	// there later than that address, and before the first call.
	functionsPort := freePort(t)
	steps := startMoto(t, "http://127.0.0.1:"+functionsPort)
	w := startWorld(t, e.address, "-steps-endpoint", steps.endpoint)
	api := api{serve(t, "start-api", func(port string) *exec.Cmd {
		return w.samLocal(t, e, "start-api", "--port", port, "--warm-containers", "LAZY")
	}) + "/v2"} // without the stage, api
	functions := w.samLocal(t, e, "start-lambda", "--port", functionsPort, "--warm-containers", "LAZY")
	serveAt(t, "start-lambda", functionsPort, functions)

	for _, key := range []string{"", "sk_test_nobody"} {
		// A failing authorizer is 502 here, and 401 on AWS.
		if status, body := api.call(t, http.MethodPost, index, key, documented); status < 400 {
			t.Errorf("with the key %q: %d %s", key, status, body)
		}
	}
	reader := fixture.Key(fixture.ReadKey)
	if status, body := api.call(t, http.MethodPost, index, reader, documented); status != http.StatusForbidden {
		t.Errorf("with a key that may only read: %d %s", status, body)
	}
	if started := steps.executions(t); len(started) != 0 {
		t.Errorf("refused requests started %v", started)
	}
	delivered := api.await(t, api.create(t, index, documented))
	if delivered["status"] != "completed" || delivered["destination_uri"] == nil {
		t.Errorf("the documented export ended as %v", delivered)
	}
	kept := api.await(t, api.create(t, "/exports/prompt-run/run_123", ""))
	id := kept["export_id"].(string)
	status, body := api.call(t, http.MethodGet, "/exports/"+id+"/download", reader, "")
	if status != http.StatusOK || !json.Valid(body) || !bytes.Contains(body, []byte(id)) {
		t.Errorf("the download of %v: %d %.200s", kept, status, body)
	}
	want := map[string]string{}
	for _, e := range []map[string]any{delivered, kept} {
		want[export.ExecutionName(e["export_id"].(string), 1)] = "SUCCEEDED"
	}
	if diff := cmp.Diff(want, steps.executions(t)); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

// api is the service's base URL.
type api struct{ base string }

func (a api) call(t *testing.T, method, path, key, body string) (status int, reply []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("X-API-Key", key)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "once-for-"+strings.ReplaceAll(path, "/", "-"))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if reply, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, reply
}

// create sends the request twice and gives the export's id.
func (a api) create(t *testing.T, path, request string) string {
	t.Helper()
	var first, second struct {
		ID string `json:"export_id"`
	}
	for _, reply := range []any{&first, &second} {
		status, body := a.call(t, http.MethodPost, path, fixture.Key(fixture.WriteKey), request)
		if err := json.Unmarshal(body, reply); status != http.StatusAccepted || err != nil {
			t.Fatalf("create: %d %s", status, body)
		}
	}
	if first != second {
		t.Errorf("the repeated request made %s beside %s", second.ID, first.ID)
	}
	return first.ID
}

// await gives the export once it has ended.
func (a api) await(t *testing.T, id string) map[string]any {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		status, body := a.call(t, http.MethodGet, "/exports/"+id, fixture.Key(fixture.ReadKey), "")
		var e map[string]any
		if err := json.Unmarshal(body, &e); status != http.StatusOK || err != nil {
			t.Fatalf("show: %d %s", status, body)
		}
		if e["status"] == "completed" || e["status"] == "failed" {
			return e
		}
		if time.Now().After(deadline) {
			t.Fatalf("the export does not end: %s", body)
		}
	}
}

// moto is a Step Functions that has the shipped machine.
type moto struct {
	endpoint string
	client   *sfn.Client
}

func startMoto(t *testing.T, functions string) moto {
	t.Helper()
	lines, stop := emulator.Program(t, "moto", script(t, "moto.sh", "run", "0", functions), func(line string) bool {
		return strings.HasPrefix(line, "http://")
	})
	t.Cleanup(stop)
	m := moto{endpoint: lines[len(lines)-1]}
	m.client = sfn.New(sfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(m.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	out, err := m.client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("videovector-exports-export"), RoleArn: aws.String("arn:aws:iam::123456789012:role/machine"),
		Definition: aws.String(string(definition(t))),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.StateMachineArn != fixture.StateMachineARN {
		t.Fatalf("the machine is %s, and executions are asked for of %s", *out.StateMachineArn, fixture.StateMachineARN)
	}
	return m
}

// definition is the shipped machine with the template's functions, but for what moto can't read: express children, and
// where the Map writes its results, which nobody reads.
func definition(t *testing.T) []byte {
	t.Helper()
	text, err := asl.Substitute(statemachine.Export, logicalIDs())
	if err != nil {
		t.Fatal(err)
	}
	var machine map[string]any
	if err := json.Unmarshal(text, &machine); err != nil {
		t.Fatal(err)
	}
	shards := machine["States"].(map[string]any)["PackageShards"].(map[string]any)
	delete(shards, "ResultWriter")
	shards["ItemProcessor"].(map[string]any)["ProcessorConfig"].(map[string]any)["ExecutionType"] = "STANDARD"
	if text, err = json.Marshal(machine); err != nil {
		t.Fatal(err)
	}
	return text
}

// executions are all of the machine, name to status.
func (m moto) executions(t *testing.T) map[string]string {
	t.Helper()
	out, err := m.client.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(fixture.StateMachineARN)})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, x := range out.Executions {
		all[*x.Name] = string(x.Status)
	}
	return all
}
