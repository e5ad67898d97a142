package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestOwnResults loads a small and a large run of a user's own and exports both: every record comes out byte for byte,
// and the service's memory doesn't grow with the run.
func TestOwnResults(t *testing.T) {
	s := startService(t)
	exportOwn(t, s, "run_small", 2_000)
	small := s.peakMemory()
	exportOwn(t, s, "run_large", 100_000)
	slack := int64(96 << 20)
	if raceDetector {
		slack *= 3 // it keeps a shadow of what is touched
	}
	if large := s.peakMemory(); large > small+slack {
		t.Errorf("peak memory grew from %d to %d MiB with the run", small>>20, large>>20)
	} else {
		t.Logf("peak memory: %d MiB after 2,000 records, %d MiB after 100,000", small>>20, large>>20)
	}
}

// exportOwn writes a file of records, loads it, exports it, and holds the document against the file.
func exportOwn(t *testing.T, s *service, run string, records int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), run+".ndjson")
	want := writeRecords(t, file, run, records)
	out, err := s.vvx("load-run", "--index", "idx_mine", "--run", run, file)
	if err != nil || !strings.Contains(out, fmt.Sprintf("Loaded %d records", records)) {
		t.Fatalf("load-run: %v\n%s", err, out)
	}
	id := s.create("/exports/prompt-run/"+run, "")
	e := s.await(id, 2*time.Minute)
	if e["status"] != "completed" {
		t.Fatalf("export = %v\n%s", e, s.tail())
	}
	if got := s.digestOfResults(id); got != want {
		t.Errorf("the results of %s differ from the file: digest %s, want %s", run, got, want)
	}
}

// writeRecords writes believable records, among them emoji, a string of 1 MB, and deep nesting, and gives the digest
// of its lines.
func writeRecords(t *testing.T, file, run string, records int) string {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	sum := sha256.New()
	for i := range records {
		note := "Kamera schwenkt über den Hafen 🚢 " + strings.Repeat("abc ", i%200)
		switch i % 20_000 {
		case 7:
			note = strings.Repeat("𝄞é", 175_000) // 1 MB of 4- and 2-byte characters
		case 8:
			note = ""
		}
		nested := "1"
		if i%20_000 == 9 {
			nested = strings.Repeat(`{"a":[`, 400) + "1" + strings.Repeat("]}", 400)
		}
		line := fmt.Sprintf(`{"result_type":"segment","result_id":"segment:s%d:%s","run_id":%q,"start_time":%d.50,"metadata":{"note":%q,"deep":%s},"field_extraction_succeeded":true}`,
			i, run, run, i, note, nested)
		fmt.Fprintln(io.MultiWriter(w, sum), line)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// digestOfResults downloads the document and digests its record lines, one after the other.
func (s *service) digestOfResults(id string) string {
	s.t.Helper()
	req, err := http.NewRequest("GET", s.local.BaseURL+"/exports/"+id+"/download", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-API-Key", s.local.APIKeys.Read)
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ContentLength <= 0 {
		s.t.Fatalf("download = %d, length %d", res.StatusCode, res.ContentLength)
	}
	sum := sha256.New()
	for lines := bufio.NewReaderSize(res.Body, 1<<20); ; {
		line, err := lines.ReadString('\n')
		if strings.HasPrefix(line, `{"result_type"`) {
			fmt.Fprintln(sum, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), ","))
		}
		if err == io.EOF {
			return hex.EncodeToString(sum.Sum(nil))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// vvx runs the command-line tool against the service.
func (s *service) vvx(command string, args ...string) (string, error) {
	args = append([]string{command, "--local", filepath.Join(s.dir, "local.json")}, args...)
	out, err := exec.Command(programs.vvx, args...).CombinedOutput()
	return string(out), err
}

// peakMemory is the service's largest resident set so far, in bytes.
func (s *service) peakMemory() int64 {
	s.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.local.PID))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return kib << 10
		}
	}
	s.t.Fatal("the kernel gives no VmHWM")
	return 0
}

func TestLoadRunRefusesABadLine(t *testing.T) {
	s := startService(t)
	file := filepath.Join(t.TempDir(), "bad.ndjson")
	lines := `{"result_type":"segment","result_id":"a"}` + "\n" + `{"result_type":"segment","result_id":` + "\n"
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := s.vvx("load-run", "--index", "idx_bad", "--run", "run_bad", file)
	if err == nil || !strings.Contains(out, "bad.ndjson, line 2") {
		t.Errorf("load-run: %v\n%s", err, out)
	}
	r := s.call("POST", "/exports/prompt-run/run_bad", s.local.APIKeys.Write, "")
	if e := r.json(t)["error"].(map[string]any); r.status != http.StatusNotFound || e["code"] != "prompt_run_not_found" {
		t.Errorf("after a refused load the run answers %d %s", r.status, r.body)
	}
	var listed []json.RawMessage
	if err := json.Unmarshal(s.call("GET", "/exports", s.local.APIKeys.Read, "").body, &listed); err != nil || len(listed) != 0 {
		t.Errorf("exports = %s, %v", listed, err)
	}
}
