package cost

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/steps"
)

// Model computes what exports take.
type Model struct {
	Machine Machine
	Memory  map[string]int // MB of functions, by name
	Watched Watched
}

// Watched is what the template watches the service by.
type Watched struct {
	Filters    int // metrics made of the access log
	AlarmInput int // metrics that alarms look at, each as often as an alarm does
	Dashboards int
}

// Work is an export of one format.
type Work struct {
	Bytes       int64 // of results
	Format      artifact.Format
	Compression artifact.Compression
	Deliver     bool
}

// Bill is what an export takes.
type Bill struct {
	Refused string // why the service doesn't make it; the rest is then zero
	Shards  int    // 0 for a single task
	Parts   int64  // of uploads, all files together
	Output  int64  // bytes

	Time        time.Duration // from the start of the execution to its end
	Package     time.Duration // of the packaging task, or of its longest shard
	Assemble    time.Duration
	Transitions int
	Children    int
	ChildGBs    float64
	Invocations int
	GBSeconds   float64
	Puts, Gets  int // of S3
	DBWrites    int // units
	DBReads     int
	Dollars     float64 // without storage
	Storage     float64 // dollars for the days that the artifact is kept
}

const (
	// maxWholeDigest is the largest file with a SHA-256 of the whole: what shards wrote is read back for it.
	maxWholeDigest = artifact.WholeBytes
)

// Estimate computes the bill of an export that meets no failure and whose results are strict NDJSON.
func (m Model) Estimate(w Work) (Bill, error) {
	var b Bill
	partBytes := artifact.PartSize(w.Bytes)
	table := w.Format.Tabular()
	packed := w.Compression != artifact.None && w.Compression != ""
	if !table && (partBytes > steps.MaxPlainPartBytes || packed && w.Bytes > steps.MaxJoinedBytes) {
		b.Refused = "export_too_large"
		return b, nil
	}
	if w.Bytes > steps.DefaultShardThreshold {
		b.Shards = int((w.Bytes + steps.DefaultShardBytes - 1) / steps.DefaultShardBytes)
	}
	path, err := m.Machine.Path(b.Shards > 0, w.Deliver)
	if err != nil {
		return b, err
	}
	t := tally{model: m, work: w, bill: &b, pace: pace(w.Format, w.Compression), partBytes: partBytes, table: table}
	if table && b.Shards > 0 {
		t.partBytes = artifact.PartSize(steps.DefaultShardBytes) // each file of the folder is a small one
	}
	b.Output = int64(float64(w.Bytes) * t.pace.size)
	b.Transitions = len(path)
	for _, name := range path {
		t.state(name)
	}
	t.admission()
	b.price()
	return b, nil
}

// price adds the bill up.
func (b *Bill) price() {
	for p, units := range map[price]float64{
		transition: float64(b.Transitions), child: float64(b.Children), childMemory: b.ChildGBs, invocation: float64(b.Invocations),
		memory: b.GBSeconds, put: float64(b.Puts), get: float64(b.Gets), dbWrite: float64(b.DBWrites), dbRead: float64(b.DBReads),
	} {
		b.Dollars += p.of(units)
	}
	b.Storage = storage.of(float64(b.Output) / 1e9 * keptDays / 30)
}

// tally is a bill while it is written.
type tally struct {
	model     Model
	work      Work
	bill      *Bill
	pace      rate
	partBytes int64
	table     bool
}

// state adds what a state of the machine takes.
func (t *tally) state(name string) {
	switch name {
	case "Plan":
		t.step("plan", stepSeconds)
		t.requests(3+min(1, t.bill.Shards), 2) // plan, uploads and the upload of a file, shards; both work files were looked for
		t.record(1, 2)
		t.bill.DBReads += 2 + t.inputs()/20 // runs, and the parts of runs, some 200 bytes each
		if t.table && t.bill.Shards > 0 {
			t.bill.Puts-- // a folder has no upload
		}
	case "Package":
		took := t.pace.seconds(t.work.Bytes, t.model.Memory["package"])
		t.bill.Package = duration(took)
		t.step("package", took+stepSeconds)
		t.requests(1, 3+t.inputs())
		t.record(1, 1+int(took)) // progress, once a second
		t.parts(t.bill.Output)
	case "PackageShards":
		t.shards()
	case "Assemble":
		t.assemble()
	case "Presign":
		t.step("presign", stepSeconds)
		t.record(1, 2)
	case "Deliver":
		took := deliverySeconds(t.bill.Output)
		t.step("deliver", took+stepSeconds)
		t.requests(0, 2+int(t.count(t.bill.Output)))
		t.record(1, 2+int(took)) // progress, once a second
	case "Finish":
		t.step("finish", stepSeconds)
		t.record(1, 1)
	}
}

// admission is what the export's place in its account takes: a part of the transaction that creates it, which is two units of
// up to 1 KB, and the sweeper's call at the end of the execution, which reads the place and the record and gives the place
// back.
func (t *tally) admission() {
	t.bill.Invocations++
	t.bill.GBSeconds += stepSeconds * float64(t.model.Memory["sweep"]) / 1024
	t.bill.DBReads += 1 + 2
	t.bill.DBWrites += 2 + 1
}

