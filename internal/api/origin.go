package api

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/videovector/exports/internal/fault"
)

// Origin is the public https origin of the API, without a path: links that leave the service begin with it.
type Origin string

// ParseOrigin takes "https://host" or "https://host:port", with or without a trailing slash.
func ParseOrigin(s string) (Origin, error) {
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.ContainsFunc(u.Host, notVisible) || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the public origin must be https://host or https://host:port")
	}
	return Origin("https://" + u.Host), nil
}

type originKey struct{}

// WithOrigin returns a context that carries the public origin of the stage that the request came through.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// originOf is the public origin: the configured one or, without one, the stage's. Neither is a failure of ours.
func originOf(ctx context.Context, configured Origin) (Origin, error) {
	if configured != "" {
		return configured, nil
	}
	if o, ok := ctx.Value(originKey{}).(Origin); ok {
		return o, nil
	}
	return "", fault.New(fault.Internal, "internal_error", "The API's public origin is not configured.")
}

// exportPath is the path of one export.
func exportPath(id string) string { return "/api/v2/exports/" + url.PathEscape(id) }

// connectorPath is the path of one connector.
func connectorPath(id string) string { return "/api/v2/connectors/" + url.PathEscape(id) }

// downloadPath is the path of the export's document.
func downloadPath(id string) string { return exportPath(id) + "/download" }
