package guard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fault"
)

// addresses are one or more of every class, with what is to become of them.
var addresses = map[string]struct {
	public bool
	all    []string
}{
	"public IPv4":            {true, []string{"8.8.8.8", "52.216.0.1", "20.60.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "169.253.255.255", "223.255.255.255", "168.63.129.15"}},
	"public IPv6":            {true, []string{"2600:1f00::1", "2a00:1450:4001:800::201b", "2603:1000::1", "2001:4860::1", "3ffe::1"}},
	"public by IPv4-mapped":  {true, []string{"::ffff:8.8.8.8", "::ffff:808:808"}},
	"public by NAT64":        {true, []string{"64:ff9b::8.8.8.8"}},
	"loopback":               {false, []string{"127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"}},
	"private":                {false, []string{"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"}},
	"unique local":           {false, []string{"fc00::1", "fdff::1"}},
	"link-local":             {false, []string{"169.254.0.1", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf::1"}},
	"site-local":             {false, []string{"fec0::1"}},
	"metadata":               {false, []string{"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"}},
	"carriers' NAT":          {false, []string{"100.64.0.0", "100.64.0.1", "100.127.255.255"}},
	"unspecified":            {false, []string{"0.0.0.0", "0.1.2.3", "::"}},
	"multicast":              {false, []string{"224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"}},
	"broadcast and reserved": {false, []string{"255.255.255.255", "240.0.0.1", "254.1.1.1"}},
	"documentation":          {false, []string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"}},
	"benchmarks":             {false, []string{"198.18.0.1", "198.19.255.255", "2001:2::1"}},
	"protocol assignments":   {false, []string{"192.0.0.1", "192.88.99.1", "2001:20::1", "100::1", "5f00::1"}},
	"IPv4-mapped":            {false, []string{"::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::ffff:100.64.0.1"}},
	"IPv4-translated":        {false, []string{"::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"}},
	"IPv4-compatible":        {false, []string{"::127.0.0.1", "::10.0.0.1", "::169.254.169.254", "::8.8.8.8"}},
	"6to4":                   {false, []string{"2002:7f00:1::", "2002:a00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"}},
	"NAT64":                  {false, []string{"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::192.168.1.1", "64:ff9b:1::8.8.8.8"}},
	"Teredo":                 {false, []string{"2001::1", "2001:0:7f00:1::80ff:fffe", "2001:0:4136:e378:8000:63bf:3fff:fdd2"}},
	"what is no address":     {false, []string{"", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "example.com"}},
}

// TestEveryAddressClass holds the table against the check that each connection goes through.
func TestEveryAddressClass(t *testing.T) {
	d := dialer{Config{Ports: []string{"443"}}}
	for class, c := range addresses {
		for _, a := range c.all {
			network := "tcp4"
			if strings.Contains(a, ":") {
				network = "tcp6"
			}
			err := d.control(network, net.JoinHostPort(a, "443"), nil)
			if refused(err) == c.public || (err == nil) != c.public {
				t.Errorf("%s %s: %v", class, a, err)
			}
		}
	}
}

func refused(err error) bool {
	return fault.Is(err, fault.Invalid) && fault.As(err).Code == "destination_address_refused"
}

func TestPortsAndNetworks(t *testing.T) {
	d := dialer{Config{Ports: []string{"443", "8443"}}}
	for address, want := range map[string]bool{
		"8.8.8.8:443": true, "8.8.8.8:8443": true, "8.8.8.8:80": false, "8.8.8.8:22": false, "8.8.8.8:0": false, "8.8.8.8": false, "": false,
	} {
		if err := d.control("tcp4", address, nil); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
	if err := d.control("unix", "8.8.8.8:443", nil); !refused(err) {
		t.Errorf("a socket of the file system: %v", err)
	}
}

// canary listens on loopback, on both families where there are two, and counts whoever comes.
type canary struct {
	port    string
	visited atomic.Int64
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{}
	first := c.listen(t, "127.0.0.1:0")
	_, c.port, _ = net.SplitHostPort(first.Addr().String())
	if second, err := net.Listen("tcp", "[::1]:"+c.port); err == nil {
		c.serve(t, second)
	}
	return c
}

func (c *canary) listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c.serve(t, l)
	return l
}

func (c *canary) serve(t *testing.T, l net.Listener) {
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.visited.Add(1)
			conn.Close()
		}
	}()
}

// TestNothingReachesTheCanary tries every spelling of this machine, on the canary's very port.
func TestNothingReachesTheCanary(t *testing.T) {
	c := newCanary(t)
	client := NewClient(Config{Ports: []string{c.port}})
	for _, host := range []string{
		"127.0.0.1", "127.1.1.1", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
		"0.0.0.0", "[::]", "2130706433", "0x7f000001", "127.1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
	} {
		for _, scheme := range []string{"https://", "http://"} {
			reply, err := client.Get(scheme + host + ":" + c.port + "/")
			if err == nil {
				reply.Body.Close()
				t.Errorf("%s%s answered", scheme, host)
			}
			// A name that doesn't resolve here is no answer, which is as good.
			if known := fault.As(Unanswered(err)); known.Code != "destination_address_refused" && known.Code != "destination_unavailable" {
				t.Errorf("%s%s: %v", scheme, host, err)
			}
		}
	}
	if n := c.visited.Load(); n != 0 {
		t.Errorf("the canary had %d visits", n)
	}
}

// TestCanaryIsAlive holds that the canary test can fail: with the place allowed, somebody comes.
func TestCanaryIsAlive(t *testing.T) {
	c := newCanary(t)
	if _, err := NewClient(Config{Allow: []string{"127.0.0.1:" + c.port}}).Get("http://127.0.0.1:" + c.port + "/"); err == nil {
		t.Error("the canary answered")
	}
	if c.visited.Load() == 0 {
		t.Error("nobody came")
	}
}

// TestNameThatLeadsInside holds that the address counts which the name has at the moment of dialing.
func TestNameThatLeadsInside(t *testing.T) {
	c := newCanary(t)
	d := dialer{Config{Ports: []string{c.port}}}
	var asked atomic.Int64
	plain := net.Dialer{Control: d.control, Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return answering(t, [4]byte{127, 0, 0, 1}), nil
	}}}
	_, err := plain.DialContext(t.Context(), "tcp4", "inside.example.com.:"+c.port)
	if !refused(err) || asked.Load() == 0 || c.visited.Load() != 0 {
		t.Errorf("dialing = %v after %d questions, %d visits", err, asked.Load(), c.visited.Load())
	}
}

// answering is a name server on a pipe that gives every name the one address.
func answering(t *testing.T, a [4]byte) net.Conn {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	go func() {
		for {
			size := make([]byte, 2) // a pipe is a stream, so messages have their length before them
			if _, err := io.ReadFull(theirs, size); err != nil {
				return
			}
			question := make([]byte, int(size[0])<<8|int(size[1]))
			if _, err := io.ReadFull(theirs, question); err != nil {
				return
			}
			end := 12
			for question[end] != 0 {
				end += int(question[end]) + 1
			}
			end += 5 // the root label, type and class
			reply := append([]byte{question[0], question[1], 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0}, question[12:end]...)
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, a[0], a[1], a[2], a[3])
			theirs.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...))
		}
	}()
	return ours
}