// deliverySeconds is how long a delivery moves bytes: read here, written there, read back there.
func deliverySeconds(bytes int64) float64 { return 3 * float64(bytes) / network }

// shards are the children of the Distributed Map: as many at once as it allows.
func (t *tally) shards() {
	b := t.bill
	took := t.pace.seconds(min(t.work.Bytes, steps.DefaultShardBytes), t.model.Memory["package"]) + stepSeconds
	b.Package = duration(took)
	waves := math.Ceil(float64(b.Shards) / float64(t.model.Machine.Concurrency))
	b.Time += duration(waves * took)
	b.Transitions += b.Shards // the parent counts one for each child
	b.Children += b.Shards
	b.ChildGBs += childGB * took * float64(b.Shards)
	b.Invocations += b.Shards
	b.GBSeconds += took * float64(b.Shards) * float64(t.model.Memory["package"]) / 1024
	t.requests(b.Shards+3, 1+b.Shards*(4+1)+t.inputs()) // reports and the map's results; work files, an input of the next shard
	b.DBReads += b.Shards
	b.DBWrites += b.Shards * (1 + int(took/noteSeconds)) // small notes of their own, no writes of the record
	if t.plain() {
		t.parts(b.Output)
		return
	}
	each := b.Output / int64(b.Shards)
	t.requests(b.Shards*int(t.count(each)+2), 0) // an object for each shard, by an upload of its own
	b.Parts += int64(b.Shards) * t.count(each)
}

// assemble completes files. What shards wrote plain is read back up to the size that has a digest of the whole, and
// what they compressed is copied into one file.
func (t *tally) assemble() {
	b := t.bill
	took := stepSeconds
	t.requests(1, 4)
	t.record(1, 2)
	b.Puts++ // uploads that are open are listed
	if b.Shards == 0 || !t.table {
		b.Puts++ // the upload is completed
	}
	if b.Shards > 0 {
		took += 0.01 * float64(b.Shards) // their reports, one after the other
		b.Gets += b.Shards
	}
	switch {
	case b.Shards == 0 || t.table:
	case t.plain():
		t.requests(1, 1) // the tail
		took += float64(t.partBytes) * 2 / network
		if b.Output <= maxWholeDigest {
			took += float64(b.Output) / network
			b.Gets++
		}
	default:
		took += 2 * float64(b.Output) / network
		b.Gets += b.Shards
		t.parts(b.Output)
	}
	b.Assemble = duration(took)
	t.step("assemble", took)
}

func (t *tally) plain() bool {
	return !t.table && (t.work.Compression == artifact.None || t.work.Compression == "")
}

// step is one invocation.
func (t *tally) step(function string, took float64) {
	t.bill.Invocations++
	t.bill.GBSeconds += took * float64(t.model.Memory[function]) / 1024
	t.bill.Time += duration(took)
}

func (t *tally) requests(puts, gets int) {
	t.bill.Puts, t.bill.Gets = t.bill.Puts+puts, t.bill.Gets+gets
}

// record is reads and writes of the export's record. Reads are consistent: a unit each.
func (t *tally) record(reads, writes int) {
	t.bill.DBReads += reads
	t.bill.DBWrites += writes * recordUnits
}

// parts uploads a file.
func (t *tally) parts(bytes int64) {
	n := t.count(bytes)
	t.bill.Parts += n
	t.bill.Puts += int(n)
}

func (t *tally) count(bytes int64) int64 { return max(1, (bytes+t.partBytes-1)/t.partBytes) }

func (t *tally) inputs() int { return int(max(1, (t.work.Bytes+inputBytes-1)/inputBytes)) }

func duration(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Limit is why the work can't be done as it is, "" if it can.
func (m Model) Limit(w Work) (string, error) {
	b, err := m.Estimate(w)
	if err != nil {
		return "", err
	}
	function := 15 * time.Minute // Lambda's limit
	switch {
	case b.Refused != "":
		return "refused: " + b.Refused, nil
	case b.Shards > 0 && b.Time > export.ShardedLease:
		return fmt.Sprintf("the lease of a sharded export, %v", export.ShardedLease), nil
	case b.Shards > 0 && b.Package > m.Machine.ChildLimit:
		return fmt.Sprintf("a shard has %v", m.Machine.ChildLimit), nil
	case b.Shards == 0 && b.Package > function, b.Assemble > function:
		return "a function has 15 minutes", nil
	case w.Deliver && deliverySeconds(b.Output) > function.Seconds():
		return "delivery has 15 minutes", nil
	}
	return "", nil
}

// Largest is the largest work of the kind that can be done, to one part in a hundred.
func (m Model) Largest(w Work) (int64, error) {
	sizes := []int64{}
	for bytes := float64(1 << 20); bytes < 1e15; bytes *= 1.01 {
		sizes = append(sizes, int64(bytes))
	}
	var failure error
	first, _ := slices.BinarySearchFunc(sizes, true, func(bytes int64, _ bool) int {
		w.Bytes = bytes
		limit, err := m.Limit(w)
		failure = err
		if limit == "" {
			return -1
		}
		return 1
	})
	return sizes[max(0, first-1)], failure
}
