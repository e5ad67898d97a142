package auth

import (
	"strings"

	"github.com/videovector/exports/internal/fault"
)

// Cursor is where a listing goes on. It is good for the account and the filters that it was made for.
type Cursor struct {
	AccountID string
	Filters   []string // in a fixed order, absent ones empty
	BeforeID  string   // the next page holds ids below this one
}

// SealCursor gives the cursor's opaque text: its BeforeID, signed together with account and filters.
func (r *Keyring) SealCursor(c Cursor) string {
	return encode([]byte(c.BeforeID)) + "." + encode(r.live.Load().cursors.sign(c.fields()...))
}

// OpenCursor gives the BeforeID of a cursor that SealCursor made for the same account and filters. Everything else
// is fault.Malformed.
func (r *Keyring) OpenCursor(text, account string, filters []string) (string, error) {
	id, sum, _ := strings.Cut(text, ".")
	before, okID := decode(id)
	signature, okSum := decode(sum)
	c := Cursor{AccountID: account, Filters: filters, BeforeID: string(before)}
	if !okID || !okSum || c.BeforeID == "" || !r.live.Load().cursors.verify(signature, c.fields()...) {
		return "", errCursor
	}
	return c.BeforeID, nil
}

// errCursor is the failure of every cursor that doesn't continue its listing.
var errCursor = fault.New(fault.Malformed, "invalid_cursor",
	"The cursor is not one that this listing gave. Start again without it, or follow the Link header as it is.")

func (c Cursor) fields() []string {
	return append([]string{c.AccountID, c.BeforeID}, c.Filters...)
}
