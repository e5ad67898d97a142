package kill

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/videovector/exports/internal/failpoint/trial"
)

// kind is what becomes of an export.
type kind string

const (
	ordinary            kind = "an export"
	cancelled           kind = "an export that is cancelled"
	cancelledLate       kind = "an export that is cancelled while it is delivered"
	cancelledAndRetried kind = "an export that is cancelled and retried"
	removed             kind = "an export that is deleted"
	doomed              kind = "an export to a bucket that isn't there, and then is"
	automation          kind = "an automation's export"
)

// selection is what an export is made of.
type selection string

const (
	archive     selection = "the archive"
	archiveRuns selection = "two runs of the archive"
	oneRun      selection = "one run"
	oneLarge    selection = "a run of several parts"
	manyLarge   selection = "three runs, a shard each"
	wideShards  selection = "two runs, a shard of several parts each"
)

// Where exports go besides the service's own bucket.
const (
	nowhere = ""
	toS3    = "s3"
	toGCS   = "gcs"
	toAzure = "azure"
)

// schedule is what a seed stands for.
type schedule struct {
	seed        uint64
	rng         *rand.Rand
	place       place
	bootstraps  bool // functions are processes of their own
	victim      trial.Victim
	passage     int
	before      string // a place where somebody is killed before
	after       string // or after
	kind        kind
	from        selection
	formats     []string
	compression string
	to          string
	keyed       bool // requests have an Idempotency-Key
	companions  int  // further exports at the same time, which nobody disturbs but the kill
}

// newSchedule takes places in turns, so that few seeds in a row are spread over all the way of an export, and plays each of
// them in one process and in many by turns, too.
func newSchedule(seed uint64) *schedule {
	s := &schedule{seed: seed, rng: rand.New(rand.NewPCG(seed, 20))}
	n := uint64(len(places))
	turn, round := seed*stride(n)%n, seed/n
	s.place, s.bootstraps = places[turn], (turn+round)%2 == 0
	s.kind, s.keyed, s.companions = ordinary, s.rng.IntN(4) > 0, s.rng.IntN(3)/2
	s.from = pick(s.rng, archive, archive, archiveRuns, oneRun, oneLarge, manyLarge)
	s.formats = pick(s.rng, []string{"json"}, []string{"ndjson"}, []string{"csv"}, []string{"parquet"}, []string{"json", "csv"}, []string{"ndjson", "parquet"})
	s.compression = pick(s.rng, "", "", "gzip", "zstd")
	s.to = pick(s.rng, nowhere, toS3, toGCS, toAzure)
	s.place.needs(s)
	if len(s.formats) == 1 && s.formats[0] == "parquet" {
		s.compression = "" // it is compressed inside
	}
	if s.kind == automation {
		s.from, s.formats, s.compression, s.companions = archive, []string{"json"}, "", 0
	}
	if s.kind == cancelledLate && s.to == nowhere {
		s.to = toS3
	}
	s.passage = 1 + s.rng.IntN(s.place.most)
	if s.place.in == "control-export" && s.kind != cancelledAndRetried {
		s.passage = 1
	}
	s.victim = trial.Process
	if s.bootstraps && s.place.in != "" && s.rng.IntN(2) == 0 {
		s.victim = trial.Service
	}
	if s.before == "" && s.rng.IntN(4) == 0 {
		s.after = pick(s.rng, "finish.ending", "finish.ended", "assemble.recorded", "event.sent", "execution.answered")
	}
	return s
}

// stride is a number of steps that comes by each of n places before it comes by one again.
func stride(n uint64) uint64 {
	step := n * 5 / 8
	for divisor(step, n) != 1 {
		step++
	}
	return step
}

// divisor is the greatest that both have.
func divisor(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// kills are what is armed, in order.
func (s *schedule) kills() (all []trial.Armed) {
	if s.before != "" {
		all = append(all, trial.Armed{Place: s.before, Passage: 1, Victim: trial.Process})
	}
	all = append(all, trial.Armed{Place: s.place.name, Passage: s.passage, Victim: s.victim})
	if s.after != "" {
		all = append(all, trial.Armed{Place: s.after, Passage: 1, Victim: trial.Process})
	}
	return all
}

// String describes the schedule to whoever has to find out what it broke.
func (s *schedule) String() string {
	where := "in one process"
	if s.bootstraps {
		where = "functions as processes, " + string(s.victim) + " killed"
	}
	kills := fmt.Sprintf("passage %d of %s", s.passage, s.place.name)
	if s.before != "" {
		kills = s.before + ", then " + kills
	}
	if s.after != "" {
		kills += ", then " + s.after
	}
	key := "without a key"
	if s.keyed {
		key = "under a key"
	}
	return fmt.Sprintf("%s: %s of %s as %s %s to %s, %s, %d beside it; %s", kills, s.kind, s.from, strings.Join(s.formats, "+"),
		cmp.Or(s.compression, "plain"), cmp.Or(s.to, "nowhere"), key, s.companions, where)
}

// body is the request for an export; connector "" delivers nowhere.
func (s *schedule) body(connector string) string {
	order := map[string]any{"formats": s.formats}
	if s.compression != "" {
		order["compression"] = s.compression
	}
	if s.from == archiveRuns {
		order["prompt_run_ids"] = []string{"run_123", "run_124"}
	}
	if connector != "" {
		order["destination_connector_id"], order["destination_subpath"] = connector, s.subpath()
	}
	text, err := json.Marshal(order)
	if err != nil {
		panic(err) // strings
	}
	return string(text)
}

func (s *schedule) subpath() string { return fmt.Sprintf("seed/%d", s.seed) }

// path is where the export is asked for.
func (s *schedule) path() string {
	switch s.from {
	case oneRun:
		return "/exports/prompt-run/run_123"
	case oneLarge:
		return "/exports/index/idx_one"
	case manyLarge:
		return "/exports/index/idx_many"
	}
	if s.from == wideShards {
		return "/exports/index/idx_wide"
	}
	return "/exports/index/idx_archive"
}

// contents names what the export holds, so that those of one name are held against each other.
func (s *schedule) contents() string {
	return fmt.Sprint(s.from, s.formats, s.compression)
}
