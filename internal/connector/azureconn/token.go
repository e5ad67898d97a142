package azureconn

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/connector/bearer"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// scope is Blob Storage; what may be done there is up to the application's roles.
const scope = "https://storage.azure.com/.default"

// application signs in by its secret.
type application struct {
	client  *http.Client
	url, id string
	secret  seal.Secret
}

// ask signs in.
func (a application) ask(ctx context.Context, now time.Time) (bearer.Grant, error) {
	reply, err := bearer.Post(ctx, a.client, a.url, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.id}, "client_secret": {a.secret.Reveal()}, "scope": {scope},
	})
	if err != nil {
		return bearer.Grant{}, err
	}
	if reply.Status != http.StatusOK {
		return bearer.Grant{}, signInRefusal(reply, now)
	}
	return bearer.ReadGrant(reply.Text)
}

// signInReasons are the sign-in's numbers (AADSTS…) in words for the connector's owner.
var signInReasons = map[int]string{
	7000215: "its client secret is not right: give the secret's value, not its id",
	7000222: "its client secret has expired",
	7000112: "it is disabled",
	700016:  "there is no such application in the tenant",
	700023:  "its client secret is missing",
	90002:   "there is no such tenant",
	900023:  "there is no such tenant",
	53003:   "the tenant's conditional access refuses it",
	500011:  "the tenant has no Azure Storage",
	7000216: "it is not one that signs in by a client secret",
}

// signInRefusal says why there is no token. A number that has no words is named, which is what Microsoft's pages are
// searched for by.
func signInRefusal(reply bearer.Reply, now time.Time) error {
	var said struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	if json.Unmarshal(reply.Text, &said) != nil { // what can't be read says nothing
		said.Error, said.Codes = "", nil
	}
	number := 0
	if len(said.Codes) > 0 {
		number = said.Codes[0]
	}
	wait, busy := guard.AsksToWait(reply.Status, reply.Header, now)
	cause := fmt.Errorf("sign-in: status %d, AADSTS%d", reply.Status, number)
	switch {
	case busy:
		return guard.Busy(cause, wait)
	case reply.Status >= 500 || reply.Status < 400 || said.Error == "temporarily_unavailable":
		return fault.Wrap(cause, fault.Unavailable, "destination_unavailable", "Microsoft's sign-in did not answer, or failed.")
	}
	reason, ok := signInReasons[number]
	if !ok {
		reason = "Microsoft's number for the reason is " + fmt.Sprintf("AADSTS%d", number)
	}
	return fault.Wrap(cause, fault.Invalid, "destination_credentials_refused", "Microsoft's sign-in refuses the connector's application: "+reason+".")
}
