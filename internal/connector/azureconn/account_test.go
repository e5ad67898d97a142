package azureconn

import (
	"errors"
	"net"
	"net/url"
	"testing"

	"github.com/videovector/exports/internal/fault"
)

// TestAccountThatDoesNotExist has no name in Azure's DNS. On another endpoint, or when DNS itself fails, that says nothing.
func TestAccountThatDoesNotExist(t *testing.T) {
	absent := &url.Error{Op: "Get", URL: "https://x", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x.blob.core.windows.net", IsNotFound: true}}}
	failed := &url.Error{Op: "Get", URL: "https://x", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}}
	for _, c := range []struct {
		azure bool
		err   error
		kind  fault.Kind
	}{{true, absent, fault.Invalid}, {true, failed, fault.Unavailable}, {false, absent, fault.Unavailable}, {true, errors.New("reset"), fault.Unavailable}} {
		if err := (&target{azure: c.azure}).unanswered(c.err); !fault.Is(err, c.kind) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
