package cost

import "github.com/videovector/exports/internal/artifact"

// What was measured or is promised of a function.
const (
	// network is what a function moves, both directions together, in bytes per second: 78 MB/s.
	network = 78e6
	// wholeCPU is the memory at which a function has one processor, in MB; with less it has a share of one.
	wholeCPU = 1769
	// stepSeconds is what a step takes beside its bytes: the invocation, its record, its work files.
	stepSeconds = 0.25
	// recordUnits are the write units of an export's record, which has up to 3 KB.
	recordUnits = 3
	// noteSeconds is how often a shard notes how far it is; a note is a write unit.
	noteSeconds = 2
	// keptDays is how long an artifact is kept.
	keptDays = 7
	// inputBytes is the usual part of a run's results.
	inputBytes = 32 << 20
	// childGB is the memory that an express child is billed for: the smallest step there is.
	childGB = 0.0625
)

// What a month was assumed to be, beside what was measured.
const (
	minutesOfMonth = 30 * 24 * 60
	// requestsOfExport are the requests that come with an export: it is created, looked at eight times, and downloaded.
	requestsOfExport = 10
	// requestSeconds is what the function behind a request takes, and authorizeSeconds what the authorizer takes.
	requestSeconds, authorizeSeconds = 0.05, 0.02
	// requestLogBytes are a request's lines: the gateway's, the function's, and Lambda's own of two functions.
	requestLogBytes = 1700
	// stepLogBytes are a step's line, its metrics' and Lambda's own.
	stepLogBytes = 1200
	// usualReasons is how many reasons of failures a month sees.
	usualReasons = 5
	// tracedShare is what X-Ray samples by itself, beside one request a second.
	tracedShare = 0.05
)

// rate is how fast a format is made: bytes of results by a second of one processor, and bytes written for a byte read.
// Processor times are `make bench`'s, on the machine that its report names; sizes are those of its corpus.
type rate struct {
	perCPU float64
	size   float64
}

// pace is the rate of a format and its compression.
func pace(f artifact.Format, c artifact.Compression) rate {
	switch {
	case f == artifact.CSV:
		return rate{320e6, 0.74}
	case f == artifact.Parquet:
		return rate{165e6, 0.14}
	case c == artifact.Gzip:
		return rate{178e6, 0.20}
	case c == artifact.Zstd:
		return rate{180e6, 0.17}
	}
	return rate{360e6, 1}
}

// seconds is how long a function of that memory packs the bytes: reading, writing and working overlap, and the slower
// of network and processor decides.
func (r rate) seconds(bytes int64, memoryMB int) float64 {
	moving := float64(bytes) * (1 + r.size) / network
	working := float64(bytes) / r.perCPU / min(1, float64(memoryMB)/wholeCPU)
	return max(moving, working)
}
