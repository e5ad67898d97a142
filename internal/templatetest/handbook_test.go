package templatetest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/metrics"
)

var (
	shell = regexp.MustCompile("(?s)\n```sh\n(.*?)```")
	query = regexp.MustCompile(`insights "([^'\n]+)" '([^']+)'`)
	field = regexp.MustCompile("`(_?[a-z_]+)`")
)

// TestCommandsParse: what the handbook offers to paste is shell.
func TestCommandsParse(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Fatal("bash is missing")
	}
	blocks := shell.FindAllStringSubmatch(handbookText(t), -1)
	if len(blocks) < 20 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	for _, b := range blocks {
		cmd := exec.CommandContext(t.Context(), "bash", "-n")
		cmd.Stdin = strings.NewReader(b[1])
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, b[1])
		}
	}
}

func handbookText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fields are those that the handbook lists of functions' logs.
func fields(t *testing.T) []string {
	t.Helper()
	_, rest, _ := strings.Cut(handbookText(t), "\n### Fields of the logs\n")
	rest, _, ok := strings.Cut(rest, "\n### ")
	if !ok {
		t.Fatal("the handbook has no fields")
	}
	var names []string
	for line := range strings.Lines(rest) {
		if first, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok {
			for _, m := range field.FindAllStringSubmatch(first, -1) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

// TestFieldsAreListed: no function writes a field that the handbook doesn't list.
func TestFieldsAreListed(t *testing.T) {
	var log bytes.Buffer
	runEverything(t, &ledger{calls: map[string]map[call]bool{}, log: slog.New(slog.NewJSONHandler(&log, nil))})
	listed, lines := fields(t), 0
	for line := range strings.Lines(log.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		lines++
		for name := range l {
			if !slices.Contains(listed, name) && !ofMetrics(name) {
				t.Errorf("%s is not listed, and stands in %s", name, line)
			}
		}
	}
	if lines < 100 {
		t.Errorf("%d lines show nothing", lines)
	}
}

func ofMetrics(name string) bool {
	return slices.ContainsFunc(metrics.All, func(m metrics.Metric) bool { return name == m.Name || name == m.By })
}

// TestQueriesAskForWhatIsThere: every name in a query is a field of the log that it goes through, a metric, or one that the
// query makes itself.
func TestQueriesAskForWhatIsThere(t *testing.T) {
	var api struct{ AccessLogSetting struct{ Format string } }
	if err := json.Unmarshal(load(t).Resources["Api"].Properties, &api); err != nil {
		t.Fatal(err)
	}
	var access map[string]string
	if err := json.Unmarshal([]byte(api.AccessLogSetting.Format), &access); err != nil {
		t.Fatal(err)
	}
	queries := query.FindAllStringSubmatch(handbookText(t), -1)
	if len(queries) < 20 {
		t.Fatalf("%d queries", len(queries))
	}
	ours := fields(t)
	for _, q := range queries {
		for _, name := range names(q[2]) {
			var known bool
			switch {
			case strings.Contains(q[1], "/aws/apigateway/"):
				known = access[name] != ""
			case strings.Contains(q[1], "/aws/vendedlogs/"):
				known = name == "type" || name == "details.error" // Step Functions' own
			default:
				known = slices.Contains(ours, name) || ofMetrics(name)
			}
			if !known {
				t.Errorf("%s is no field of %s: %s", name, q[1], q[2])
			}
		}
	}
}

var (
	literal = regexp.MustCompile(`"[^"]*"|/[^/]*/`)
	made    = regexp.MustCompile(`\bas (\w+)`)
	word    = regexp.MustCompile(`@?[A-Za-z_][\w.]*`)
	spoken  = strings.Fields(`fields filter stats sort limit by as asc desc and or like not in count sum min max pct latest earliest
		count_distinct ispresent`)
)

// names are the fields that the query asks for.
func names(query string) (asked []string) {
	query = literal.ReplaceAllString(query, "")
	var own []string
	for _, m := range made.FindAllStringSubmatch(query, -1) {
		own = append(own, m[1])
	}
	for _, w := range word.FindAllString(query, -1) {
		if !slices.Contains(spoken, w) && !slices.Contains(own, w) && !strings.HasPrefix(w, "@") { // @ is Logs Insights' own
			asked = append(asked, w)
		}
	}
	return asked
}
