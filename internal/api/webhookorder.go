package api

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

// Limits of webhooks.
const (
	maxWebhooks = 20   // of an account
	maxURL      = 2048 // characters
	maxIndexIDs = 100
	maxMetadata = 4096 // bytes, without blanks
)

// webhookFields are the fields of a create request.
var webhookFields = map[string]fieldType{
	"name": textField, "url": textField, "events": textsField, "index_ids": textsField, "metadata": objectField,
}

// hookChangeFields are those of a change.
var hookChangeFields = map[string]fieldType{
	"name": textField, "url": textField, "events": textsField, "index_ids": textsField, "metadata": objectField, "status": textField,
}

// webhookOrder is a readable create request: the webhook but for what the service adds.
type webhookOrder struct{ store.Webhook }

func parseWebhook(f *fields) (webhookOrder, error) {
	o := webhookOrder{store.Webhook{Status: webhook.Active}}
	applyWebhook(f, &o.Webhook, func(string) bool { return true })
	return o, f.err()
}

// applyWebhook moves over the fields that are wanted, and notes what is wrong with each. Without index ids the webhook is
// told of every index.
func applyWebhook(f *fields, h *store.Webhook, wanted func(name string) bool) {
	if wanted("name") {
		h.Name = f.text("name")
		f.must(goodName(h.Name), "name", "must be 1 to 100 characters, and no control characters among them")
	}
	if wanted("url") {
		h.URL = f.need("url", checkWebhookURL)
	}
	if wanted("events") {
		h.Events = sorted(f.texts("events"))
		f.must(len(h.Events) > 0, "events", "must name at least one event")
		for _, e := range h.Events {
			f.must(slices.Contains(webhook.Events, e), "events", "must hold these names only: "+strings.Join(webhook.Events, ", "))
		}
	}
	if wanted("index_ids") {
		h.IndexIDs = sorted(f.texts("index_ids"))
		f.must(len(h.IndexIDs) <= maxIndexIDs, "index_ids", fmt.Sprintf("must hold at most %d ids", maxIndexIDs))
		for _, id := range h.IndexIDs {
			f.must(export.ValidID(id), "index_ids", "must hold ids")
		}
	}
	if wanted("metadata") {
		h.Metadata = f.text("metadata")
		f.must(len(h.Metadata) <= maxMetadata, "metadata", fmt.Sprintf("must take at most %d bytes", maxMetadata))
	}
}

// sorted is the list in order, each once.
func sorted(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// checkWebhookURL takes an https address without credentials. Where it leads is looked at when it is dialed.
func checkWebhookURL(text string) error {
	if len(text) > maxURL || strings.ContainsFunc(text, notVisible) {
		return fmt.Errorf("must be at most %d visible ASCII characters", maxURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "https", u.Hostname() == "", u.Opaque != "":
		return errors.New("must be an https address, such as https://example.com/hooks")
	case u.User != nil:
		return errors.New("must hold no user name or password")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return errors.New("must hold no fragment")
	}
	return nil
}

// route implements keyed.
func (o webhookOrder) route() string { return "POST /api/v2/webhooks" }

// canonical implements keyed. The metadata's members count by what they are, not by their order.
func (o webhookOrder) canonical() string {
	metadata := jsontext.Value(o.Metadata)
	if len(metadata) > 0 {
		if err := metadata.Canonicalize(); err != nil { // it was decoded before
			panic(err)
		}
	}
	text, err := json.Marshal(map[string]any{
		"name": o.Name, "url": o.URL, "events": o.Events, "index_ids": o.IndexIDs, "metadata": string(metadata),
	}, json.Deterministic(true))
	if err != nil { // strings that were decoded as UTF-8 can't fail to encode
		panic(err)
	}
	return string(text)
}
