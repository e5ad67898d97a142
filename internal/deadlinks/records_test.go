package deadlinks

import (
	"testing"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

// TestRecords: the link to the record store, of which every request and every step has need.
func TestRecords(t *testing.T) {
	t.Parallel()
	for name, moments := range map[string][]moment{
		"before the order, and while it is packaged": {beforeTheOrder, whilePackaged},
		"in shards":             {whileSharded},
		"while it is delivered": {whileDelivered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, config{dynamoDB: dynamolocal.Own(t), flags: []string{"-s3-endpoint", customerS3}})
			id, at := connectS3(s)
			for _, m := range moments {
				s.undisturbed(m.index)
				connector, destination := "", destination(nil)
				if m == whileDelivered {
					connector, destination = id, at
				}
				t.Run(m.name, func(t *testing.T) {
					for _, tr := range recordsTroubles {
						s.try(t, trial{s.records, m, tr, connector, destination})
					}
				})
			}
			s.onlyOrdered(t)
		})
	}
}

// onlyOrdered finds as many exports as were ordered: an order that was repeated, because its answer was lost, made one.
func (s *service) onlyOrdered(t *testing.T) {
	t.Helper()
	seen := 0
	for _, err := range s.api.Exports.List(t.Context(), client.ListExportsParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
	}
	if ordered := int(s.ordered.Load()); seen != ordered {
		t.Errorf("there are %d exports, of %d that were ordered", seen, ordered)
	}
}

// TestRecordsGone for longer than everybody tries: the task, the failure's own task, and the one who is told of the
// execution's end. Once the records are back, the export ends by itself, and long before its lease does.
func TestRecordsGone(t *testing.T) {
	t.Parallel()
	s := start(t, config{dynamoDB: dynamolocal.Own(t)})
	s.undisturbed("idx_small")
	s.storage.pace(whilePackaged.pace)
	id := s.order("idx_small", "")
	s.until(patience, "packaging", func() bool { return s.show(id).Progress.Phase == "packaging" })
	s.records.suffer(named("refused"))
	s.until(patience, "given up", func() bool {
		all := s.troubled(id)
		return len(all) > 0 && all[len(all)-1].Message == "sweeping failed"
	})
	s.isToldToWait("GET", "/exports/"+id, "")
	s.records.mend()
	e := s.ended(id, patience)
	s.isWhole(e, "idx_small")
	if e.Attempts != 2 {
		t.Errorf("%d attempts were made: was the first one's end handed over?", e.Attempts)
	}
}
