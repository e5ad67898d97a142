package deadlinks

import (
	"slices"
	"testing"
)

// TestStorage: the link to the bucket of results and documents.
func TestStorage(t *testing.T) {
	for _, m := range []moment{beforeTheOrder, whilePackaged, whileSharded, whileDelivered} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, config{flags: []string{"-s3-endpoint", customerS3}})
			s.undisturbed(m.index)
			connector, at := "", destination(nil)
			if m == whileDelivered {
				connector, at = connectS3(s)
			}
			for _, tr := range slices.Concat(troubles, bulkTroubles) {
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
