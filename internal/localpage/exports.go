package localpage

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// exportView is what the page shows of an export, as the API tells it; null is the zero value.
type exportView struct {
	ID             string `json:"export_id"`
	TargetID       string `json:"target_id"`
	Type           string `json:"export_type"`
	Status         string `json:"status"`
	QueueStatus    string `json:"queue_status"`
	Outcome        string `json:"outcome"` // "cancelled" of one that was
	Attempts       int    `json:"attempts"`
	MaxAttempts    int    `json:"max_attempts"`
	CreatedAt      string `json:"created_at"`
	StartedAt      string `json:"started_at"`
	CompletedAt    string `json:"completed_at"`
	ExpiresAt      string `json:"expires_at"`
	DownloadURL    string `json:"download_url"`
	PresignedURL   string `json:"presigned_url"`
	ErrorMessage   string `json:"error_message"`
	LastError      string `json:"last_error"`
	ConnectorID    string `json:"destination_connector_id"`
	Subpath        string `json:"destination_subpath"`
	DestinationURI string `json:"destination_uri"`
	ManifestSHA256 string `json:"manifest_sha256"`
	Progress       progress
	Files          []file
	Formats        []string
	Params         *struct {
		RunIDs []string `json:"prompt_run_ids"`
	} `json:"export_params"`
}

type progress struct {
	Phase        string
	RecordsDone  int64 `json:"records_done"`
	RecordsTotal int64 `json:"records_total"`
	BytesWritten int64 `json:"bytes_written"`
	Percent      int
	SecondsLeft  *float64 `json:"seconds_left"` // nil while nobody knows
}

type file struct {
	Name   string
	Format string
	Bytes  *int64
	Rows   *int64
	SHA256 string
	Parts  int
	Href   string
}

// Open reports whether the export goes on.
func (e exportView) Open() bool { return e.Status == "pending" || e.Status == "processing" }

// Failed reports whether the export ended without a document.
func (e exportView) Failed() bool { return e.Status == "failed" }

// State is the export's, in a word.
func (e exportView) State() string {
	if e.Outcome != "" && e.Failed() {
		return e.Outcome
	}
	return e.Status
}

// Runs are the runs that the request named.
func (e exportView) Runs() []string {
	if e.Params == nil {
		return nil
	}
	return e.Params.RunIDs
}

// Doing is how far the export is, in words.
func (e exportView) Doing() string {
	p := e.Progress
	words := []string{p.Phase}
	if p.RecordsTotal > 0 {
		words = append(words, fmt.Sprintf("%d of %d records", p.RecordsDone, p.RecordsTotal))
	}
	if p.BytesWritten > 0 {
		words = append(words, size(p.BytesWritten))
	}
	if e.Open() {
		words = append(words, fmt.Sprintf("%d %%", p.Percent))
		if p.SecondsLeft != nil {
			words = append(words, fmt.Sprintf("about %.0f s left", *p.SecondsLeft))
		}
	}
	return strings.Join(words, " · ")
}

// Says is what a change of the export's state sounds like.
func (e exportView) Says() string {
	text := "Export " + e.ID + " is " + e.State()
	if e.Open() {
		text += ", " + e.Progress.Phase
	}
	return text + "."
}

// Link is the presigned link to the file of that name, "" if it isn't the way to it.
func (e exportView) Link(name string) string {
	if e.DownloadURL == "" && len(e.Files) > 0 && e.Files[0].Name == name {
		return e.PresignedURL
	}
	return ""
}

// Downloads are the files that can be had here.
func (e exportView) Downloads() []string {
	var names []string
	for _, f := range e.Files {
		if f.Parts == 0 && (e.DownloadURL != "" || e.Link(f.Name) != "") {
			names = append(names, f.Name)
		}
	}
	return names
}

// Has reports whether the file of that name can be had here.
func (e exportView) Has(name string) bool { return slices.Contains(e.Downloads(), name) }

// form is the request that the page makes.
type form struct{ Index, Runs, Connector, Subpath, Key string }

func newForm(x *Example) form {
	if x == nil {
		return form{}
	}
	return form{x.Index, strings.Join(x.Runs, ", "), x.Connector, x.Subpath, x.IdempotencyKey}
}

func readForm(v url.Values) form {
	get := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	return form{get("index"), get("runs"), get("connector"), get("subpath"), get("key")}
}

// order is the body of a create request.
type order struct {
	RunIDs    []string `json:"prompt_run_ids,omitempty"`
	Connector string   `json:"destination_connector_id,omitempty"`
	Subpath   string   `json:"destination_subpath,omitempty"`
}

func (f form) request() order {
	runs := strings.FieldsFunc(f.Runs, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
	return order{runs, f.Connector, f.Subpath}
}
