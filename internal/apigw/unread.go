package apigw

import (
	"log/slog"
	"net/http"

	"github.com/videovector/exports/internal/api/envelope"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
)

// logUnread writes the line of a request whose event can't be read, and which no route answers: as the routes' lines are,
// but for the route and the time. Nothing of the body is in it.
func logUnread(log *slog.Logger, r *http.Request, err error) {
	f := fault.As(err)
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.Int("status", f.HTTPStatus()), slog.String("request_id", envelope.RequestID(r)),
	}
	if p, ok := auth.PrincipalFrom(r.Context()); ok {
		attrs = append(attrs, slog.String("account_id", p.AccountID), slog.String("key_id", p.KeyID))
	}
	log.LogAttrs(r.Context(), slog.LevelInfo, "request answered", append(attrs, slog.String("code", f.Code), slog.String("error", f.Error()))...)
}
