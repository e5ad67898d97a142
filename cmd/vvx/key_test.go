package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/store/dynamostore"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

// issue makes a key and gives it with its id.
func (s *shell) issue(args ...string) (key, id string) {
	s.t.Helper()
	o := s.want(exitOK, append(args, "--json")...)
	v := o.values(s.t)
	if len(v) != 1 || !strings.Contains(o.err, "only time") {
		s.t.Fatalf("printed %q and %q", o.out, o.err)
	}
	key, _ = v[0]["key"].(string)
	id, _ = v[0]["key_id"].(string)
	if !strings.HasPrefix(key, "sk_live_") || !strings.HasPrefix(id, "key_") || strings.Contains(o.err, key) {
		s.t.Fatalf("made %v", v[0])
	}
	return key, id
}

// listed are the account's keys by id, and what list says of them. No list shows a key or a hash.
func (s *shell) listed(args ...string) map[string]map[string]any {
	s.t.Helper()
	o := s.want(exitOK, append([]string{"key", "list", "--json"}, args...)...)
	if strings.Contains(o.out, "sk_") || strings.Contains(o.out, "hash") {
		s.t.Errorf("list shows more than it may:\n%s", o.out)
	}
	all := map[string]map[string]any{}
	for _, v := range o.values(s.t) {
		all[v["key_id"].(string)] = v
	}
	return all
}

// TestKeysOfTheLocalService: what is done to a key counts for the running service at once.
func TestKeysOfTheLocalService(t *testing.T) {
	s := startLocal(t)
	tries := func(code int, key string) {
		t.Helper()
		s.file("key.txt", key)
		s.want(code, "export", "list", "--api-key-file", "key.txt")
	}
	key, id := s.issue("key", "create", "--user", "user_7", "--scope", "read")
	tries(exitOK, key)
	all := s.listed()
	if v := all[id]; v["scope"] != "read" || v["user_id"] != "user_7" || v["created_at"] == nil || v["revoked_at"] != nil {
		t.Errorf("listed %v", v)
	}
	if all["key_local_admin"] == nil {
		t.Errorf("the service's own keys are not listed: %v", all)
	}
	if o := s.want(exitOK, "key", "list"); !strings.Contains(o.out, id) || !strings.HasPrefix(o.out, "KEY ") {
		t.Errorf("list printed:\n%s", o.out)
	}

	next, nextID := s.issue("key", "rotate", id)
	tries(exitOK, key)
	tries(exitOK, next)
	if v := s.listed(); v[id]["revoked_at"] == nil || v[nextID]["scope"] != "read" || v[nextID]["user_id"] != "user_7" {
		t.Errorf("after the rotation: %v, %v", v[id], v[nextID])
	}
	third, _ := s.issue("key", "rotate", nextID, "--grace", "0")
	tries(exitRefused, next)
	tries(exitOK, third)
	s.want(exitFailed, "key", "rotate", nextID)

	for range 2 {
		if o := s.want(exitOK, "key", "revoke", id); !strings.Contains(o.out, id) || strings.Contains(o.out, "sk_") {
			t.Errorf("revoke printed %q", o.out)
		}
		tries(exitRefused, key)
	}
	s.want(exitOK, "key", "adopt")
	s.want(exitNotFound, "key", "revoke", "key_nobody")
	s.want(exitNotFound, "key", "rotate", "key_nobody")
	s.want(exitFailed, "key", "create", "--scope", "owner")
	s.want(exitFailed, "key", "rotate", nextID, "--grace", "721h")
	s.want(exitUsage, "key", "create")
	s.want(exitUsage, "key")
	s.want(exitUsage, "key", "list", "--table", "t", "--local", ".local/local.json")
}

// TestKeysOfATable works on a table as on a deployed one: found by its name and the AWS CLI's variables.
func TestKeysOfATable(t *testing.T) {
	endpoint := dynamolocal.Start(t)
	if err := dynamostore.CreateTable(t.Context(), dynamolocal.Client(endpoint), "keys-of-vvx"); err != nil {
		t.Fatal(err)
	}
	s := newShell(t, "")
	s.want(exitUsage, "key", "list", "--account", "acct") // neither a table nor a local service
	s.want(exitUsage, "key", "list", "--account", "acct", "--table", "keys-of-vvx")
	s.env = append(s.env, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=secret", "AWS_ENDPOINT_URL_DYNAMODB="+endpoint)
	at := []string{"key", "--table", "keys-of-vvx"}
	s.want(exitUsage, append(at, "list")...)

	_, id := s.issue(append(at, "create", "--account", "acct", "--scope", "admin")...)
	_, next := s.issue(append(at, "rotate", id, "--grace", "1h")...)
	s.want(exitOK, append(at, "revoke", next)...)
	v := s.listed("--table", "keys-of-vvx", "--account", "acct")
	if len(v) != 2 || v[id]["revoked_at"] == nil || v[next]["revoked_at"] == nil {
		t.Errorf("listed %v", v)
	}
	if v := s.listed("--table", "keys-of-vvx", "--account", "acct_other"); len(v) != 0 {
		t.Errorf("another account's: %v", v)
	}
	s.want(exitOK, append(at, "adopt")...)
	if o := s.want(exitFailed, "key", "list", "--account", "acct", "--table", "no-such-table"); !strings.Contains(o.err, "no-such-table in us-east-1") || !strings.Contains(o.err, "ResourceNotFound") {
		t.Errorf("a wrong table: %s", o.err)
	}
}

// TestKeysInAUsagePlan: the account is in the plan before its key is shown, and no key is made if it can't be.
func TestKeysInAUsagePlan(t *testing.T) {
	s := startLocal(t)
	var calls []string
	status := http.StatusCreated
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Method+" "+r.URL.Path)
		w.WriteHeader(status)
		fmt.Fprint(w, `{"id":"id1","message":"no"}`)
	}))
	t.Cleanup(gateway.Close)
	s.want(exitUsage, "key", "enroll", "--account", "acct_1", "--usage-plan", "plan_1") // no region
	s.env = append(s.env, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=secret", "AWS_ENDPOINT_URL_API_GATEWAY="+gateway.URL)
	if o := s.want(exitOK, "key", "enroll", "--account", "acct_1", "--usage-plan", "plan_1"); !strings.Contains(o.out, "plan_1") {
		t.Errorf("enroll printed %q", o.out)
	}
	if diff := cmp.Diff([]string{"POST /apikeys", "POST /usageplans/plan_1/keys"}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.issue("key", "create", "--scope", "read", "--usage-plan", "plan_1")
	if len(calls) != 4 {
		t.Errorf("creating a key in a plan called %v", calls)
	}
	before := len(s.listed())
	status = http.StatusForbidden
	s.want(exitFailed, "key", "create", "--scope", "read", "--usage-plan", "plan_1")
	s.want(exitFailed, "key", "enroll", "--account", "acct_1", "--usage-plan", "plan_1")
	s.want(exitFailed, "key", "enroll", "--account", "a#b", "--usage-plan", "plan_1")
	s.want(exitUsage, "key", "enroll", "--account", "acct_1", "--usage-plan", "plan_1", "--local", ".local/local.json")
	if after := len(s.listed()); after != before {
		t.Errorf("%d keys became %d", before, after)
	}
}
