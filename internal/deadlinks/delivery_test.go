package deadlinks

import "testing"

// partTroubles set in when most of a file has been uploaded by parts. One part is all that has to be sent again.
var partTroubles = []trouble{
	{name: "closed in the middle of a later part", slows: true, toxics: []toxic{up("limit_data", map[string]int{"bytes": laterPart})}},
	{name: "silent in the middle of a later part", slows: true, toxics: []toxic{up("stall", map[string]int{"bytes": laterPart})}},
}

// laterPart is in the last part of 16 MiB, or the last block or chunk of 8 MiB, of a document of idx_huge, in bytes.
const laterPart = 17_000_000

var huge = moment{"while it is delivered by parts", "idx_huge", "delivering", 0}

// TestDelivery: the link to a customer's storage. Whatever becomes of it, everybody else is served.
func TestDelivery(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"S3", "GCS", "Azure"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			all, cfg := clouds(t)
			cfg.huge = true
			s := start(t, cfg)
			s.undisturbed("idx_small")
			connector, at := all[provider].connect(s)
			defer s.others()()
			for _, tr := range cloudTroubles {
				s.try(t, trial{all[provider].link, whileDelivered, tr, connector, at})
			}
			s.undisturbed(huge.index)
			for _, tr := range partTroubles {
				s.try(t, trial{all[provider].link, huge, tr, connector, at})
			}
		})
	}
}
