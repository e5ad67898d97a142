package localpage

import (
	"net"
	"net/http"
	"strings"
)

// guard lets browsers of this machine in, at a name of this machine, and from no other site's pages:
//
//   - The client's address is a loopback one, or the very address that it reached.
//   - The Host is that address, or a loopback one, or localhost: a foreign name that resolves to this machine, as in DNS
//     rebinding, is none of them.
//   - What another site's page sends is refused, but for a link that one follows; a form must be the page's own.
func guard(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		switch {
		case !fromHere(r):
			http.Error(w, "This page acts with a key, so it answers this machine only. From elsewhere, use the API with a key of your own.", http.StatusForbidden)
		case !toHere(r):
			http.Error(w, "This page answers at localhost and at this machine's addresses, and not at other names.", http.StatusForbidden)
		case own.Check(r) != nil || embedded(r):
			http.Error(w, "Another site asked for this; that is not allowed.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// fromHere reports whether the client is on this machine.
func fromHere(r *http.Request) bool {
	remote := address(r.RemoteAddr)
	return remote != nil && (remote.IsLoopback() || remote.Equal(reached(r)))
}

// toHere reports whether the request names this machine.
func toHere(r *http.Request) bool {
	name := r.Host
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return ip != nil && (ip.IsLoopback() || ip.Equal(reached(r)))
}

// embedded reports whether another site's page wants it as a part of itself.
func embedded(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
	}
	return false
}

// reached is the address that the client connected to, nil if nobody knows.
func reached(r *http.Request) net.IP {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return address(local.String())
	}
	return nil
}

func address(hostPort string) net.IP {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil
	}
	return net.ParseIP(host)
}