// TestRedirectsAreNotFollowed sends the client to the canary.
func TestRedirectsAreNotFollowed(t *testing.T) {
	c := newCanary(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:"+c.port+"/", status))
		host := strings.TrimPrefix(server.URL, "http://")
		reply, err := NewClient(Config{Allow: []string{host, "127.0.0.1:" + c.port}}).Get(server.URL)
		if err != nil || reply.StatusCode != status {
			t.Errorf("%d: %v, %v", status, reply, err)
		}
		server.Close()
	}
	if n := c.visited.Load(); n != 0 {
		t.Errorf("the canary had %d visits", n)
	}
}

// TestProxiesOfTheEnvironmentAreIgnored runs the client where an environment names the canary as its proxy.
func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	c := newCanary(t)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, "http://127.0.0.1:"+c.port)
	}
	// The function that reads the environment keeps what it read first, so the field itself is looked at too.
	if NewClient(Config{}).Transport.(transport).next.(*http.Transport).Proxy != nil {
		t.Error("the client asks for a proxy")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://192.0.2.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewClient(Config{}).Do(r); !refused(err) || c.visited.Load() != 0 {
		t.Errorf("%v, %d visits", err, c.visited.Load())
	}
}

// TestTLS holds that old versions and unknown authorities are refused.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	allow := []string{strings.TrimPrefix(server.URL, "https://")}
	_, err := NewClient(Config{Allow: allow, Roots: roots}).Get(server.URL)
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
	var unknown x509.UnknownAuthorityError
	server2 := httptest.NewTLSServer(http.NotFoundHandler())
	defer server2.Close()
	_, err = NewClient(Config{Allow: []string{strings.TrimPrefix(server2.URL, "https://")}}).Get(server2.URL)
	if !errors.As(err, &unknown) {
		t.Errorf("an unknown authority: %v", err)
	}
}

// TestRefusalsAreBounded reads a refusal that doesn't end.
func TestRefusalsAreBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		for range 64 {
			w.Write(make([]byte, MaxRefusal/16))
		}
	}))
	defer server.Close()
	reply, err := NewClient(Config{Allow: []string{strings.TrimPrefix(server.URL, "http://")}}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	n, err := io.Copy(io.Discard, reply.Body)
	if n > MaxRefusal || fault.As(err).Code != "destination_reply_too_long" {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestReadReply(t *testing.T) {
	for text, want := range map[string]string{"": "", "12345": "12345", "123456": "destination_reply_too_long"} {
		got, err := ReadReply(&http.Response{Body: io.NopCloser(strings.NewReader(text))}, 5)
		if err != nil {
			got = []byte(fault.As(err).Code)
		}
		if string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "7.5": 0, "soon": 0, "99999999999999999999": 0, "86400": maxWait,
		"Fri, 01 May 2026 12:00:30 GMT": 30 * time.Second, "Fri, 01 May 2026 11:00:00 GMT": 0, "Sat, 02 May 2026 12:00:30 GMT": maxWait,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestUnansweredKeepsTheURL out of its text: that of an upload is a key to it.
func TestUnansweredKeepsTheURLOut(t *testing.T) {
	_, err := NewClient(Config{Allow: []string{"127.0.0.1:1"}}).Get("http://127.0.0.1:1/?upload_id=canary")
	err = Unanswered(err)
	if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "canary") || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}

// FuzzPublic holds the check against the standard library's own classes, in every spelling of an address.
func FuzzPublic(f *testing.F) {
	for _, c := range addresses {
		for _, a := range c.all {
			f.Add(a)
		}
	}
	f.Fuzz(func(t *testing.T, host string) {
		a, err := netip.ParseAddr(host)
		if err != nil {
			if public(host) {
				t.Errorf("%q is no address", host)
			}
			return
		}
		a = a.Unmap()
		inside := a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() || !a.IsGlobalUnicast()
		if inside && public(host) {
			t.Errorf("%s is public", host)
		}
	})
}
