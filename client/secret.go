package client

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a credential on its way to the API. It is sent as it is and printed as [secret].
type Secret string

// Format implements fmt.Formatter.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.shown()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

func (s Secret) shown() string {
	if s == "" {
		return "" // whether one is there is no secret
	}
	return "[secret]"
}
