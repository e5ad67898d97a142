// Package localpage is a page about the exports of one account, for the local service alone: what there is, how far each is,
// which way it took through the state machine, its files, and the requests that one would make oneself. It shows what the
// API and the interpreter's histories say and keeps nothing of its own. It has the account's key and shows it to nobody;
// therefore it answers browsers on the same machine only (guard.go).
package localpage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/videovector/exports/internal/asl"
)

// Config is what the page works with.
type Config struct {
	BaseURL     string                                 // of the API, as in http://127.0.0.1:3000/api/v2
	Key         string                                 // of the account, with the scope write
	KeyFile     string                                 // holds the key's header line, for curl
	Description []byte                                 // of the API: buttons are there for the calls that it has
	Machine     asl.Graph                              // the state machine
	History     func(name string) ([]asl.Event, error) // of an execution; asl.ErrNoExecution for none
	Example     *Example                               // nil where the demo data isn't there
	Clock       func() time.Time
	Log         *slog.Logger
}

// Example is the documented request.
type Example struct {
	Index, Connector, Subpath, IdempotencyKey string
	Runs                                      []string
}

//go:embed page.html page.css page.js
var files embed.FS

// page answers for one account.
type page struct {
	cfg   Config
	api   client
	calls calls
	chart chart
	html  *template.Template
	css   template.CSS
	js    template.JS
}

// calls are the additional calls that the API has.
type calls struct{ Cancel, Retry bool }

// maxForm bounds a form's body, in bytes.
const maxForm = 64 << 10

// New makes the page; it answers the path "/" and is to be given no other one.
func New(cfg Config) (http.Handler, error) {
	p := &page{cfg: cfg, api: newClient(cfg.BaseURL, cfg.Key), chart: layOut(cfg.Machine)}
	var description struct{ Paths map[string]yaml.Node }
	if err := yaml.Unmarshal(cfg.Description, &description); err != nil {
		return nil, fmt.Errorf("the API's description: %w", err)
	}
	has := func(call string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(description.Paths)), func(path string) bool {
			return strings.HasSuffix(path, "/exports/{export_id}/"+call)
		})
	}
	p.calls = calls{Cancel: has("cancel"), Retry: has("retry")}
	for name, to := range map[string]func(string){
		"page.css": func(s string) { p.css = template.CSS(s) }, "page.js": func(s string) { p.js = template.JS(s) }, //nolint:gosec // G203: both are ours
	} {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		to(string(raw))
	}
	var err error
	p.html, err = template.New("page.html").Funcs(functions).ParseFS(files, "page.html")
	return guard(p), err
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		p.act(w, r)
	case http.MethodGet, http.MethodHead:
		if name := r.URL.Query().Get("download"); name != "" {
			p.download(w, r, r.URL.Query().Get("export"), name)
			return
		}
		p.show(w, r, view{Selected: r.URL.Query().Get("export"), Cursor: r.URL.Query().Get("cursor"), Replayed: r.URL.Query().Has("replayed")})
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "This page takes GET and POST.", http.StatusMethodNotAllowed)
	}
}

// view is all that the template shows.
type view struct {
	Nonce string
	CSS   template.CSS
	JS    template.JS

	Selected string // the id of the export that is looked at; "" for the newest
	Cursor   string // of the page of the list; "" for the newest
	Replayed bool   // the request that led here was a repetition
	Problem  *problem
	Form     form
	NoDemo   bool

	Exports []exportView
	Next    string // cursor of the page with older ones, "" for none
	Export  *detail
	Calls   calls
	Curls   []curl
	Open    bool // something that is shown goes on
}

// detail is one export with everything about it.
type detail struct {
	exportView
	Journeys []journey // executions, the latest one first
	Curls    []curl
}

// problem is why something could not be done.
type problem struct {
	Title, Message string
	Fields         []string // "name: what is wrong with it"
	RequestID      string
	status         int
}

