package s3conn

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// sessionLife is how long a role is taken for; AWS allows no more to one that is taken by another role, as the
// service's functions are. It is taken again five minutes before its end.
const (
	sessionLife  = time.Hour
	expiryWindow = 5 * time.Minute
)

// role takes the connector's role whenever its credentials are about to end. The external id is what keeps one customer
// from naming another one's role, so a role without one isn't taken.
func (o Opener) role(c store.Connector) (aws.CredentialsProvider, error) {
	if err := errors.Join(connector.CheckRoleARN(c.RoleARN), connector.CheckExternalID(c.ExternalID)); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "connector_unusable", "The connector's role or external id is not one of AWS's.")
	}
	if o.Self.Credentials == nil {
		return nil, fault.New(fault.Invalid, "connector_role_unsupported", "Connectors with a role can't be used here: this service has no credentials of AWS to take one.")
	}
	client := sts.New(sts.Options{
		Region: o.Self.Region, Credentials: o.Self.Credentials, HTTPClient: bounded{o.Client}, Retryer: o.retryer(),
	}, func(s *sts.Options) {
		if o.STSEndpoint != "" {
			s.BaseEndpoint = &o.STSEndpoint
		}
	})
	session := stscreds.NewAssumeRoleProvider(client, c.RoleARN, func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName, a.ExternalID, a.Duration = sessionName(c.ID), &c.ExternalID, sessionLife
	})
	return aws.NewCredentialsCache(explained{session}, func(co *aws.CredentialsCacheOptions) { co.ExpiryWindow = expiryWindow }), nil
}

// sessionName says in the customer's own logs which connector it was.
func sessionName(connectorID string) string {
	name := "videovector-" + strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, connectorID)
	return name[:min(len(name), 64)]
}

// explained gives the refusals of STS words, before they look like the bucket's.
type explained struct{ aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (e explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	keys, err := e.CredentialsProvider.Retrieve(ctx)
	return keys, explainSTS(err)
}

// roleReasons are STS's error codes in words for the connector's owner.
var roleReasons = map[string]*fault.Error{
	"AccessDenied": fault.New(fault.Invalid, "destination_role_refused",
		"The connector's role can't be taken: it doesn't exist, or its trust policy doesn't let this service's principal call sts:AssumeRole with the connector's external_id as sts:ExternalId."),
	"ValidationError":         fault.New(fault.Invalid, "destination_role_refused", "The connector's role can't be taken: STS takes neither its ARN nor its external id so."),
	"PackedPolicyTooLarge":    fault.New(fault.Invalid, "destination_role_refused", "The connector's role can't be taken: its policies and tags are too large."),
	"RegionDisabledException": fault.New(fault.Internal, "role_region_disabled", "Roles can't be taken just now."),
}

func explainSTS(err error) error {
	if err == nil {
		return nil
	}
	if known := within(err); known != nil {
		return known
	}
	if busy := busy(err); busy != nil {
		return busy
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if r, ok := roleReasons[api.ErrorCode()]; ok {
			return fault.Wrap(err, r.Kind, r.Code, r.Message)
		}
		if status(err)/100 == 4 { // with credentials of the service's own, which are not the customer's to mend
			return fault.Wrap(err, fault.Internal, "role_unavailable", "The connector's role could not be taken.")
		}
	}
	return fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The service of AWS that gives roles did not answer.")
}
