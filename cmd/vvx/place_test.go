package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// localFile writes what a running local service leaves for its users.
func (s *shell) localFile(name, baseURL, key string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(s.dir, name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.file(name, fmt.Sprintf(`{"base_url":%q,"tls_base_url":"https://127.0.0.1:1/api/v2","api_keys":{"admin":%q}}`, baseURL, key))
}

// TestWhereTheAPIIs tries every way to say it, and the order among them. Only the right place knows the key.
func TestWhereTheAPIIs(t *testing.T) {
	right, wrong := newAPI(t), newAPI(t)
	right.on("GET /exports", sends(200, "[]"))
	const wrongKey = "sk_test_wrong"
	for _, c := range []struct {
		name  string
		env   []string
		local map[string][2]string // file → URL and key
		args  []string
	}{
		{"variables", []string{urlVariable + "=" + right.base(), keyVariable + "=" + testKey}, nil, nil},
		{"a slash too many", []string{urlVariable + "=" + right.base() + "/", keyVariable + "=" + testKey}, nil, nil},
		{"flags", nil, nil, []string{"--base-url", right.base(), "--api-key", testKey}},
		{"flags over variables", []string{urlVariable + "=" + wrong.base(), keyVariable + "=" + wrongKey}, nil, []string{"--base-url", right.base(), "--api-key", testKey}},
		{"URL by flag, key by variable", []string{keyVariable + "=" + testKey}, nil, []string{"--base-url", right.base()}},
		{"key file", []string{urlVariable + "=" + right.base()}, nil, []string{"--api-key-file", "key.txt"}},
		{"key from standard input", []string{urlVariable + "=" + right.base()}, nil, []string{"--api-key-file", "-"}},
		{"local service", nil, map[string][2]string{".local/local.json": {right.base(), testKey}}, nil},
		{"another local service", nil, map[string][2]string{"x.json": {right.base(), testKey}, ".local/local.json": {wrong.base(), wrongKey}}, []string{"--local", "x.json"}},
		{"--local over variables", []string{urlVariable + "=" + wrong.base(), keyVariable + "=" + wrongKey}, map[string][2]string{"x.json": {right.base(), testKey}}, []string{"--local", "x.json"}},
		{"variables over the local service", []string{urlVariable + "=" + right.base(), keyVariable + "=" + testKey}, map[string][2]string{".local/local.json": {wrong.base(), wrongKey}}, nil},
		{"key by flag, URL of the local service", nil, map[string][2]string{".local/local.json": {right.base(), wrongKey}}, []string{"--api-key", testKey}},
		{"key by variable, URL of the local service", []string{keyVariable + "=" + testKey}, map[string][2]string{".local/local.json": {right.base(), wrongKey}}, nil},
		{"the local service's URL by flag", nil, map[string][2]string{".local/local.json": {right.base(), testKey}}, []string{"--base-url", right.base()}},
	} {
		s := newShell(t, "")
		s.env, s.stdin = c.env, testKey+"\n"
		s.file("key.txt", testKey+"\r\n")
		for name, l := range c.local {
			s.localFile(name, l[0], l[1])
		}
		if o := s.vvx(append([]string{"export", "list"}, c.args...)...); o.code != exitOK {
			t.Errorf("%s: ended with %d: %s", c.name, o.code, o.err)
		}
	}
	if n := len(wrong.requests()); n != 0 {
		t.Errorf("the wrong place was asked %d times", n)
	}
}

// TestTheLocalKeyStaysLocal holds when only the URL is said otherwise.
func TestTheLocalKeyStaysLocal(t *testing.T) {
	other := newAPI(t)
	for _, env := range [][]string{nil, {urlVariable + "=" + other.base()}} {
		s := newShell(t, "")
		s.env = env
		s.localFile(".local/local.json", "http://127.0.0.1:1/api/v2", testKey)
		args := []string{"export", "list"}
		if env == nil {
			args = append(args, "--base-url", other.base())
		}
		if o := s.want(exitUsage, args...); !strings.Contains(o.err, "there is no API key for "+other.base()) {
			t.Errorf("says %q", o.err)
		}
	}
	if n := len(other.requests()); n != 0 {
		t.Errorf("the other place was asked %d times", n)
	}
}

func TestMessagesSayWhatToDo(t *testing.T) {
	a := newAPI(t)
	gone := newAPI(t)
	gone.Close()
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
		says []string
	}{
		{"no key", nil, nil, exitUsage, []string{"there is no API key", keyVariable, "go run ./cmd/local"}},
		{"no local service", nil, []string{"--local", "none.json"}, exitFailed, []string{"none.json does not exist", "go run ./cmd/local"}},
		{"wrong key", []string{urlVariable + "=" + a.base(), keyVariable + "=sk_test_wrong"}, nil, exitRefused, []string{a.base() + " does not know the key from " + keyVariable, "--api-key-file"}},
		{"no server", []string{urlVariable + "=" + gone.base(), keyVariable + "=" + testKey}, nil, exitFailed, []string{"nothing answers at " + gone.base(), "from " + urlVariable, "connection refused", "--base-url"}},
		{"plain http", []string{urlVariable + "=http://exports.example.com", keyVariable + "=" + testKey}, nil, exitUsage, []string{"must be https", urlVariable}},
		{"no key file", []string{urlVariable + "=" + a.base()}, []string{"--api-key-file", "none.txt"}, exitFailed, []string{"none.txt", "no such file"}},
		{"an empty key file", []string{urlVariable + "=" + a.base()}, []string{"--api-key-file", "-"}, exitUsage, []string{"holds no secret"}},
	} {
		s := newShell(t, "")
		s.env = c.env
		o := s.vvx(append([]string{"export", "list"}, c.args...)...)
		if o.code != c.code {
			t.Errorf("%s: ended with %d, want %d", c.name, o.code, c.code)
		}
		for _, says := range c.says {
			if !strings.Contains(o.err, says) {
				t.Errorf("%s: says no %q: %s", c.name, says, o.err)
			}
		}
	}
	s := newShell(t, "")
	s.localFile(".local/local.json", gone.base(), testKey)
	if o := s.want(exitFailed, "export", "list"); !strings.Contains(o.err, "the local service has stopped") {
		t.Errorf("a local service that has stopped: %s", o.err)
	}
	s.file(".local/local.json", "{")
	if o := s.want(exitFailed, "export", "list"); !strings.Contains(o.err, "can't be read") {
		t.Errorf("a local.json that is cut: %s", o.err)
	}
}
