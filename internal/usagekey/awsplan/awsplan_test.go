package awsplan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/usagekey"
	"github.com/videovector/exports/internal/usagekey/awsplan"
)

// gateway is API Gateway, as far as its documentation says what becomes of keys and plans. It answers lists by pages of
// one, and loses the replies to the calls that it is told to.
type gateway struct {
	t     *testing.T
	mu    sync.Mutex
	keys  []map[string]any
	plans map[string]map[string]bool // ids of keys; both plans are of one stage
	lose  map[string]int             // by method and first element of the path
}

func newGateway(t *testing.T) (*gateway, *apigateway.Client) {
	t.Helper()
	g := &gateway{t: t, plans: map[string]map[string]bool{"plan_1": {}, "plan_2": {}}, lose: map[string]int{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, apigateway.New(apigateway.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""), Retryer: aws.NopRetryer{},
	})
}

func refuse(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":"%s"}`, kind)
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	rec := httptest.NewRecorder()
	g.answer(rec, r, path)
	if call := r.Method + " " + path[0]; g.lose[call] > 0 {
		g.lose[call]--
		panic(http.ErrAbortHandler)
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func (g *gateway) answer(w http.ResponseWriter, r *http.Request, path []string) {
	var in map[string]any
	_ = json.NewDecoder(r.Body).Decode(&in) // reads have none
	send := func(status int, v any) {
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			g.t.Error(err)
		}
	}
	switch {
	case r.Method == "POST" && path[0] == "apikeys":
		for _, k := range g.keys {
			if k["value"] == in["value"] {
				refuse(w, 409, "ConflictException")
				return
			}
		}
		in["id"] = fmt.Sprint("id", len(g.keys)+1)
		g.keys = append(g.keys, in)
		send(201, in)
	case r.Method == "GET" && path[0] == "apikeys":
		var found []map[string]any
		for _, k := range g.keys {
			if strings.HasPrefix(k["name"].(string), r.URL.Query().Get("name")) {
				found = append(found, k)
			}
		}
		var n int
		fmt.Sscan(r.URL.Query().Get("position"), &n)
		out := map[string]any{"item": found[min(n, len(found)):min(n+1, len(found))]}
		if n+1 < len(found) {
			out["position"] = fmt.Sprint(n + 1)
		}
		send(200, out)
	case len(path) < 3 || g.plans[path[1]] == nil:
		refuse(w, 404, "NotFoundException")
	case r.Method == "POST":
		id, _ := in["keyId"].(string)
		for _, plan := range g.plans {
			if plan[id] {
				refuse(w, 409, "ConflictException")
				return
			}
		}
		g.plans[path[1]][id] = true
		send(201, map[string]any{"id": id, "type": in["keyType"]})
	case !g.plans[path[1]][path[3]]:
		refuse(w, 404, "NotFoundException")
	default:
		send(200, map[string]any{"id": path[3]})
	}
}

func TestEnroll(t *testing.T) {
	g, client := newGateway(t)
	for range 2 {
		for _, account := range []string{"acct_1", "acct_2"} {
			if err := awsplan.Enroll(t.Context(), client, "plan_1", account); err != nil {
				t.Fatalf("Enroll(%s): %v", account, err)
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"id1": true, "id2": true}, g.plans["plan_1"]); diff != "" || len(g.keys) != 2 {
		t.Errorf("%d keys (-want +got):\n%s", len(g.keys), diff)
	}
	for n, account := range []string{"acct_1", "acct_2"} {
		if k := g.keys[n]; k["value"] != usagekey.Of(account) || k["enabled"] != true || !strings.Contains(k["description"].(string), account) {
			t.Errorf("the key of %s is %v", account, k)
		}
	}
	// One that has a longer name with the same beginning comes first in the list.
	g.keys[0], g.keys[1] = map[string]any{"id": "idx", "name": usagekey.Of("acct_1") + "-old", "value": "other", "enabled": true}, g.keys[0]
	if err := awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"); err != nil || g.plans["plan_1"]["idx"] {
		t.Errorf("beside a similar name: %v, %v", err, g.plans["plan_1"])
	}
}

func TestEnrollRefuses(t *testing.T) {
	g, client := newGateway(t)
	if err := awsplan.Enroll(t.Context(), client, "plan_none", "acct_1"); err == nil || !strings.Contains(err.Error(), "plan_none") {
		t.Errorf("a plan that isn't there: %v", err)
	}
	if err := awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"); err != nil {
		t.Fatal(err)
	}
	if err := awsplan.Enroll(t.Context(), client, "plan_2", "acct_1"); err == nil || g.plans["plan_2"]["id1"] {
		t.Errorf("a second plan of the stage: %v", err)
	}
	g.keys[0]["enabled"] = false
	if err := awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"); err == nil || !strings.Contains(err.Error(), "disabled") {
		t.Errorf("a key that somebody disabled: %v", err)
	}
	g.keys[0]["name"] = "somebody's"
	if err := awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"); err == nil {
		t.Error("a value that somebody else's key has was taken for the account's")
	}
}

// TestEnrollWhoseRepliesAreLost: whichever call's reply is lost, a repetition ends in the same state.
func TestEnrollWhoseRepliesAreLost(t *testing.T) {
	for _, call := range []string{"POST apikeys", "POST usageplans"} {
		g, client := newGateway(t)
		g.lose[call] = 1
		if err := awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"); err == nil {
			t.Errorf("%s: nothing was lost", call)
		}
		err := errors.Join(awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"), awsplan.Enroll(t.Context(), client, "plan_1", "acct_1"))
		if err != nil || len(g.keys) != 1 || !g.plans["plan_1"]["id1"] {
			t.Errorf("%s: %v, %d keys, in the plan %v", call, err, len(g.keys), g.plans["plan_1"])
		}
	}
}
