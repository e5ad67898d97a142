// Package fence gives calls of AWS the powers of one account of ours and no more: a role is taken with the account as a
// session tag, and the role's policies let a session reach only what bears its tag. Which account it is comes with the
// context (internal/tenant). Without one there are no credentials at all.
package fence

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/tenant"
)

// TagKey is the session tag that holds the account. template.yaml's policies speak of it as aws:PrincipalTag/account_id.
const TagKey = "account_id"

const (
	// Life is a session's, all that AWS gives to a role taken by a role.
	Life = time.Hour
	// Reserve is how long a session must still live to be used. A presigned link ends with the session that signed it, so
	// this is also the least that a link lives.
	Reserve = 30 * time.Minute
	// maxSessions bounds what a process keeps. A function works on one account at a time, so a forgotten one costs a call.
	maxSessions = 64
)

// Provider implements aws.CredentialsProvider. It is safe for concurrent use. It must not be put behind an
// aws.CredentialsCache, which knows nothing of accounts.
type Provider struct {
	client  stscreds.AssumeRoleAPIClient
	roleARN string

	mu       sync.Mutex
	sessions map[string]*aws.CredentialsCache
	order    []string // of accounts, the longest known first
}

var _ aws.CredentialsProvider = (*Provider)(nil)

// New takes the role by the client, which is signed with the function's own credentials.
func New(client stscreds.AssumeRoleAPIClient, roleARN string) *Provider {
	return &Provider{client: client, roleARN: roleARN, sessions: map[string]*aws.CredentialsCache{}}
}

// Retrieve gives the session of the context's account. A failure is a *fault.Error, and nothing stands in for the session.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	account := tenant.Account(ctx)
	if !export.ValidID(account) { // nor can a wildcard of IAM be one
		return aws.Credentials{}, fault.New(fault.Internal, "account_missing", "The work is for no account.")
	}
	c, err := p.session(account).Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, failure(err)
	}
	c.Expires = c.Expires.Add(Reserve) // the cache gives the time of renewal; a link needs the session's real end
	return c, nil
}

// session is the account's cache, which calls STS once for however many wait. With the tables full the oldest is forgotten.
func (p *Provider) session(account string) *aws.CredentialsCache {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.sessions[account]; ok {
		return s
	}
	if len(p.order) == maxSessions {
		delete(p.sessions, p.order[0])
		p.order = slices.Delete(p.order, 0, 1)
	}
	role := stscreds.NewAssumeRoleProvider(p.client, p.roleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = "account-"+account[:min(len(account), 56)], Life
		o.Tags = []types.Tag{{Key: aws.String(TagKey), Value: aws.String(account)}}
	})
	s := aws.NewCredentialsCache(role, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = Reserve })
	p.sessions[account], p.order = s, append(p.order, account)
	return s
}

// failure is worth another try whatever it is: a role that was just deployed is refused for some seconds.
func failure(err error) error {
	f := fault.Wrap(err, fault.Unavailable, "session_failed", "The service could not begin its work just now. Try again.")
	var canceled *aws.RequestCanceledError
	if !errors.As(err, &canceled) && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary {
		f = fault.Wrap(err, fault.Throttled, "session_throttled", "The service is under load. Try again in a moment.")
	}
	f.RetryAfter = time.Second
	return f
}
