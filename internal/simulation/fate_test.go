package simulation_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/webhook"
)

// kind is what becomes of a call, or of everything that runs.
type kind string

const (
	none         kind = ""
	failsBefore  kind = "fails before"             // nothing happened, and no reply came
	failsAfter   kind = "fails after it happened"  // no reply came
	late         kind = "arrives late"             // no reply came, and it happens when nobody counts on it any more
	twice        kind = "happens twice"            // the client's own repetition, and the second reply is the one that is seen
	slow         kind = "is slow"                  // the reply comes after seconds
	throttled    kind = "is throttled"             // nothing happened
	refused      kind = "is refused for good"      // nothing happened, and no repetition changes that
	breaksOff    kind = "breaks off"               // of what is read only a half comes
	stale        kind = "is answered from earlier" // an index that lags
	panics       kind = "panics"                   // the caller dies of a defect, and can still say so
	diesBefore   kind = "caller dies before"       // and with it everything that it knew
	diesAfter    kind = "caller dies after it happened"
	pausesBefore kind = "caller pauses past its lease before"
	pausesAfter  kind = "caller pauses past its lease after it happened"
	forgotten    kind = "caller dies after it happened, and every execution is forgotten"

	// What befalls not a call, but everything that runs.
	aborted kind = "executions are aborted"           // and nobody hears of it
	resumed kind = "executions are resumed elsewhere" // their steps run again, while the old ones still do
	killed  kind = "everything is killed"             // and what is left of executions is resumed

	dead kind = "is never made" // the caller has died
)

// kinds are all faults, in the order of the report.
var kinds = []kind{
	failsBefore, failsAfter, late, twice, slow, throttled, refused, breaksOff, stale, panics, diesBefore, diesAfter, pausesBefore, pausesAfter,
	forgotten, aborted, resumed, killed,
}

// after reports whether the call has happened when the fault strikes.
func (k kind) after() bool {
	return slices.Contains([]kind{failsAfter, twice, slow, breaksOff, diesAfter, pausesAfter, forgotten}, k)
}

// pauses reports whether the caller sleeps longer than its lease.
func (k kind) pauses() bool { return k == pausesBefore || k == pausesAfter }

// op is one call, by what is called and with what.
type op struct {
	part, method string
	what         string // a key, an id, or what a write changes; it tells calls of one process apart
	number       int    // of an upload's part; 0 for none
}

func (o op) String() string {
	text := strings.TrimSpace(o.part + "." + o.method + " " + o.what)
	if o.number > 0 {
		text += " part " + strconv.Itoa(o.number)
	}
	return text
}

func (o op) is(part string, methods ...string) bool {
	return o.part == part && (len(methods) == 0 || slices.Contains(methods, o.method))
}

// writes reports whether the call changes anything where it arrives.
func (o op) writes() bool {
	return slices.Contains([]string{
		"CreateExport", "SaveExport", "SaveExportOnce", "SaveAdmission", "RemoveExport", "Put", "Delete", "CreateUpload", "UploadPart", "CompleteUpload", "AbortUpload", "Create", "StartExecution", "Deliver", "Post", "CreateDelivery", "SaveDelivery", "SaveWebhook",
	}, o.method)
}

// befalls reports whether the fault can happen to the call.
func (k kind) befalls(p *process, o op) bool {
	switch k {
	case none, dead:
		return false
	case breaksOff:
		return o.method == "Open" && o.part != "customer"
	case late:
		return o.writes() && !o.is("customer")
	case twice: // clients of the record store know their own writes again
		return o.is("artifacts", "Put", "CreateUpload", "UploadPart", "CompleteUpload", "AbortUpload") || o.is("customer", "Create") ||
			o.is("executions") || o.is("events") || o.is("pipe") || o.is("receiver")
	case stale:
		return o.is("records", "DueExports", "DueAdmissions", "DueDeliveries", "ClosingExports")
	case throttled:
		return !o.is("events", "Put") && !o.is("pipe")
	case refused: // of requests, of the sweeper and of a step that writes an end, nobody else would mend it
		return p.is("plan", "package", "assemble", "presign", "deliver")
	case panics: // in a goroutine of its own nobody could say so
		return p.function != "" && !p.is("send-events") && (!p.is("create-export", "control-export", "sweep") || o.is("records", "CreateExport", "SaveExport", "SaveExportOnce") || o.is("executions"))
	case diesBefore, diesAfter, pausesBefore, pausesAfter, forgotten:
		return p.function != ""
	case aborted, resumed, killed:
		return o.is("world")
	}
	return true
}

// fate is what becomes of one call.
type fate struct {
	kind kind
	nap  time.Duration // of one that sleeps, or is late
}

func (f fate) String() string {
	switch {
	case f.kind == none:
		return "goes well"
	case f.nap > 0:
		return string(f.kind) + ", " + f.nap.String()
	}
	return string(f.kind)
}

// What callers get to see.
var (
	errLost    = fault.Wrap(errors.New("connection reset"), fault.Unavailable, "no_reply", "No reply came.")
	errBroken  = fault.New(fault.Unavailable, "broken_off", "The connection broke off.")
	errBusy    = fault.New(fault.Throttled, "slow_down", "Not so fast.")
	errRefused = fault.New(fault.Forbidden, "access_denied", "The service may not do that.")
	errStale   = fault.New(fault.Unavailable, "stale", "The index lags.")
	errDead    = fault.New(fault.Unavailable, "dead", "Nobody is there to hear this.")
)

// window is a moment in the life of an export at which a fault is to strike, and to do no harm.
type window struct {
	name string
	at   func(p *process, o op, after bool) bool
}

