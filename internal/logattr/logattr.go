// Package logattr lets attributes travel in a context to every log line that is written under it, so that a line deep in
// a step says whose work it is without being told. It also names the trace that a line belongs to, where X-Ray keeps it.
package logattr

import (
	"context"
	"log/slog"
	"slices"
	"strings"
)

type key struct{}

// With gives a context whose lines carry the attributes, after those that ctx has already.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	return context.WithValue(ctx, key{}, slices.Concat(From(ctx), attrs))
}

// From is what lines under ctx carry.
func From(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(key{}).([]slog.Attr)
	return attrs
}

// Logger gives a logger whose context-taking calls add the context's attributes. One that does already is given back.
func Logger(l *slog.Logger) *slog.Logger {
	if _, ok := l.Handler().(handler); ok {
		return l
	}
	return slog.New(handler{l.Handler()})
}

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	r.AddAttrs(From(ctx)...)
	if id := traceID(ctx); id != "" {
		r.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// traceID is the sampled trace of an invocation, "" for none. The key is the one of Lambda's Go runtime; its value is
// like "Root=1-…;Parent=…;Sampled=1". A trace that isn't sampled can't be looked up, so it isn't named.
func traceID(ctx context.Context) (root string) {
	header, _ := ctx.Value("x-amzn-trace-id").(string)
	sampled := false
	for field := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "Root":
			root = value
		case "Sampled":
			sampled = value == "1"
		}
	}
	if !sampled {
		return ""
	}
	return root
}
