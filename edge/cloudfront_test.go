package edge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
)

// cloudFront is a distribution as the template describes it: one behavior for downloads, with the function in front of
// the bucket, and one for everything else, in front of the API. What its documentation forbids a function to do, it
// answers with 502, as CloudFront does.
type cloudFront struct {
	function *function
	domain   string
	bucket   string // path of the bucket at the embedded S3
	api      http.Handler
	mu       sync.Mutex
	fetched  []*http.Request // what the bucket was asked for
	// between is called after the function let a request through and before the bucket is asked.
	between func()
}

// newCloudFront serves a distribution in front of the API's origin.
func newCloudFront(t *testing.T, origin, bucket string) (*cloudFront, *httptest.Server) {
	t.Helper()
	target, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	c := &cloudFront{bucket: "/" + bucket, between: func() {}}
	c.api = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	srv := httptest.NewTLSServer(c)
	t.Cleanup(srv.Close)
	c.domain = srv.Listener.Addr().String()
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c.function = startFunction(t, filepath.Join(here, "code/download.mjs"), authority)
	return c, srv
}

// isDownload is the path pattern /api/v2/exports/*/download, whose * stands for slashes too.
func isDownload(path string) bool {
	inner, ok := strings.CutPrefix(path, "/api/v2/exports/")
	return ok && strings.HasSuffix(inner, "/download")
}

func (c *cloudFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isDownload(r.URL.EscapedPath()) {
		c.api.ServeHTTP(w, r)
		return
	}
	if err := c.download(w, r); err != nil {
		http.Error(w, "<html>"+err.Error()+"</html>", http.StatusBadGateway)
	}
}

// header is how Lambda@Edge has headers: by their names in lower case.
type header map[string][]struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func lambdaHeader(h http.Header) header {
	out := header{}
	for name, values := range h {
		for _, v := range values {
			out[strings.ToLower(name)] = append(out[strings.ToLower(name)], struct {
				Key   string `json:"key"`
				Value string `json:"value"`
			}{name, v})
		}
	}
	return out
}

// plain is the header as net/http has it.
func (h header) plain() http.Header {
	out := http.Header{}
	for name, values := range h {
		for _, v := range values {
			out.Add(name, v.Value)
		}
	}
	return out
}

type edgeRequest struct {
	ClientIP string `json:"clientIp"`
	Method   string `json:"method"`
	URI      string `json:"uri"`
	Query    string `json:"querystring"`
	Headers  header `json:"headers"`
}

type edgeResponse struct {
	Status            string  `json:"status"`
	StatusDescription string  `json:"statusDescription"`
	Headers           header  `json:"headers"`
	Body              *string `json:"body,omitempty"`
}

// event is what a function is called with.
func (c *cloudFront) event(kind, id string, request edgeRequest, response *edgeResponse) any {
	cf := map[string]any{
		"config":  map[string]string{"distributionDomainName": c.domain, "distributionId": "EDFDVBD6EXAMPLE", "eventType": kind, "requestId": id},
		"request": request,
	}
	if response != nil {
		cf["response"] = response
	}
	return map[string]any{"Records": []any{map[string]any{"cf": cf}}}
}

func (c *cloudFront) download(w http.ResponseWriter, r *http.Request) error {
	id := rand.Text()
	seen := r.Header.Clone()
	seen.Set("Host", r.Host)
	asked := edgeRequest{ClientIP: "203.0.113.7", Method: r.Method, URI: r.URL.EscapedPath(), Query: r.URL.RawQuery, Headers: lambdaHeader(seen)}
	raw, err := c.function.call(c.event("viewer-request", id, asked, nil))
	if err != nil {
		return err
	}
	var generated edgeResponse
	if err := json.Unmarshal(raw, &generated); err != nil {
		return err
	}
	if generated.Status != "" {
		return generated.send(w, len(raw))
	}
	var onward edgeRequest
	if err := json.Unmarshal(raw, &onward); err != nil {
		return err
	}
	if onward.Method != asked.Method || onward.ClientIP != asked.ClientIP || onward.Headers.plain().Get("Host") != r.Host {
		return errors.New("the function changed what is read-only")
	}
	c.between()
	return c.fromBucket(w, r.Context(), id, onward)
}

// fromBucket fetches the object under the origin access control and sends what the function makes of it.
func (c *cloudFront) fromBucket(w http.ResponseWriter, ctx context.Context, id string, asked edgeRequest) error {
	got, err := c.fetch(ctx, asked)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	h := got.Header.Clone()
	if got.ContentLength >= 0 {
		h.Set("Content-Length", fmt.Sprint(got.ContentLength))
	}
	response := edgeResponse{Status: fmt.Sprint(got.StatusCode), StatusDescription: http.StatusText(got.StatusCode), Headers: lambdaHeader(h)}
	raw, err := c.function.call(c.event("origin-response", id, asked, &response))
	if err != nil {
		return err
	}
	var changed edgeResponse
	if err := json.Unmarshal(raw, &changed); err != nil {
		return err
	}
	if changed.Body != nil {
		return changed.send(w, len(raw))
	}
	if changed.Status != response.Status {
		return errors.New("the function changed the status and left the body")
	}
	maps.Copy(w.Header(), changed.Headers.plain())
	w.WriteHeader(got.StatusCode)
	_, err = io.Copy(w, got.Body)
	return err
}

// fetch asks the bucket, signed as CloudFront does for an origin access control.
func (c *cloudFront) fetch(ctx context.Context, asked edgeRequest) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, asked.Method, embeds3test.Endpoint()+c.bucket+asked.URI+"?"+asked.Query, nil)
	if err != nil {
		return nil, err
	}
	req.Header = asked.Headers.plain()
	req.Header.Del("Host")
	const unsigned = "UNSIGNED-PAYLOAD"
	req.Header.Set("X-Amz-Content-Sha256", unsigned)
	credentials, err := embeds3test.Config().Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(ctx, credentials, req, unsigned, "s3", embeds3test.Region, time.Now()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.fetched = append(c.fetched, req)
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

// Of what a function may not add to a response; and how large a response of its own may be at a viewer's request.
var disallowed = []string{
	"connection", "content-length", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "trailer", "upgrade",
	"x-accel-redirect", "x-amzn-requestid", "x-cache", "x-forwarded-proto", "x-real-ip",
}

const maxGenerated = 40 << 10

// send sends a response that the function made, unless CloudFront would refuse it.
func (g edgeResponse) send(w http.ResponseWriter, size int) error {
	var status int
	if _, err := fmt.Sscan(g.Status, &status); err != nil || status < 200 || status > 599 || size > maxGenerated {
		return fmt.Errorf("a response of status %q and %d bytes", g.Status, size)
	}
	for name := range g.Headers {
		if slices.Contains(disallowed, name) || strings.HasPrefix(name, "x-amz-cf-") || strings.HasPrefix(name, "x-edge-") {
			return fmt.Errorf("a response with the header %s", name)
		}
	}
	h := g.Headers.plain()
	h.Del("Transfer-Encoding")
	maps.Copy(w.Header(), h)
	w.WriteHeader(status)
	if g.Body != nil {
		_, _ = io.WriteString(w, *g.Body) // a viewer that left needs none
	}
	return nil
}
