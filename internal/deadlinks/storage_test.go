package deadlinks

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
)

// TestStorage: the link to the bucket of results and documents.
func TestStorage(t *testing.T) {
	t.Parallel()
	for _, m := range []moment{beforeTheOrder, whilePackaged, whileSharded, whileDelivered} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, config{flags: []string{"-s3-endpoint", customerS3}})
			s.undisturbed(m.index)
			connector, at := "", destination(nil)
			if m == whileDelivered {
				connector, at = connectS3(s)
			}
			for _, tr := range storageTroubles {
				if !tr.concerns(m) {
					continue
				}
				s.try(t, trial{s.storage, m, tr, connector, at})
			}
		})
	}
}

// concerns reports whether the trouble meets an export at the moment: while it is delivered, no file is stored.
func (tr trouble) concerns(m moment) bool {
	return m.phase != "" && m.phase != "delivering" || !slices.ContainsFunc(tr.toxics, func(x toxic) bool { return x.Stream == "upstream" && x.Attributes["bytes"] == many })
}

// TestStorageGone: requests that need the bucket are told to wait, the others are answered; a download that stops in its
// middle ends, and is seen to be none.
func TestStorageGone(t *testing.T) {
	t.Parallel()
	s := start(t, config{})
	s.undisturbed("idx_small")
	id := s.order("idx_small", "")
	s.isWhole(s.ended(id, patience), "idx_small")
	for _, tr := range []trouble{named("refused"), named("silent before the request arrives"), named("silent in place of the reply")} {
		t.Run(tr.name, func(t *testing.T) {
			s := s.in(t)
			s.storage.suffer(tr)
			defer s.storage.mend()
			s.isToldToWait("GET", "/exports/"+id+"/download", "")
			s.isToldToWait("POST", "/exports/index/idx_small", `{"dry_run":true}`)
			for _, path := range []string{"/exports/" + id, "/exports"} {
				if status, _, text, took, err := s.ask("GET", path, s.local.APIKeys.Read, ""); status != http.StatusOK || err != nil || took > fast {
					t.Errorf("GET %s after %v: %d %s, %v", path, took, status, text, err)
				}
			}
		})
	}
	want := s.files(id)[id+".json"]
	for _, tr := range []trouble{bulkTroubles[0], bulkTroubles[2], {}} {
		s.storage.suffer(tr)
		status, _, text, took, err := s.ask("GET", "/exports/"+id+"/download", s.local.APIKeys.Read, "")
		if status != http.StatusOK || took > soon || (err == nil) != (tr.name == "") || (err == nil) != bytes.Equal(text, want) {
			t.Errorf("%s: after %v, %d bytes of %d: %d, %v", tr.name, took, len(text), len(want), status, err)
		}
		s.storage.mend()
	}
}