var betweenParts = window{name: "between two parts", at: func(p *process, o op, after bool) bool {
	return p.is("package") && o.is("artifacts", "UploadPart") && (o.number > 1 && !after || o.number == 1 && after)
}}

// windows are all of them, in the order of the report.
var windows = []window{
	{name: "before the transaction that accepts", at: func(p *process, o op, after bool) bool {
		return p.is("create-export") && o.is("records", "CreateExport") && !after
	}},
	{name: "after that transaction, before the 202", at: func(p *process, o op, after bool) bool {
		return p.is("create-export") && o.is("records", "CreateExport") && after
	}},
	{name: "before the start of the execution", at: func(_ *process, o op, after bool) bool { return o.is("executions") && !after }},
	{name: "start accepted, reply lost", at: func(_ *process, o op, after bool) bool { return o.is("executions") && after }},
	{name: "slot given, record not yet written", at: func(p *process, o op, after bool) bool {
		return p.is("sweep", "control-export") && (o.is("records", "SaveAdmission") && after || o.is("records", "SaveExport") && o.what == "admit" && !after)
	}},
	{name: "record written, execution not yet started", at: func(p *process, o op, after bool) bool {
		return o.is("records", "SaveExport") && o.what == "admit" && after || p.is("sweep") && o.is("executions") && !after
	}},
	{name: "claim written, reply lost", at: func(p *process, o op, after bool) bool {
		return p.is("plan") && o.is("records", "SaveExport") && o.what == "claim" && after
	}},
	betweenParts,
	{name: "before the upload is completed", at: func(p *process, o op, after bool) bool {
		return p.is("assemble") && o.is("artifacts", "CompleteUpload") && !after
	}},
	{name: "upload completed, record not yet written", at: func(p *process, o op, after bool) bool {
		return p.is("assemble") && (o.is("artifacts", "CompleteUpload") && after || o.is("artifacts", "Put") && strings.HasSuffix(o.what, ".manifest.json") ||
			o.is("records", "SaveExport") && p.saves == 2 && !after)
	}},
	{name: "record written, reply lost", at: func(p *process, o op, after bool) bool {
		return o.is("records", "SaveExport") && after && o.what != "claim" && o.what != "end"
	}},
	{name: "delivered, receipt not yet written", at: func(p *process, o op, after bool) bool {
		return p.is("deliver") && (o.is("customer", "Create") && after || o.is("records", "SaveExport") && p.saves == 2 && !after)
	}},
	{name: "before the end and its event mark", at: func(_ *process, o op, after bool) bool {
		return o.is("records", "SaveExport", "SaveExportOnce") && o.what == "end" && !after
	}},
	{name: "end and event mark written, reply lost", at: func(_ *process, o op, after bool) bool {
		return o.is("records", "SaveExport", "SaveExportOnce") && o.what == "end" && after
	}},
	{name: "before the event is sent", at: func(p *process, o op, after bool) bool {
		return o.is("receiver") && !after || p.is("send-events") && o.is("records", "CreateDelivery")
	}},
	{name: "event sent, not marked as sent", at: func(_ *process, o op, after bool) bool {
		return o.is("receiver") && after || o.is("records", "SaveDelivery") && strings.HasPrefix(o.what, webhook.Delivered) && !after
	}},
}

// pausedAnywhere is the window that crosses all others.
const pausedAnywhere = "a worker pauses past its lease at any of these"

// aim is a fault that strikes at one window.
type aim struct {
	window window
	kind   kind
	n      int // at the how-manieth such call, from 1
}

// aims are what seeds aim at in turn: every window with every fault that ends, delays or hides a call there.
func aims() (all []aim) {
	for _, w := range windows {
		for _, k := range []kind{failsBefore, failsAfter, late, twice, slow, diesBefore, diesAfter, pausesBefore, pausesAfter, forgotten} {
			all = append(all, aim{w, k, 1})
		}
	}
	return all
}

// dice decide about fates.
type dice struct {
	schedule *schedule
	aim      *aim         // nil once it has struck
	left     int          // faults to come beside it
	oneIn    int          // of so many calls one fails, as long as any are left
	upheaval map[int]kind // by step, once the call of that step is done
	struck   func(p *process, o op, k kind)
}

// roll decides about the call that is next.
func (d *dice) roll(w waiting) fate {
	if w.op.is("clock") {
		return fate{}
	}
	if a := d.aim; a != nil && a.kind.befalls(w.by, w.op) && a.window.at(w.by, w.op, a.kind.after()) {
		if a.n--; a.n == 0 {
			d.aim = nil
			return d.strike(w, a.kind)
		}
	}
	if d.left == 0 || d.schedule.IntN(d.oneIn) > 0 {
		return fate{}
	}
	k := kinds[d.schedule.IntN(len(kinds))]
	if k == refused && d.schedule.IntN(3) > 0 || !k.befalls(w.by, w.op) {
		return fate{}
	}
	d.left--
	return d.strike(w, k)
}

func (d *dice) strike(w waiting, k kind) fate {
	d.struck(w.by, w.op, k)
	switch k {
	case forgotten:
		d.schedule.pending = aborted
	case pausesBefore, pausesAfter:
		return fate{k, d.pause()}
	case slow, late:
		return fate{k, time.Duration(1+d.schedule.IntN(90)) * time.Second}
	}
	return fate{kind: k}
}

// pause is longer than a lease; one in four is longer than the lease of shards.
func (d *dice) pause() time.Duration {
	lease := export.Lease
	if d.schedule.IntN(4) == 0 {
		lease = export.ShardedLease
	}
	return lease + time.Duration(d.schedule.IntN(3600))*time.Second
}
