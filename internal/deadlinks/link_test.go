package deadlinks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// link is one link of the service's, with a proxy on it.
type link struct {
	t        *testing.T
	name     string
	address  string // of the proxy
	upstream string // base URL of what the link leads to

	mu       sync.Mutex
	proxy    *toxiproxy.Proxy
	standing []toxic       // on the link whatever else is
	carried  *atomic.Int64 // bytes towards the service, since the pace was set
	met      *atomic.Int64 // bytes from either side, since the trouble began
}

// proxies is what every proxy belongs to. It has no API, and its log goes nowhere.
var proxies = toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())

func init() {
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log by the library's own logger
	toxics.Register("stall", new(stall))
	toxics.Register("witness", new(witness))
}

// newLink puts a proxy before the base URL. It is gone with the test.
func newLink(t *testing.T, name, upstream string) *link {
	t.Helper()
	l := &link{t: t, name: name, upstream: upstream}
	for range 100 { // below the ports that outgoing connections have: nobody takes this one while it is closed
		l.address = fmt.Sprintf("127.0.0.1:%d", 15_000+rand.IntN(15_000))
		if l.open(nil) == nil {
			t.Cleanup(l.close)
			return l
		}
	}
	t.Fatal("no port is free")
	return nil
}

// URL is where the service finds what the link leads to.
func (l *link) URL() string {
	u, err := url.Parse(l.upstream)
	if err != nil {
		l.t.Fatal(err)
	}
	u.Host = l.address
	return u.String()
}

// open starts a proxy in which the toxics are.
func (l *link) open(all []toxic) error {
	u, err := url.Parse(l.upstream)
	if err != nil {
		return err
	}
	p := toxiproxy.NewProxy(proxies, l.name, l.address, u.Host)
	for _, x := range append(append([]toxic{}, l.standing...), all...) {
		if err := x.join(p); err != nil {
			return err
		}
	}
	if err := p.Start(); err != nil {
		return err
	}
	l.proxy = p
	return nil
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
}

// pace lets the link carry so many kilobytes a second towards the service, on each connection; 0 is any number. The
// connections that stood are cut.
func (l *link) pace(rate int) {
	l.mu.Lock()
	l.standing = nil
	if rate > 0 {
		var x toxic
		l.carried, x = newWitness("downstream")
		l.standing = []toxic{down("bandwidth", map[string]int{"rate": rate}), x}
	}
	l.mu.Unlock()
	l.mend()
}

// suffer brings trouble over the link: over the connections that stand and over every new one, until it is mended.
func (l *link) suffer(tr trouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if tr.refused {
		l.proxy.Stop()
		return
	}
	met, x := newWitness("downstream")
	l.met = met
	for _, x := range append([]toxic{x, {Type: x.Type, Stream: "upstream", Attributes: x.Attributes}}, tr.toxics...) {
		x.Name = fmt.Sprintf("trouble %d", names.Add(1))
		if err := x.join(l.proxy); err != nil {
			l.t.Errorf("%s: %v", l.name, err)
		}
	}
}

// mend makes the link whole. The connections that stood are cut.
func (l *link) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
	for try := 0; ; try++ {
		err := l.open(nil)
		if err == nil {
			return
		}
		if try == 50 {
			l.t.Errorf("%s: %v", l.name, err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// toxic is one of the proxy's, as its API takes it.
type toxic struct {
	Name       string         `json:"name,omitempty"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"` // upstream: from the service; downstream: to it
	Attributes map[string]int `json:"attributes"`
}

func (x toxic) json() []byte {
	text, err := json.Marshal(x)
	if err != nil {
		panic("text and numbers encode: " + err.Error())
	}
	return text
}

func (x toxic) join(p *toxiproxy.Proxy) error {
	_, err := p.Toxics.AddToxicJson(bytes.NewReader(x.json()))
	return err
}

// stall is a toxic: it lets so many bytes of a connection through and then nothing more, and keeps the connection.
type stall struct {
	Bytes int `json:"bytes"`
}

// NewState implements toxics.StatefulToxic.
func (s *stall) NewState() any { return new(int) }

// Pipe implements toxics.Toxic.
func (s *stall) Pipe(stub *toxics.ToxicStub) {
	passed := stub.State.(*int)
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			if c.Data = c.Data[:min(len(c.Data), max(0, s.Bytes-*passed))]; len(c.Data) > 0 {
				*passed += len(c.Data)
				stub.Output <- c
			}
		}
	}
}

// witness is a toxic that counts what comes.
type witness struct {
	Number int64 `json:"number"`
}

var (
	names     atomic.Int64
	witnesses sync.Map // their counters, *atomic.Int64, by number
)

// newWitness counts what comes from that side, or from the other one.
func newWitness(stream string) (*atomic.Int64, toxic) {
	counter, number := new(atomic.Int64), names.Add(1)
	witnesses.Store(number, counter)
	return counter, toxic{Type: "witness", Stream: stream, Attributes: map[string]int{"number": int(number)}}
}

// Pipe implements toxics.Toxic.
func (w *witness) Pipe(stub *toxics.ToxicStub) {
	counter, _ := witnesses.Load(w.Number)
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			counter.(*atomic.Int64).Add(int64(len(c.Data)))
			stub.Output <- c
		}
	}
}
