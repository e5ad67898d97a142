package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

var update = flag.Bool("update", false, "write the replies into the scripts")

// TestScripts plays the conversations of testdata/*.txtar, each over a fresh world. A file of a script is a request, the
// reply to the request before it, or a "do", whose lines say what happens meanwhile. A request's first line is method
// and path, headers follow, then a blank line and the body; "key: NAME" sends that API key. "form: BOUNDARY" sends the
// body's lines, NAME=VALUE or NAME=@FILE, as the parts of a form. ${next} is the target of
// the last Link header, ${cursor} its cursor, ${download} the path and query of the last minted link. A reply is written without what all
// have in common: X-Request-ID, Content-Type: application/json and Cache-Control: no-store.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("scripts: %v, %v", names, err)
	}
	played := 0
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			play(t, name)
			played++
		})
	}
	if played == len(names) {
		describe(t).checkSeen(t)
	}
}

func play(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{world: newWorld(t), vars: map[string]string{}}
	var reply string
	for i := range archive.Files {
		f := &archive.Files[i]
		kind, title, _ := strings.Cut(f.Name, ":")
		switch kind {
		case "do":
			s.do(string(f.Data))
		case "request":
			reply = s.request(string(f.Data))
			if i+1 == len(archive.Files) || archive.Files[i+1].Name != "reply" {
				t.Errorf("%s has no reply", title)
			}
		case "reply":
			if *update {
				f.Data = []byte(reply)
			} else if diff := cmp.Diff(string(f.Data), reply); diff != "" {
				t.Errorf("%s (-want +got):\n%s", archive.Files[i-1].Name, diff)
			}
		default:
			t.Fatalf("unknown file %q", f.Name)
		}
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, secret := range append(slices.Collect(maps.Values(keys)), s.vars["token"]) {
		if secret != "" && strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds a secret:\n%s", s.log.String())
		}
	}
}

type script struct {
	*world
	vars map[string]string
}

// do carries out lines like "complete exp_1".
func (s *script) do(lines string) {
	s.t.Helper()
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		arg := strings.Join(words[1:], " ")
		switch words[0] {
		case "complete":
			s.complete(arg)
		case "claim":
			s.change(arg, func(e export.Export) export.Export { return e.Claim(s.now) })
		case "fail":
			s.change(arg, func(e export.Export) export.Export {
				return e.Claim(s.now).Fail(export.Failure{Message: "The bucket does not exist.", Permanent: true}, s.now)
			})
		case "delete":
			s.must(s.artifacts.Delete(s.t.Context(), arg))
		case "wait":
			d, err := time.ParseDuration(arg)
			s.must(err)
			s.now = s.now.Add(d)
		case "deliveries":
			s.putDeliveries(arg)
		case "disable":
			h, err := s.store.Webhook(s.t.Context(), "acct", arg)
			s.must(err)
			h.Status, h.FailureCount, h.LastFailureAt = webhook.Disabled, webhook.DisableAfter, s.now
			_, err = s.store.SaveWebhook(s.t.Context(), h, h.Revision)
			s.must(err)
		case "place":
			s.customer.Place(arg, []byte("content"))
		case "deny": // "deny Create", "deny nothing"
			s.customer.SetHook(func(c memconn.Call) (error, error) {
				if c.Method != arg {
					return nil, nil
				}
				return fault.New(fault.Invalid, "destination_access_denied", "The connector's key may not do that: it needs permission."), nil
			})
		case "break":
			switch arg {
			case "targets":
				s.openErr = fault.New(fault.Unavailable, "key_unavailable", "The key of the connector's credentials could not be used just now.")
			case "sealing":
				s.sealErr = errDown
			case "start":
				s.startErr = errDown
			case "links":
				s.linkErr = errDown
			case "store":
				s.storeErr = store.Broken(errDown)
			case "busy":
				s.storeErr = store.Busy(errDown)
			case "nothing":
				s.startErr, s.linkErr, s.storeErr, s.openErr, s.sealErr = nil, nil, nil, nil, nil
			default:
				s.t.Fatalf("break what? %q", arg)
			}
		case "started":
			if got := strings.Join(s.started, " "); got != arg {
				s.t.Errorf("started %q, want %q", got, arg)
			}
		default:
			s.t.Fatalf("unknown line %q", line)
		}
	}
}

var variable = regexp.MustCompile(`\$\{(\w+)}`)

// request sends a request of a script and writes down the reply.
func (s *script) request(text string) string {
	s.t.Helper()
	text = variable.ReplaceAllStringFunc(text, func(name string) string { return s.vars[strings.Trim(name, "${}")] })
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r, err := http.NewRequestWithContext(s.t.Context(), method, "https://api.example.com"+target, nil)
	s.must(err)
	content := []byte(strings.TrimSuffix(body, "\n"))
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			s.t.Fatalf("header %q", line)
		}
		if name == "key" {
			name, value = "X-API-Key", keys[value]
		}
		if name == "bearer" {
			name, value = "Authorization", "Bearer "+keys[value]
		}
		if name == "form" {
			content = form(s.t, value, string(content))
			name, value = "Content-Type", "multipart/form-data; boundary="+value
		}
		r.Header.Add(name, value)
	}
	return s.write(s.send(r, content))
}

// form is a multipart body of the lines.
func form(t testing.TB, boundary, lines string) []byte {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	if err := parts.SetBoundary(boundary); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		var err error
		if file, ok := strings.CutPrefix(value, "@"); ok {
			var part io.Writer
			if part, err = parts.CreateFormFile(name, "key.json"); err == nil {
				_, err = part.Write(files(t)[file])
			}
		} else {
			err = parts.WriteField(name, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

// files are what scripts send as files: key files of a service account, and what is none.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"key": keyFile(t, googleToken, "key-1"), "other": keyFile(t, googleToken, "key-2"), "elsewhere": keyFile(t, "https://169.254.169.254/token", "key-1"),
		"empty": nil, "large": bytes.Repeat([]byte(" "), 65_537), "text": []byte("no key"),
	}
}

var (
	linkTarget = regexp.MustCompile(`<([^>]+)>; rel="next"`)
	minted     = regexp.MustCompile(`https://api\.example\.com(/[^"?]+\?token=([^"]+))`)
	cursor     = regexp.MustCompile(`cursor=[^&>]+`)
)

// write is the reply as scripts have it, with what is different each time replaced.
func (s *script) write(reply *http.Response) string {
	s.t.Helper()
	raw, err := io.ReadAll(reply.Body)
	s.must(err)
	if m := linkTarget.FindStringSubmatch(reply.Header.Get("Link")); m != nil {
		s.vars["next"], s.vars["cursor"] = m[1], strings.TrimPrefix(cursor.FindString(m[1]), "cursor=")
	}
	if m := minted.FindSubmatch(raw); m != nil {
		s.vars["download"], s.vars["token"] = string(m[1]), string(m[2])
		raw = bytes.ReplaceAll(raw, m[2], []byte("TOKEN"))
	}
	var b strings.Builder
	fmt.Fprintln(&b, reply.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(reply.Header)) {
		line := name + ": " + strings.Join(reply.Header[name], ", ")
		if name != "X-Request-Id" && line != "Content-Type: application/json" && line != "Cache-Control: no-store" {
			fmt.Fprintln(&b, cursor.ReplaceAllString(line, "cursor=CURSOR"))
		}
	}
	if len(raw) > 0 {
		b.WriteString("\n" + indent(raw) + "\n")
	}
	return b.String()
}

func indent(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return fmt.Sprintf("not JSON: %q", raw)
	}
	return out.String()
}
