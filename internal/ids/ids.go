// Package ids mints the service's own ids: a prefix and a lower-case ULID, so that ids sort by time of creation.
package ids

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// NewExport is a fresh export id for an export created at the time.
func NewExport(at time.Time) string { return "exp_" + lowerULID(at) }

// NewConnector is a fresh connector id for a connector created at the time.
func NewConnector(at time.Time) string { return "conn_" + lowerULID(at) }

// NewWebhook is a fresh webhook id for a webhook created at the time.
func NewWebhook(at time.Time) string { return "wh_" + lowerULID(at) }

// NewEvent is a fresh event id for an event that no record determines, made at the time.
func NewEvent(at time.Time) string { return "evt_" + lowerULID(at) }

// NewExternal is a fresh external id of a role: 130 random bits.
func NewExternal() string { return rand.Text() }

func lowerULID(at time.Time) string {
	return strings.ToLower(ulid.MustNew(ulid.Timestamp(at), rand.Reader).String())
}
