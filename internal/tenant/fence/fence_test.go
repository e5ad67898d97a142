package fence_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/tenant"
	"github.com/videovector/exports/internal/tenant/fence"
)

const roleARN = "arn:aws:iam::123456789012:role/stack-PlanAccountRole"

// stsServer gives a session whose access key id names the account of its tag, and remembers what it was asked.
type stsServer struct {
	t       *testing.T
	life    time.Duration
	refusal string // code of the refusal; "" for none

	mu    sync.Mutex
	asked []string // accounts, in order
}

// ServeHTTP implements http.Handler.
func (s *stsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	account := r.Form.Get("Tags.member.1.Value")
	s.mu.Lock()
	s.asked = append(s.asked, account)
	s.mu.Unlock()
	if r.Form.Get("Action") != "AssumeRole" || r.Form.Get("RoleArn") != roleARN || r.Form.Get("DurationSeconds") != "3600" ||
		r.Form.Get("Tags.member.1.Key") != "account_id" || r.Form.Has("Tags.member.2.Key") || r.Form.Has("TransitiveTagKeys.member.1") {
		s.t.Errorf("asked %v", r.Form)
	}
	if name := r.Form.Get("RoleSessionName"); !strings.HasPrefix(name, "account-") || len(name) > 64 {
		s.t.Errorf("a session named %q", name)
	}
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIAFUNCTION/") {
		s.t.Errorf("signed by %q", r.Header.Get("Authorization"))
	}
	if s.refusal != "" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>canary</Message></Error></ErrorResponse>`, s.refusal)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA-%s</AccessKeyId>`+
		`<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		account, time.Now().Add(s.life).UTC().Format(time.RFC3339Nano))
}

func (s *stsServer) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// start gives a Provider over a server of sessions that live so long.
func start(t *testing.T, life time.Duration) (*fence.Provider, *stsServer) {
	t.Helper()
	s := &stsServer{t: t, life: life}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := sts.New(sts.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAFUNCTION", "secret", ""), BaseEndpoint: &server.URL,
		Retryer: aws.NopRetryer{},
	})
	return fence.New(client, roleARN), s
}

func TestSessionIsTheAccounts(t *testing.T) {
	p, s := start(t, fence.Life)
	for range 2 {
		for _, account := range []string{"acct_1", "acct_2", strings.Repeat("a", 128)} {
			c, err := p.Retrieve(tenant.With(t.Context(), account))
			if err != nil || c.AccessKeyID != "ASIA-"+account {
				t.Errorf("for %s: %q, %v", account, c.AccessKeyID, err)
			}
			if rest := time.Until(c.Expires); !c.CanExpire || rest < fence.Life-time.Minute || rest > fence.Life {
				t.Errorf("the session ends in %v, want its real end", rest)
			}
		}
	}
	if s.calls() != 3 {
		t.Errorf("asked for %q, want each account once", s.asked)
	}
}

// TestNoAccountNoCredentials: what can't be an account gets nothing, wildcards of IAM included, and STS isn't asked.
func TestNoAccountNoCredentials(t *testing.T) {
	p, s := start(t, fence.Life)
	for _, ctx := range []context.Context{
		t.Context(), tenant.With(t.Context(), ""), tenant.With(t.Context(), "*"), tenant.With(t.Context(), "acct_?"),
		tenant.With(t.Context(), "a/../b"), tenant.With(t.Context(), strings.Repeat("a", 129)),
	} {
		if c, err := p.Retrieve(ctx); !fault.Is(err, fault.Internal) || c.HasKeys() {
			t.Errorf("for %q: %v", tenant.Account(ctx), err)
		}
	}
	if s.calls() != 0 {
		t.Errorf("asked for %q", s.asked)
	}
}

// TestManyAtOnce: of many at once each gets its own account's session, and an account is asked for once.
func TestManyAtOnce(t *testing.T) {
	p, s := start(t, fence.Life)
	var all sync.WaitGroup
	for n := range 400 {
		all.Go(func() {
			account := fmt.Sprintf("acct_%d", n%20)
			c, err := p.Retrieve(tenant.With(t.Context(), account))
			if err != nil || c.AccessKeyID != "ASIA-"+account {
				t.Errorf("for %s: %q, %v", account, c.AccessKeyID, err)
			}
		})
	}
	all.Wait()
	if s.calls() != 20 {
		t.Errorf("%d calls for 20 accounts", s.calls())
	}
}

// TestRenewal: a session is used until its reserve begins, and not after.
func TestRenewal(t *testing.T) {
	p, s := start(t, fence.Reserve+1500*time.Millisecond)
	ctx := tenant.With(t.Context(), "acct_1")
	for begun := time.Now(); time.Since(begun) < 2*time.Second && s.calls() < 2; time.Sleep(50 * time.Millisecond) {
		if c, err := p.Retrieve(ctx); err != nil || time.Until(c.Expires) < fence.Reserve-time.Second {
			t.Fatalf("a session that ends in %v, %v", time.Until(c.Expires), err)
		}
		if time.Since(begun) < time.Second && s.calls() != 1 {
			t.Fatal("renewed too early")
		}
	}
	if s.calls() != 2 {
		t.Errorf("%d sessions, want the second one by now", s.calls())
	}
}

// TestBounded: however many accounts pass through, few sessions are kept, and the forgotten are had again.
func TestBounded(t *testing.T) {
	p, s := start(t, fence.Life)
	get := func(n int) {
		account := fmt.Sprintf("acct_%d", n)
		if c, err := p.Retrieve(tenant.With(t.Context(), account)); err != nil || c.AccessKeyID != "ASIA-"+account {
			t.Fatalf("for %s: %q, %v", account, c.AccessKeyID, err)
		}
	}
	for n := range 100 {
		get(n)
	}
	get(99)
	if s.calls() != 100 {
		t.Errorf("the last one was forgotten: %d calls", s.calls())
	}
	get(0)
	if s.calls() != 101 {
		t.Errorf("the first one was kept: %d calls", s.calls())
	}
}

// TestRefusalsCloseTheDoor: no session, no credentials; the failure can pass, and shows nothing of STS's words.
func TestRefusalsCloseTheDoor(t *testing.T) {
	for code, kind := range map[string]fault.Kind{"AccessDenied": fault.Unavailable, "Throttling": fault.Throttled} {
		p, s := start(t, fence.Life)
		s.refusal = code
		c, err := p.Retrieve(tenant.With(t.Context(), "acct_1"))
		if !fault.Is(err, kind) || c.HasKeys() || strings.Contains(fault.As(err).Message, "canary") || fault.As(err).RetryAfter < time.Second {
			t.Errorf("%s: %v", code, err)
		}
		s.refusal = ""
		if _, err := p.Retrieve(tenant.With(t.Context(), "acct_1")); err != nil {
			t.Errorf("after %s: %v", code, err)
		}
	}
}

// signers are the access keys that requests were signed with, by the account in their path or body.
type signers struct {
	mu   sync.Mutex
	seen map[string]map[string]bool
}

func (s *signers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(after, "/")
	account := strings.Split(r.URL.Path, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[account[len(account)-1]] == nil {
		s.seen[account[len(account)-1]] = map[string]bool{}
	}
	s.seen[account[len(account)-1]][key] = true
	w.WriteHeader(http.StatusNotFound)
}

// TestClientsKeepAccountsApart: one client of the SDK, used for many accounts at once, signs each request with the
// session of the request's account.
func TestClientsKeepAccountsApart(t *testing.T) {
	p, _ := start(t, fence.Life)
	seen := &signers{seen: map[string]map[string]bool{}}
	server := httptest.NewServer(seen)
	t.Cleanup(server.Close)
	bucket := s3blob.New(s3blob.NewClient(aws.Config{Region: "us-east-1", Credentials: p}, server.URL), "artifacts")
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			account := fmt.Sprintf("acct_%d", n%10)
			if _, err := bucket.Head(tenant.With(t.Context(), account), "artifacts/"+account); !fault.Is(err, fault.NotFound) {
				t.Errorf("for %s: %v", account, err)
			}
		})
	}
	all.Wait()
	for n := range 10 {
		account := fmt.Sprintf("acct_%d", n)
		if len(seen.seen[account]) != 1 || !seen.seen[account]["ASIA-"+account] {
			t.Errorf("requests for %s were signed by %v", account, seen.seen[account])
		}
	}
}

// TestLinkEndsWithItsSession: a link for longer than the session lives says so, and lives at least the reserve.
func TestLinkEndsWithItsSession(t *testing.T) {
	p, _ := start(t, 40*time.Minute)
	bucket := s3blob.New(s3.NewFromConfig(aws.Config{Region: "us-east-1", Credentials: p}), "artifacts")
	url, ends, err := bucket.Presign(tenant.With(t.Context(), "acct_1"), "artifacts/acct_1/a", "a.json", 6*time.Hour)
	if err != nil || !strings.Contains(url, "ASIA-acct_1") {
		t.Fatalf("%s, %v", url, err)
	}
	if life := time.Until(ends); life < 39*time.Minute || life > 40*time.Minute {
		t.Errorf("the link lives %v, its session 40 min", life)
	}
	if _, _, err := bucket.Presign(t.Context(), "artifacts/acct_1/a", "a.json", time.Hour); err == nil {
		t.Error("a link was made for no account")
	}
}

// TestFailureKeepsItsKind through a client of DynamoDB, as the state machine needs it.
func TestFailureKeepsItsKind(t *testing.T) {
	p, s := start(t, fence.Life)
	s.refusal = "AccessDenied"
	client := dynamodb.NewFromConfig(aws.Config{Region: "us-east-1", Credentials: p, Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
	_, err := client.GetItem(tenant.With(t.Context(), "acct_1"), &dynamodb.GetItemInput{
		TableName: aws.String("table"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "ACCT#acct_1"}},
	})
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Unavailable {
		t.Errorf("failed with %v", err)
	}
}

// TestRoleOfAnother: a customer's role is taken under the account's session, though the SDK cuts contexts on the way.
func TestRoleOfAnother(t *testing.T) {
	p, _ := start(t, fence.Life)
	signed := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	client := sts.New(sts.Options{Region: "us-east-1", Credentials: p, BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{}})
	customers := aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, "arn:aws:iam::999999999999:role/customer"))
	if _, err := customers.Retrieve(tenant.With(t.Context(), "acct_1")); err == nil {
		t.Error("a refusal gave credentials")
	}
	if got := <-signed; !strings.Contains(got, "Credential=ASIA-acct_1/") {
		t.Errorf("signed by %q", got)
	}
}
