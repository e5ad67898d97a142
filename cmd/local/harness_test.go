package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/emulator"
)

// programs are the two commands under test, built once for all tests of the package, with the race detector if the tests
// have it.
var programs struct{ local, vvx string }

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vve-local-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for name, to := range map[string]*string{"local": &programs.local, "vvx": &programs.vvx} {
		*to = filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", fmt.Sprintf("-race=%t", raceDetector), "-o", *to, "../"+name).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building %s: %v\n%s", name, err, out)
			return 1
		}
	}
	defer endBrowser()
	return m.Run()
}

// service is a running local service, a process of its own.
type service struct {
	t     *testing.T
	dir   string
	flags []string
	cmd   *exec.Cmd
	out   *emulator.Log
	local localJSON
	http  *http.Client // trusts the service's authority
	ready time.Duration
}

// startService starts a service over a fresh folder and waits until it is ready; it ends with the test.
func startService(t *testing.T, flags ...string) *service {
	t.Helper()
	s := &service{t: t, dir: t.TempDir(), flags: flags}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// startPatience is for -real-bootstrap, which compiles every function first.
const startPatience = 5 * time.Minute

func (s *service) start() {
	s.t.Helper()
	args := append([]string{"-addr", "127.0.0.1:0", "-tls-addr", "127.0.0.1:0", "-data", s.dir}, s.flags...)
	s.out = &emulator.Log{}
	s.cmd = exec.Command(programs.local, args...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for !s.readLocal() {
		if time.Since(began) > startPatience || s.cmd.Process.Signal(syscall.Signal(0)) != nil {
			s.kill()
			s.t.Fatalf("the service did not get ready:\n%s", s.out.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.ready = time.Since(began)
	s.trust()
}

// readLocal reads local.json if this process has written it.
func (s *service) readLocal() bool {
	raw, err := os.ReadFile(filepath.Join(s.dir, "local.json"))
	return err == nil && json.Unmarshal(raw, &s.local) == nil && s.local.PID == s.cmd.Process.Pid
}

func (s *service) trust() {
	pem, err := os.ReadFile(s.local.CAFile)
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	s.http = &http.Client{
		Timeout:       2 * time.Minute,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// kill is the plug being pulled.
func (s *service) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill() // it may have ended by itself
		_ = s.cmd.Wait()         // "killed" is what we asked for
		s.checkRaces()
	}
}

// checkRaces fails the test if the process, which has ended, saw a data race.
func (s *service) checkRaces() {
	s.t.Helper()
	if strings.Contains(s.out.String(), "DATA RACE") {
		s.t.Errorf("a data race:\n%s", s.out.String())
	}
}

// stop is Ctrl-C; it fails the test if the process doesn't end well.
func (s *service) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("after Ctrl-C: %v\n%s", err, s.out.String())
	}
}

// reply is an HTTP answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call makes one request with a key; body "" sends none.
func (s *service) call(method, path, key, body string, header ...string) reply {
	s.t.Helper()
	r, err := s.tryCall(method, path, key, body, header...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (s *service) tryCall(method, path, key, body string, header ...string) (reply, error) {
	url := path
	if strings.HasPrefix(path, "/") {
		url = s.local.BaseURL + path
	}
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, url, content)
	if err != nil {
		return reply{}, err
	}
	if key != "" {
		req.Header.Set("X-API-Key", key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := s.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, raw}, err
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("status %d, not a JSON object: %s", r.status, r.body)
	}
	return v
}

// create makes an export and gives its id.
func (s *service) create(path, body string, header ...string) string {
	s.t.Helper()
	r := s.call("POST", path, s.local.APIKeys.Write, body, header...)
	if r.status != http.StatusAccepted {
		s.t.Fatalf("POST %s: %d %s", path, r.status, r.body)
	}
	return r.json(s.t)["export_id"].(string)
}

// await polls the export until it is terminal.
func (s *service) await(id string, within time.Duration) map[string]any {
	s.t.Helper()
	deadline := time.Now().Add(within)
	for {
		e := s.call("GET", "/exports/"+id, s.local.APIKeys.Read, "").json(s.t)
		if e["status"] == "completed" || e["status"] == "failed" {
			return e
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s is %v/%v after %s: %v\n%s", id, e["status"], e["queue_status"], within, e, s.tail())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tail is the end of the service's log, for failures.
func (s *service) tail() string {
	raw, _ := os.ReadFile(filepath.Join(s.dir, "local.log"))
	if len(raw) > 4000 {
		raw = raw[len(raw)-4000:]
	}
	return s.out.String() + string(raw)
}

func (s *service) s3() *s3.Client {
	return s3.New(s3.Options{
		Region: s.local.S3Region, BaseEndpoint: aws.String(s.local.S3Endpoint), UsePathStyle: true,
		HTTPClient:  s.http, // one for all calls: the S3 takes so many connections and no more
		Credentials: credentials.NewStaticCredentialsProvider(s.local.S3AccessKeyID, s.local.S3SecretAccessKey, ""),
	})
}

// object reads s3://bucket/key from the embedded S3.
func (s *service) object(uri string) []byte {
	s.t.Helper()
	bucket, key, ok := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	if !ok {
		s.t.Fatalf("%q is no s3 address", uri)
	}
	out, err := s.s3().GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		s.t.Fatalf("%s: %v", uri, err)
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// keys lists every key of a bucket under a prefix.
func (s *service) keys(bucket, prefix string) []string {
	s.t.Helper()
	var all []string
	pages := s3.NewListObjectsV2Paginator(s.s3(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, o := range page.Contents {
			all = append(all, *o.Key)
		}
	}
	return all
}

// manifest is what the tests check of a manifest file.
type manifest struct {
	Files []struct {
		Name   string `json:"name"`
		Bytes  int64  `json:"bytes"`
		Rows   int64  `json:"rows"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// document is what the tests check of an exported document.
type document struct {
	Kind    string `json:"kind"`
	Results []struct {
		ResultID string `json:"result_id"`
		RunID    string `json:"run_id"`
	} `json:"results"`
	Counts map[string]int64 `json:"counts"`
}

// checkDocument holds a document against its manifest and against the results that it must hold, each exactly once.
func checkDocument(t *testing.T, doc, manifestFile []byte, rows int) {
	t.Helper()
	var m manifest
	if err := json.Unmarshal(manifestFile, &m); err != nil || len(m.Files) != 1 {
		t.Fatalf("manifest: %v\n%s", err, manifestFile)
	}
	sum := sha256.Sum256(doc)
	if f := m.Files[0]; f.SHA256 != hex.EncodeToString(sum[:]) || f.Bytes != int64(len(doc)) || f.Rows != int64(rows) {
		t.Errorf("the manifest says %+v of %d bytes, %d rows, SHA-256 %x", f, len(doc), rows, sum)
	}
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatalf("the document is not valid JSON: %v", err)
	}
	seen := map[string]bool{}
	for _, r := range d.Results {
		if seen[r.ResultID] {
			t.Errorf("%s is there twice", r.ResultID)
		}
		seen[r.ResultID] = true
	}
	if len(seen) != rows || d.Counts["results"] != int64(rows) || d.Kind != "videovector.export" {
		t.Errorf("kind %q, %d distinct results, counts %v; want %d", d.Kind, len(seen), d.Counts, rows)
	}
}
