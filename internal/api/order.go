package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// Limits of requests.
const (
	MaxBodyBytes = 256 << 10
	MaxRunIDs    = 1000
	MaxFormParts = 64  // the one form that there is has seven fields
	MaxProblems  = 100 // that one answer names: a body of unknown names isn't answered with a larger one
	MaxShownName = 100 // bytes of a name that an answer repeats, nor is one of a single name
)

// order is a readable create request, in one form whatever way it was spelt: run ids sorted and each once, the
// subpath clean, defaults filled in.
type order struct {
	Type        export.Type        `json:"type"`
	TargetID    string             `json:"target_id"`
	RunIDs      []string           `json:"run_ids"`
	ConnectorID string             `json:"connector_id"`
	Subpath     string             `json:"subpath"`
	Scope       export.ResultScope `json:"scope"`
	files
	KeepHours int  `json:"keep_hours,omitzero"` // 0 for the default
	DryRun    bool `json:"dry_run,omitzero"`
}

// files is which files an order asks for. Defaults are empty, so that the texts that keys were remembered with before
// there was a choice stay what they were.
type files struct {
	Formats     []export.Format    `json:"formats,omitempty"`
	Compression export.Compression `json:"compression,omitempty"`
	TextField   string             `json:"text_field,omitempty"`
}

// named reports whether the order says which runs it wants; the others want every finished run of an index.
func (o order) named() bool { return o.Type == export.TypePromptRun || len(o.RunIDs) > 0 }

// canonical implements keyed.
func (o order) canonical() string {
	text, err := json.Marshal(o, json.Deterministic(true))
	if err != nil { // strings that were decoded as UTF-8 can't fail to encode
		panic(err)
	}
	return string(text)
}

func parseOrder(w http.ResponseWriter, r *http.Request, t export.Type) (order, error) {
	o := order{Type: t, TargetID: r.PathValue("id"), Scope: export.ScopeAll}
	f, err := readFields(w, r, orderFields)
	if err != nil {
		return o, err
	}
	o.fill(f)
	return o, f.err()
}

// fill moves the fields over and notes what is wrong with each.
func (o *order) fill(f *fields) {
	o.ConnectorID = f.text("destination_connector_id")
	o.RunIDs = runIDs(f, o.Type)
	if scope := f.text("result_scope"); scope != "" {
		o.Scope = export.ResultScope(scope)
	}
	if o.Scope != export.ScopeAll && o.Scope != export.ScopeMatches {
		f.wrong("result_scope", `must be "all" or "matches"`)
	}
	var err error
	if o.Subpath, err = export.CleanSubpath(f.text("destination_subpath")); err != nil {
		f.wrong("destination_subpath", err.Error())
	}
	if o.Subpath != "" && o.ConnectorID == "" {
		f.wrong("destination_subpath", "needs destination_connector_id beside it")
	}
	o.files = parseFiles(f)
	o.KeepHours = keepHours(f)
	o.DryRun = f.flag("dry_run")
}

// maxTextField is the longest name of captions' text.
const maxTextField = 200

// parseFiles reads the fields of formats, and what contradicts what.
func parseFiles(f *fields) files {
	var asked files
	for _, name := range f.texts("formats") {
		format := export.Format(name)
		switch {
		case !format.Known():
			f.wrong("formats", "must hold json, ndjson, csv, parquet, vtt, srt or vtt_chapters only")
		case slices.Contains(asked.Formats, format):
			f.wrong("formats", "must hold each format once")
		}
		asked.Formats = append(asked.Formats, format)
	}
	asked.Compression = parseCompression(f, asked.Formats)
	asked.TextField = f.text("text_field")
	switch {
	case asked.TextField == "":
	case !slices.ContainsFunc(asked.Formats, export.Format.Captions):
		f.wrong("text_field", "belongs to the formats vtt, srt and vtt_chapters")
	case len(asked.TextField) > maxTextField:
		f.wrong("text_field", "must be the name of a field, of at most 200 bytes")
	}
	if len(asked.Formats) == 1 && asked.Formats[0] == export.JSON {
		asked.Formats = nil
	}
	return asked
}

// parseCompression gives "" for none. Asking for one that no file would get is a contradiction.
func parseCompression(f *fields, formats []export.Format) export.Compression {
	c := export.Compression(f.text("compression"))
	if c == "" || c == export.None {
		return ""
	}
	takes := len(formats) == 0 || slices.ContainsFunc(formats, func(format export.Format) bool { return c.Of(format) == c })
	switch {
	case !c.Known():
		f.wrong("compression", `must be "none", "gzip" or "zstd"`)
	case !takes:
		f.wrong("compression", "fits none of the formats: Parquet and captions are compressed inside")
	}
	return c
}

// keepHours is how long the artifact is to be kept, 0 for the default.
func keepHours(f *fields) int {
	text := f.text("expires_in")
	hours, ok := export.ParseLife(text)
	f.must(ok || text == "", "expires_in", `must be a number of hours or days from "1h" to "30d"`)
	return hours
}

func runIDs(f *fields, t export.Type) []string {
	ids := f.texts("prompt_run_ids")
	switch {
	case len(ids) > 0 && t != export.TypeIndex:
		f.wrong("prompt_run_ids", "belongs to the export of an index only")
	case len(ids) > MaxRunIDs:
		f.wrong("prompt_run_ids", "must hold at most 1000 ids")
	}
	for _, id := range ids {
		if !export.ValidID(id) {
			f.wrong("prompt_run_ids", "must hold run ids only")
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// readBody gives the whole JSON body, nil for none.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	text, err := readBytes(w, r)
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return nil, err
	}
	return text, checkContentType(r.Header.Get("Content-Type"))
}

// readBytes gives the whole body.
func readBytes(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, fault.Newf(fault.TooLarge, "request_too_large", "A request body is at most %d bytes.", MaxBodyBytes)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed, "bad_request", "The body could not be read.")
	}
	return text, nil
}

// checkContentType takes JSON in UTF-8; a body that says nothing about itself is taken for that.
func checkContentType(value string) error {
	if value == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(value)
	charset := params["charset"]
	if err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	return fault.New(fault.Malformed, "unsupported_content_type", "Send the body as application/json in UTF-8.")
}