func (p *page) show(w http.ResponseWriter, r *http.Request, v view) {
	if v.Form == (form{}) {
		v.Form = newForm(p.cfg.Example)
	}
	v.NoDemo, v.Calls, v.Curls = p.cfg.Example == nil, p.calls, p.curls(p.cfg.Example)
	status := http.StatusOK
	note := func(title string, err error) {
		if v.Problem == nil {
			v.Problem = explain(title, err)
		}
		status = v.Problem.status
	}
	if v.Problem != nil {
		status = v.Problem.status
	}
	var err error
	if v.Exports, v.Next, err = p.api.list(r.Context(), v.Cursor); err != nil {
		note("The exports can't be listed", err)
	}
	if v.Selected == "" && len(v.Exports) > 0 {
		v.Selected = v.Exports[0].ID
	}
	if v.Selected != "" {
		if v.Export, err = p.look(r.Context(), v.Selected); err != nil {
			note("The export can't be shown", err)
		}
	}
	v.Open = slices.ContainsFunc(v.Exports, exportView.Open) || v.Export != nil && v.Export.Open()
	p.render(w, status, v)
}

// look reads all about one export.
func (p *page) look(ctx context.Context, id string) (*detail, error) {
	e, err := p.api.export(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &detail{exportView: e}
	if d.Journeys, err = p.journeys(e); err != nil {
		return nil, err
	}
	d.Curls = p.curlsOf(e)
	return d, nil
}

// render sends the page. Nothing but its own style and script is let in, and nothing at all from elsewhere.
func (p *page) render(w http.ResponseWriter, status int, v view) {
	v.Nonce, v.CSS, v.JS = rand.Text(), p.css, p.js
	var b bytes.Buffer
	if err := p.html.Execute(&b, v); err != nil {
		p.cfg.Log.Error("the page could not be made", "error", err.Error())
		http.Error(w, "The page could not be made; the service's log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+v.Nonce+"'; script-src 'nonce-"+v.Nonce+
		"'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that went away has no use for it
}

// act carries out a form's action and leads to the export that it was about. What the API refuses is shown, with the
// form as it was.
func (p *page) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form can't be read.", http.StatusBadRequest)
		return
	}
	id := r.PostForm.Get("export")
	query, v := url.Values{}, view{Selected: id}
	var err error
	title := "The export could not be created"
	switch action := r.PostForm.Get("action"); {
	case action == "create":
		v.Form = readForm(r.PostForm)
		var replayed bool
		if id, replayed, err = p.api.create(r.Context(), v.Form); replayed {
			query.Set("replayed", "")
		}
	case action == "cancel" && p.calls.Cancel, action == "retry" && p.calls.Retry:
		title = "The export could not be changed"
		err = p.api.change(r.Context(), id, action)
	default:
		http.Error(w, "The form asks for nothing that there is.", http.StatusBadRequest)
		return
	}
	if err != nil {
		v.Problem = explain(title, err)
		p.show(w, r, v)
		return
	}
	query.Set("export", id)
	http.Redirect(w, r, "/?"+query.Encode(), http.StatusSeeOther)
}

// download passes a file on as the API gives it. Of an export that went to a connector the API gives nothing, but its
// presigned link does, to the first file.
func (p *page) download(w http.ResponseWriter, r *http.Request, id, name string) {
	res, err := p.api.open(r.Context(), id, name)
	if err != nil {
		p.show(w, r, view{Selected: id, Problem: explain("The file can't be downloaded", err)})
		return
	}
	defer res.Body.Close()
	for _, header := range []string{"Content-Type", "Content-Length", "Content-Disposition"} {
		if value := res.Header.Get(header); value != "" {
			w.Header().Set(header, value)
		}
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		panic(http.ErrAbortHandler) // what arrived must not pass for the whole
	}
}

// explain is an error as the page shows it.
func explain(title string, err error) *problem {
	var refused *refusal
	if !errors.As(err, &refused) {
		return &problem{Title: title, Message: err.Error(), status: http.StatusBadGateway}
	}
	pr := &problem{Title: title, Message: refused.Message, RequestID: refused.RequestID, status: refused.status}
	pr.Message = cmp.Or(pr.Message, http.StatusText(refused.status))
	for _, name := range slices.Sorted(maps.Keys(refused.Details.Fields)) {
		pr.Fields = append(pr.Fields, fmt.Sprintf("%s: %v", name, refused.Details.Fields[name]))
	}
	return pr
}
