package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// exampleDocument is what every export of the examples holds.
const exampleDocument = `{"kind":"videovector.export",` + "\n" + `"results":[` + "\n" + `{"a":1}` + "\n],\n" + `"counts":{"results":1,"failed":0}}` + "\n"

// api is a small server that speaks the API to the examples: an export goes one step further at every look.
type api struct {
	*httptest.Server

	mu          sync.Mutex
	exports     []*apiExport // oldest first
	keys        map[string]string
	connectors  map[string]map[string]any
	automations map[string]map[string]any
}

type apiExport struct {
	id, kind, target string
	looks            int
}

func newAPI() *api {
	a := &api{keys: map[string]string{}, connectors: map[string]map[string]any{}, automations: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/exports/{kind}/{target}", a.create)
	mux.HandleFunc("GET /api/v2/exports", a.list)
	mux.HandleFunc("GET /api/v2/exports/{id}", a.show)
	mux.HandleFunc("GET /api/v2/exports/{id}/download", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(exampleDocument)))
		fmt.Fprint(w, exampleDocument)
	})
	mux.HandleFunc("POST /api/v2/connectors/s3", a.createConnector)
	mux.HandleFunc("POST /api/v2/connectors/{id}/test", func(w http.ResponseWriter, _ *http.Request) {
		sends(200, `{"success":true,"error_message":null}`)(w, nil)
	})
	mux.HandleFunc("PUT /api/v2/indexes/{id}/automations/export", a.automation)
	mux.HandleFunc("POST /api/v2/indexes/{id}/automations/export/pause", a.automation)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if r.Header.Get("X-API-Key") != testKey {
			fails(401, "authentication_invalid_api_key")(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return a
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Path + " " + r.Header.Get("Idempotency-Key")
	id, replayed := a.keys[key]
	if !replayed {
		id = fmt.Sprintf("exp_%d", len(a.exports)+1)
		a.keys[key] = id
		a.exports = append(a.exports, &apiExport{id: id, kind: strings.ReplaceAll(r.PathValue("kind"), "-", "_"), target: r.PathValue("target")})
	}
	sends(202, fmt.Sprintf(`{"export_id":%q,"status":"pending"}`, id), "Idempotency-Replayed", strconv.FormatBool(replayed))(w, r)
}

// view is the export at this look, which is one of those that move it on.
func (e *apiExport) view() string {
	states := []string{"pending", "processing", "completed"}
	over := map[string]any{"target_id": e.target, "export_type": e.kind, "status": states[min(e.looks, 2)], "download_url": nil}
	switch {
	case e.looks == 2 && e.target == "run_broken":
		over["status"], over["error_message"] = "failed", "The destination's bucket is gone."
	case e.looks >= 2:
		over["download_url"], over["file_size_bytes"], over["sha256"] = "/api/v2/exports/"+e.id+"/download", len(exampleDocument), digest(exampleDocument)
	}
	e.looks++
	return exportJSON(e.id, over)
}

func (a *api) show(w http.ResponseWriter, r *http.Request) {
	for _, e := range a.exports {
		if e.id == r.PathValue("id") {
			sends(200, e.view())(w, r)
			return
		}
	}
	fails(404, "export_not_found")(w, r)
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, _ := strconv.Atoi(q.Get("limit"))   // the examples give one
	before, _ := strconv.Atoi(q.Get("cursor")) // 0 on the first page
	var views []string
	for i, e := range slices.Backward(a.exports) {
		if before != 0 && i >= before || q.Get("export_type") != e.kind {
			continue
		}
		if len(views) == limit {
			q.Set("cursor", strconv.Itoa(i+1))
			w.Header().Set("Link", "<"+r.URL.Path+"?"+q.Encode()+`>; rel="next"`)
			break
		}
		views = append(views, e.view())
	}
	sends(200, "["+strings.Join(views, ",")+"]")(w, r)
}

func (a *api) createConnector(w http.ResponseWriter, r *http.Request) {
	var c map[string]any
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		fails(400, "malformed_json")(w, r)
		return
	}
	delete(c, "aws_secret_access_key")
	c["connector_id"], c["provider"], c["status"] = fmt.Sprintf("conn_%d", len(a.connectors)+1), "s3", "active"
	a.connectors[c["connector_id"].(string)] = c
	raw, _ := json.Marshal(c) // it was JSON a moment ago
	sends(201, string(raw))(w, r)
}

func (a *api) automation(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if r.Method == http.MethodPut {
		var saved map[string]any
		if err := json.NewDecoder(r.Body).Decode(&saved); err != nil {
			fails(400, "malformed_json")(w, r)
			return
		}
		a.automations[id] = saved
	} else {
		a.automations[id]["paused"] = true
	}
	raw, _ := json.Marshal(a.automations[id]) // it was JSON a moment ago
	sends(200, string(raw))(w, r)
}
