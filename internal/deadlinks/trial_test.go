package deadlinks

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// moment is when a trouble sets in: before the export is ordered, or in a phase of it.
type moment struct {
	name  string
	index string
	phase string // "" is before the order
	pace  int    // kB/s that results and documents come at, so that the phase lasts; 0 is any
}

var (
	beforeTheOrder = moment{"before the order", "idx_small", "", 0}
	whilePackaged  = moment{"while it is packaged", "idx_small", "packaging", 500}
	whileSharded   = moment{"while it is packaged in shards", "idx_large", "packaging", 500}
	whileDelivered = moment{"while it is delivered", "idx_small", "delivering", 500}
)

// trial is one trouble of one link at one moment.
type trial struct {
	link      *link
	moment    moment
	trouble   trouble
	connector string      // "" is a download
	at        destination // of the connector
}

// try plays the trial. A trouble that only slows is there all the time. Any other sets in at the moment and goes once the
// service has met it. The export is what it would have been without.
func (s *service) try(t *testing.T, tr trial) {
	t.Run(tr.trouble.name, func(t *testing.T) {
		s := s.in(t)
		begun := time.Now()
		var id string
		switch {
		case tr.trouble.slows:
			tr.link.suffer(tr.trouble)
			id = s.order(tr.moment.index, tr.connector)
		case tr.moment.phase == "":
			tr.link.suffer(tr.trouble)
			if tr.link == s.records {
				s.isToldToWait("POST", "/exports/index/idx_small", "{}")
				tr.link.mend()
			}
			id = s.order(tr.moment.index, tr.connector)
		default:
			s.storage.pace(tr.moment.pace)
			id = s.order(tr.moment.index, tr.connector)
			s.until(patience, tr.moment.phase, func() bool {
				p := s.show(id).Progress
				return p != nil && p.Phase == tr.moment.phase
			})
			begun := s.storage.carried.Load() // of what the phase reads
			s.until(patience, "reading", func() bool { return s.storage.carried.Load() > begun+many })
			tr.link.suffer(tr.trouble)
		}
		if !tr.trouble.slows && (tr.link != s.records || tr.moment.phase != "") {
			s.until(patience, "noticed", func() bool { return len(s.troubled(id)) > 0 })
			t.Logf("noticed after %v: %s %s", time.Since(begun).Round(10*time.Millisecond), s.troubled(id)[0].Step, s.troubled(id)[0].Code)
			tr.link.mend()
			s.storage.pace(0)
		}
		e := s.ended(id, patience)
		t.Logf("ended after %v", time.Since(begun).Round(10*time.Millisecond))
		if !tr.trouble.refused && tr.link.met.Load() == 0 {
			t.Error("nothing has met the trouble")
		}
		tr.link.mend()
		s.isWhole(e, tr.moment.index)
		if tr.connector != "" {
			s.isDelivered(e, tr.at)
		}
	})
}

// in is the service in the eyes of a subtest.
func (s *service) in(t *testing.T) *service {
	c := *s
	c.t = t
	return &c
}

// soon is how long an answer may take however dead a link is: what the authorizer has.
const soon = 10 * time.Second

// isToldToWait makes a request that can't be served just now, and holds its answer to the contract.
func (s *service) isToldToWait(method, path, body string) {
	s.t.Helper()
	status, header, text, took, err := s.ask(method, path, s.local.APIKeys.Write, body)
	var answer struct {
		Error struct {
			Code, Message string
			RequestID     string `json:"request_id"`
		}
	}
	wait, number := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || status != http.StatusServiceUnavailable || number != nil || wait < 1 || took > soon || json.Unmarshal(text, &answer) != nil ||
		answer.Error.Code == "" || answer.Error.RequestID != header.Get("X-Request-Id") || strings.Contains(answer.Error.Message, "127.0.0.1") {
		s.t.Errorf("%s %s after %v: %d %v %s, %v; want 503 within %v, with Retry-After", method, path, took, status, header, text, err, soon)
	}
}
