package main

import (
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const theSecret = "wJalrXUtnFEMI/K7MDENG"

func connectorJSON(provider string) string {
	return fmt.Sprintf(`{"connector_id":"conn_1","name":"Review\u001b[2J","provider":%q,"status":"active","scopes":["export"],"import_mode":"all","export_base_path":"vv","bucket":"b","region":"r","storage_account":null,"container":null,"gcp_project_id":null,"created_at":"2026-03-02T09:30:00.000Z","updated_at":null,"last_tested_at":null,"last_test_result":null,"last_test_error":null,"new":1}`, provider)
}

// secretly are the ways to hand a secret over: none of them is an argument.
var secretly = map[string]func(s *shell, flag string) []string{
	"a file": func(s *shell, flag string) []string {
		s.file("secret.txt", theSecret+"\n")
		return []string{flag, "secret.txt"}
	},
	"standard input": func(s *shell, flag string) []string { s.stdin = theSecret + "\n"; return []string{flag, "-"} },
	"the environment": func(s *shell, _ string) []string {
		s.env = append(s.env, secretVariable+"="+theSecret)
		return nil
	},
}

func TestCreateConnector(t *testing.T) {
	common := []string{"--name", "Review", "--scope", "import", "--scope", "export", "--base-path", "vv", "--import-mode", "new_only", "--idempotency-key", "k"}
	const commonJSON = `"name":"Review","scopes":["import","export"],"export_base_path":"vv","import_mode":"new_only",`
	for _, c := range []struct {
		provider, flag string
		args           []string
		body           string
	}{
		{"s3", "--secret-file", []string{"--bucket", "b", "--region", "r", "--access-key-id", "AKIA"},
			`{` + commonJSON + `"bucket":"b","region":"r","aws_access_key_id":"AKIA","aws_secret_access_key":"` + theSecret + `"}`},
		{"azure", "--secret-file", []string{"--storage-account", "a", "--container", "c", "--tenant-id", "t", "--client-id", "i"},
			`{` + commonJSON + `"storage_account":"a","container":"c","tenant_id":"t","client_id":"i","client_secret":"` + theSecret + `"}`},
	} {
		for way, hand := range secretly {
			a := newAPI(t)
			a.on("POST /connectors/"+c.provider, fails(503, "service_unavailable"), sends(201, connectorJSON(c.provider)))
			s := newShell(t, a.base())
			args := slices.Concat([]string{"connector", "create", c.provider}, common, c.args, hand(s, c.flag))
			o := s.want(exitOK, args...)
			if !strings.Contains(o.out, "connector    conn_1\n") || !strings.Contains(o.out, "Review\ufffd[2J") || strings.Contains(o.out+o.err, theSecret) {
				t.Errorf("%s by %s printed %q and %q", c.provider, way, o.out, o.err)
			}
			for _, r := range a.requests() {
				if r.body != c.body || r.header.Get("Idempotency-Key") != "k" {
					t.Errorf("%s by %s sent %s, want %s", c.provider, way, r.body, c.body)
				}
			}
		}
	}
}

func TestCreateConnectorByRole(t *testing.T) {
	a := newAPI(t)
	a.on("POST /connectors/s3", sends(201, connectorJSON("s3")))
	s := newShell(t, a.base())
	s.env = append(s.env, secretVariable+"="+theSecret)
	v := s.want(exitOK, "connector", "create", "s3", "--name", "R", "--bucket", "b", "--region", "r", "--role-arn", "arn:aws:iam::1:role/x", "--json").values(t)
	if len(v) != 1 || v[0]["new"] != 1.0 {
		t.Errorf("printed %v", v)
	}
	if got, want := a.requests()[0].body, `{"name":"R","bucket":"b","region":"r","role_arn":"arn:aws:iam::1:role/x"}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func TestCreateGCSConnector(t *testing.T) {
	for way, hand := range secretly {
		a := newAPI(t)
		a.on("POST /connectors/gcs", sends(201, connectorJSON("gcs")))
		s := newShell(t, a.base())
		args := append([]string{"connector", "create", "gcs", "--name", "Review", "--bucket", "b", "--project", "p", "--scope", "import", "--scope", "export"}, hand(s, "--credentials-file")...)
		if o := s.want(exitOK, args...); strings.Contains(o.out+o.err, theSecret) {
			t.Errorf("the secret by %s is shown", way)
		}
		r := a.requests()[0]
		_, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		form, err := multipart.NewReader(strings.NewReader(r.body), params["boundary"]).ReadForm(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if v := form.Value; v["name"][0] != "Review" || v["gcp_project_id"][0] != "p" || !slices.Equal(v["scopes"], []string{"import", "export"}) || form.File["credentials_file"][0].Size != int64(len(theSecret)) {
			t.Errorf("the form by %s: %v, %v", way, v, form.File)
		}
	}
}

func TestConnectorsAreRefusedBeforeTheyAreSent(t *testing.T) {
	a := newAPI(t)
	s := newShell(t, a.base())
	s.file("large.txt", strings.Repeat("x", 64<<10+1))
	s3 := []string{"connector", "create", "s3", "--name", "R", "--bucket", "b", "--region", "r"}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{s3, exitUsage, "--access-key-id or --role-arn"},
		{append(s3, "--access-key-id", "A", "--role-arn", "arn"), exitUsage, "--access-key-id or --role-arn"},
		{append(s3, "--access-key-id", "A"), exitUsage, secretVariable},
		{append(s3, "--access-key-id", "A", "--secret-file", "-"), exitUsage, "holds no secret"},
		{append(s3, "--access-key-id", "A", "--secret-file", "large.txt"), exitUsage, "65536 bytes"},
		{append(s3, "--access-key-id", "A", "--secret-file", "none.txt"), exitFailed, "no such file"},
		{s3[:5], exitUsage, "bucket"},
		{[]string{"connector", "create", "azure", "--name", "R"}, exitUsage, "container"},
		{[]string{"connector", "update", "conn_1"}, exitUsage, "nothing to change"},
	} {
		if o := s.want(c.code, c.args...); !strings.Contains(o.err, c.says) {
			t.Errorf("%v says %q, want %q", c.args, o.err, c.says)
		}
	}
	if n := len(a.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestUpdateConnector(t *testing.T) {
	for _, c := range []struct {
		provider string
		args     []string
		body     string
	}{
		{"s3", []string{"--name", "New", "--base-path", "", "--scope", "export"}, `{"name":"New","scopes":["export"],"export_base_path":""}`},
		{"s3", []string{"--access-key-id", "AKIA", "--secret-file", "-"}, `{"aws_access_key_id":"AKIA","aws_secret_access_key":"` + theSecret + `"}`},
		{"azure", []string{"--secret-file", "-"}, `{"client_secret":"` + theSecret + `"}`},
		{"gcs", []string{"--import-mode", "all", "--secret-file", "-"}, `{"import_mode":"all","credentials_file":"` + theSecret + `"}`},
	} {
		a := newAPI(t)
		a.on("GET /connectors/conn_1", sends(200, connectorJSON(c.provider)))
		a.on("PATCH /connectors/conn_1", sends(200, connectorJSON(c.provider)))
		s := newShell(t, a.base())
		s.stdin = theSecret + "\n"
		s.want(exitOK, append([]string{"connector", "update", "conn_1"}, c.args...)...)
		if r := a.requests(); r[len(r)-1].method != http.MethodPatch || r[len(r)-1].body != c.body {
			t.Errorf("%v sent %+v, want %s", c.args, r[len(r)-1], c.body)
		}
	}
	a := newAPI(t)
	a.on("GET /connectors/conn_1", sends(200, connectorJSON("ftp")))
	s := newShell(t, a.base())
	s.stdin = theSecret
	s.want(exitUsage, "connector", "update", "conn_1", "--secret-file", "-")
}

func TestConnectorCommands(t *testing.T) {
	a := newAPI(t)
	file := `{"path":"a/b.mp4","name":"b.mp4","size_bytes":1500,"last_modified":"2026-03-02T09:30:00Z","content_type":null,"extension":"mp4"}`
	a.on("GET /connectors", sends(200, "["+connectorJSON("s3")+"]"))
	a.on("GET /connectors/conn_1", sends(200, connectorJSON("s3")))
	a.on("POST /connectors/conn_1/test", sends(200, `{"success":true,"error_message":null}`))
	a.on("POST /connectors/conn_2/test", sends(200, `{"success":false,"error_message":"no such bucket"}`))
	a.on("POST /connectors/conn_1/browse", sends(200, "["+file+","+file+"]"))
	a.on("DELETE /connectors/conn_1", sends(200, `{"message":"gone"}`))
	a.on("DELETE /connectors/conn_2", fails(404, "connector_not_found"))
	s := newShell(t, a.base())
	for _, c := range []struct {
		args   []string
		code   int
		says   string
		values int // of --json
	}{
		{[]string{"list"}, exitOK, "conn_1", 1},
		{[]string{"get", "conn_1"}, exitOK, "base path    vv", 1},
		{[]string{"test", "conn_1"}, exitOK, "conn_1 works", 1},
		{[]string{"test", "conn_2"}, exitFailed, "connector conn_2 does not work: no such bucket", 1},
		{[]string{"browse", "conn_1", "--prefix", "a/", "--pattern", "*.mp4", "--recursive=false", "--limit", "2"}, exitOK, "a/b.mp4  1.5 kB", 2},
		{[]string{"delete", "conn_1"}, exitOK, "conn_1 is removed", 1},
		{[]string{"delete", "conn_2"}, exitNotFound, "connector_not_found", 0},
	} {
		args := append([]string{"connector"}, c.args...)
		if o := s.want(c.code, args...); !strings.Contains(o.out+o.err, c.says) {
			t.Errorf("%v printed %q and %q, want %q", c.args, o.out, o.err, c.says)
		}
		if v := s.want(c.code, append(args, "--json")...).values(t); len(v) != c.values {
			t.Errorf("%v --json printed %v", c.args, v)
		}
	}
	for _, r := range a.requests() {
		if strings.HasSuffix(r.path, "/browse") && r.body != `{"prefix":"a/","pattern":"*.mp4","recursive":false,"limit":2}` {
			t.Errorf("browse sent %s", r.body)
		}
	}
}
