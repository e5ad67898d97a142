package deadlinks

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/blob/embeds3"
	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/internal/emulator/azurite"
)

// programs are the commands under test, built once.
var programs struct{ local, vvx string }

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "deadlinks")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for name, to := range map[string]*string{"local": &programs.local, "vvx": &programs.vvx} {
		*to = filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", "-o", *to, "../../cmd/"+name).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building %s: %v\n%s", name, err, out)
			return 1
		}
	}
	if err := flag.Set("test.parallel", "8"); err != nil { // trials wait, and hardly compute
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if document, err = filepath.Abs("../../docs/reliability.md"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if authority, pair, err = azurite.Certify(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	customers, err := embeds3.Start(context.Background(), embeds3.Config{ // a process has one; the service has its own
		Dir: filepath.Join(dir, "s3"), Addr: "127.0.0.1:0", Region: region, AccessKeyID: customerKeyID, SecretAccessKey: customerSecret,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	customerS3 = customers.Endpoint()
	defer customers.Close()
	return m.Run()
}

// customerS3 is the base URL of an S3 that is not the service's, and the rest is how one gets in.
var customerS3 string

const (
	region         = "us-east-1"
	customerKeyID  = "AKIACUSTOMER00000001"
	customerSecret = "the-secret-of-the-customer-of-the-trials"
)

// silence is how long a link may be silent in the trials. It is much longer than anything on one machine takes.
const silence = 600 * time.Millisecond

// hurry is how many times shorter waits are in the trials: the sweeper comes every three seconds.
const hurry = 20

// localJSON is what the trials need of the service's own description.
type localJSON struct {
	BaseURL           string `json:"base_url"`
	S3Endpoint        string `json:"s3_endpoint"`
	S3AccessKeyID     string `json:"s3_access_key_id"`
	S3SecretAccessKey string `json:"s3_secret_access_key"`
	ArtifactsBucket   string `json:"artifacts_bucket"`
	APIKeys           struct {
		Admin        string `json:"admin"`
		Write        string `json:"write"`
		Read         string `json:"read"`
		Search       string `json:"search"`
		OtherAccount string `json:"other_account"`
	} `json:"api_keys"`
	PID int `json:"pid"`
}

// service is a running local service, a process of its own.
type service struct {
	t       *testing.T
	dir     string
	env     []string
	cmd     *exec.Cmd
	printed *emulator.Log
	local   localJSON
	storage *link // to the S3 of its own
	records *link // to the DynamoDB; nil if its records are in SQLite
	api     *client.Client
	secrets []string // which nobody may see

	journal  *journal
	ordered  *atomic.Int64                // exports
	expected map[string]map[string]string // of each index, the digests of an undisturbed export
}

// config is what a service is started with.
type config struct {
	dynamoDB string // base URL; "" is SQLite
	huge     bool   // it has an archive whose documents are uploaded by parts
	env      []string
	flags    []string
}

// start starts a service, fills its archives in, and starts it again with its links leading through proxies.
func start(t *testing.T, cfg config) *service {
	t.Helper()
	s := &service{t: t, dir: t.TempDir(), env: cfg.env, printed: new(emulator.Log), ordered: new(atomic.Int64), expected: map[string]map[string]string{}}
	s.journal = &journal{file: filepath.Join(s.dir, "local.log"), troubled: map[string][]entry{}}
	flags := append([]string{"-silence", silence.String(), "-hurry", fmt.Sprint(hurry), "-shard-above", "1", "-shard-size", "1"}, cfg.flags...)
	plain := flags
	if cfg.dynamoDB != "" {
		plain = append(plain, "-dynamodb-endpoint", cfg.dynamoDB)
	}
	s.mustRun(append(plain, "-silence", "20s"))
	s.load("idx_small", 1, 900)
	s.load("idx_large", 2, 1_300)
	if cfg.huge {
		s.load("idx_huge", 1, 35_000)
	}
	own := s.local.S3Endpoint
	s.stop()
	s.storage = newLink(t, "storage", own)
	flags = append(flags, "-storage-endpoint", s.storage.URL())
	if cfg.dynamoDB != "" {
		s.records = newLink(t, "records", cfg.dynamoDB)
		flags = append(flags, "-dynamodb-endpoint", s.records.URL())
	}
	s.mustRun(flags)
	if s.local.S3Endpoint != own {
		t.Fatalf("the S3 moved from %s to %s", own, s.local.S3Endpoint)
	}
	keys := s.local.APIKeys
	s.secrets = append(s.secrets, keys.Admin, keys.Write, keys.Read, keys.Search, keys.OtherAccount, s.local.S3SecretAccessKey, customerSecret, googleToken, azureSecret, "PRIVATE KEY", signature, "X-Amz-Signature=")
	var err error
	if s.api, err = client.New(keys.Admin, client.WithBaseURL(s.local.BaseURL), client.WithMaxRetries(10)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.checkSecrets)
	return s
}

// mustRun starts the service. On a machine that is very busy a start may take a silence for a dead link.
func (s *service) mustRun(flags []string) {
	s.t.Helper()
	for range 5 {
		if s.run(flags) {
			return
		}
	}
	s.t.Fatalf("the service did not get ready: %s\n%s", s.printed, s.log())
}

// run starts the process and waits until it is ready, or has ended. It ends with the test at the latest.
func (s *service) run(flags []string) (ready bool) {
	s.t.Helper()
	s.cmd = exec.Command(programs.local, append([]string{"-addr", "127.0.0.1:0", "-tls-addr", "127.0.0.1:0", "-data", s.dir, "-demo=false"}, flags...)...)
	s.cmd.Env = append(os.Environ(), s.env...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Stderr = s.printed
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	process := s.cmd
	s.t.Cleanup(func() { // it may have ended by itself
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "is ready") {
			go io.Copy(io.Discard, out) // it lasts as long as the process
			raw, err := os.ReadFile(filepath.Join(s.dir, "local.json"))
			if err == nil {
				err = json.Unmarshal(raw, &s.local)
			}
			if err != nil || s.local.PID != s.cmd.Process.Pid {
				s.t.Fatalf("local.json: %v", err)
			}
			return true
		}
	}
	return false
}

func (s *service) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Fatalf("after Ctrl-C: %v\n%s", err, s.printed)
	}
}

// load makes an index of so many runs of so many records, of some 500 bytes each.
func (s *service) load(index string, runs, records int) {
	s.t.Helper()
	for n := range runs {
		run := fmt.Sprintf("run_%s_%d", strings.TrimPrefix(index, "idx_"), n)
		var lines bytes.Buffer
		for i := range records {
			fmt.Fprintf(&lines, `{"result_type":"segment","result_id":"segment:s%d:%s","run_id":%q,"start_time":%d.5,"metadata":{"note":%q}}`+"\n", i, run, run, i, strings.Repeat("harbour ", 45+i%10))
		}
		file := filepath.Join(s.t.TempDir(), run+".ndjson")
		if err := os.WriteFile(file, lines.Bytes(), 0o600); err != nil {
			s.t.Fatal(err)
		}
		out, err := exec.Command(programs.vvx, "load-run", "--local", filepath.Join(s.dir, "local.json"), "--index", index, "--run", run, file).CombinedOutput()
		if err != nil {
			s.t.Fatalf("load-run: %v\n%s", err, out)
		}
	}
}

// log is what the service has logged.
func (s *service) log() string {
	raw, err := os.ReadFile(filepath.Join(s.dir, "local.log"))
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// tail is the log's end without what tells of requests, for failures.
func (s *service) tail() string {
	var text strings.Builder
	for line := range strings.Lines(s.log()) {
		if !strings.Contains(line, `"msg":"request`) && !strings.Contains(line, `"msg":"metrics"`) {
			text.WriteString(line)
		}
	}
	return text.String()[max(0, text.Len()-6000):]
}

// entry is a line of the log.
type entry struct {
	Message  string `json:"msg"`
	ExportID string `json:"export_id"`
	Step     string `json:"step"`
	Code     string `json:"code"`
}

// journal is what the log tells of trouble with exports. It is read as it grows.
type journal struct {
	file     string
	offset   int64
	troubled map[string][]entry
}

// troubled are the lines that tell that a step of the export failed, an attempt at it, or to look after it.
func (s *service) troubled(export string) []entry {
	s.t.Helper()
	if err := s.journal.read(); err != nil {
		s.t.Fatal(err)
	}
	return s.journal.troubled[export]
}

func (j *journal) read() error {
	f, err := os.Open(j.file)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, j.offset, 1<<40))
	if err != nil {
		return err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the rest comes whole the next time
	j.offset += int64(len(text))
	for line := range bytes.Lines(text) {
		var e entry
		if !bytes.Contains(line, []byte("fail")) || json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Message == "step failed" || e.Message == "sweeping failed" || e.Message == "step done" && e.Step == "fail" {
			j.troubled[e.ExportID] = append(j.troubled[e.ExportID], e)
		}
	}
	return nil
}

// checkSecrets looks for secrets in everything that the service has said.
func (s *service) checkSecrets() {
	said := s.log() + s.printed.String()
	for _, secret := range s.secrets {
		if strings.Contains(said, secret) {
			s.t.Errorf("the log holds the secret %.12s…", secret)
		}
	}
}

// fast is how long a request may take while nothing is wrong with what it needs.
const fast = 5 * time.Second

// ask makes one request, without repetitions, and tells how long it took.
func (s *service) ask(method, path, key, body string, header ...string) (status int, answer http.Header, text []byte, took time.Duration, err error) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.local.BaseURL+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, 0, err
	}
	r.Header.Set("X-API-Key", key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, nil, time.Since(begun), err
	}
	defer reply.Body.Close()
	text, err = io.ReadAll(reply.Body)
	return reply.StatusCode, reply.Header, text, time.Since(begun), err
}

// others asks in the name of another account until it is told to stop, and fails the test for an answer that is late or
// is none.
func (s *service) others() (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			status, _, text, took, err := s.ask("GET", "/exports", s.local.APIKeys.OtherAccount, "")
			if err != nil || status != http.StatusOK || took > fast {
				s.t.Errorf("another account was answered %d %s after %v, %v", status, text, took, err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// show gives the export as it is, over a link that may be in trouble: it asks again for as long as that takes.
func (s *service) show(id string) *client.Export {
	s.t.Helper()
	e, err := s.api.Exports.Retrieve(s.t.Context(), id)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", id, err, s.tail())
	}
	return e
}

// until waits until what is true.
func (s *service) until(within time.Duration, what string, holds func() bool) {
	s.t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(25 * time.Millisecond) {
		if time.Since(begun) > within {
			s.t.Fatalf("after %v: not %s\n%s", within, what, s.tail())
		}
	}
}

// ended waits for the export's end.
func (s *service) ended(id string, within time.Duration) *client.Export {
	s.t.Helper()
	var e *client.Export
	s.until(within, id+" has ended", func() bool {
		e = s.show(id)
		return e.Status == "completed" || e.Status == "failed"
	})
	return e
}

// trusting is a client that trusts the authority and nobody else.
func trusting(t *testing.T, authority string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal(errors.New("the authority has no certificate"))
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true}}
}
