package deadlinks

import (
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

// gonePatience is how long an export to a destination that is gone may take to end. Between its three attempts it waits for
// 15 and 30 seconds; within each of them, waits are shorter here, and calls are given up sooner, than when deployed.
const gonePatience = 3 * time.Minute

// uris begin the addresses of what is delivered.
var uris = map[string]string{"S3": "s3://customer-", "GCS": "gs://customer-", "Azure": "https://devstoreaccount1.blob.core.windows.net/customer-"}

// TestDestinationGone for good: the export fails, says of which destination and what to do, and leaves nothing there.
// Meanwhile others are served. Once the destination is back, a retry delivers what was packaged long ago.
func TestDestinationGone(t *testing.T) {
	t.Parallel()
	refused, silent := named("refused"), named("silent before the request arrives")
	for name, how := range map[string]map[string]trouble{
		"S3 and Azure refused, GCS silent": {"S3": refused, "GCS": silent, "Azure": refused},
		"S3 and Azure silent, GCS refused": {"S3": silent, "GCS": refused, "Azure": silent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, cfg := clouds(t)
			s := start(t, cfg)
			s.undisturbed("idx_small")
			ids, at := map[string]string{}, map[string]destination{}
			for provider, c := range all {
				var connector string
				connector, at[provider] = c.connect(s)
				c.link.suffer(how[provider])
				ids[provider] = s.order("idx_small", connector)
			}
			stop := s.others()
			begun := time.Now()
			s.isWhole(s.ended(s.order("idx_small", ""), patience), "idx_small")
			for provider, id := range ids {
				e := s.ended(id, gonePatience)
				t.Logf("%s: %s after %v: %s", provider, e.QueueStatus, time.Since(begun).Round(time.Second), e.ErrorMessage)
				s.isGivenUp(e, uris[provider])
			}
			stop()
			for provider, id := range ids {
				all[provider].link.mend()
				if standing, open := at[provider].keys("team/"), at[provider].uploads(); len(standing) > 0 || len(open) > 0 {
					t.Errorf("%s: %v stand and %v are open at a destination that was gone", provider, standing, open)
				}
				if _, err := s.api.Exports.Retry(t.Context(), id, client.ControlParams{}); err != nil {
					t.Fatal(err)
				}
				e := s.ended(id, patience)
				s.isWhole(e, "idx_small")
				s.isDelivered(e, at[provider])
			}
		})
	}
}

// isGivenUp holds an export to a destination that was gone against what its owner is to read.
func (s *service) isGivenUp(e *client.Export, uri string) {
	s.t.Helper()
	if e.Status != "failed" || e.QueueStatus != "dead_letter" || e.Attempts != 3 || e.DestinationURI != "" || e.DeliveryReceipt != nil {
		s.t.Errorf("%s is %s/%s after %d attempts, and delivered to %q", e.ID, e.Status, e.QueueStatus, e.Attempts, e.DestinationURI)
	}
	if !strings.Contains(e.ErrorMessage, uri) || !strings.Contains(e.ErrorMessage, "did not answer") || !strings.Contains(e.ErrorMessage, "retry the export") {
		s.t.Errorf("the owner reads %q", e.ErrorMessage)
	}
	for _, secret := range s.secrets {
		if strings.Contains(e.ErrorMessage+e.LastError, secret) {
			s.t.Errorf("the owner reads the secret %.12s…", secret)
		}
	}
}

// named is the trouble of the name.
func named(name string) trouble {
	for _, tr := range troubles {
		if tr.name == name {
			return tr
		}
	}
	panic("there is no trouble " + name)
}
