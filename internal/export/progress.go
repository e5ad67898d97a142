package export

import "time"

// What an estimate needs to be one.
const (
	// soonest is how long a phase must have gone on before its speed says anything.
	soonest = 3 * time.Second
	// leastShare of the work must be done: 1 in so many.
	leastShare = 200
	// maxEstimate is the longest time left that is told; beyond it the speed so far says nothing.
	maxEstimate = 24 * time.Hour
	// silence is how old numbers may be: who hasn't told of itself for so long may have stopped.
	silence = 30 * time.Second
)

// enter begins another phase, or the same one over again where nothing tells them apart. Numbers stay as they are.
func (p Progress) enter(phase Phase, now time.Time) Progress {
	if p.Phase != phase || p.Since.IsZero() {
		p.Phase, p.Since, p.NotedAt = phase, Stamp(now), time.Time{}
	}
	return p
}

// Planned says what there is to package, by so many shards; 0 for one task.
func (e Export) Planned(records, bytes int64, shards int, now time.Time) Export {
	lease := Lease
	if shards > 0 {
		lease = ShardedLease
	}
	e = e.Enter(PhasePackaging, lease, now)
	e.Progress.Shards = shards
	if e.Artifact == nil {
		e.Progress.RecordsTotal, e.Progress.BytesTotal = records, bytes
		e.Progress.RecordsDone, e.Progress.BytesWritten = 0, 0
	}
	return e
}

// Packaging begins packaging, perhaps anew: nothing is done yet, unless all of it is.
func (e Export) Packaging(now time.Time) Export {
	e = e.Enter(PhasePackaging, Lease, now)
	e.Progress.Since, e.Progress.NotedAt = Stamp(now), time.Time{}
	if e.Artifact == nil {
		e.Progress.RecordsDone, e.Progress.BytesWritten = 0, 0
	}
	return e
}

// Assembling begins assembling: everything that was planned has been read.
func (e Export) Assembling(now time.Time) Export {
	e = e.Enter(PhaseAssembling, Lease, now)
	e.Progress.RecordsDone, e.Progress.BytesWritten = e.Progress.RecordsTotal, e.Progress.BytesTotal
	return e
}

// Delivering begins the delivery, perhaps anew: nothing is sent yet, unless all of it is.
func (e Export) Delivering(now time.Time) Export {
	e = e.Enter(PhaseDelivering, Lease, now)
	if e.Receipt != nil {
		return e
	}
	e.Progress.Since, e.Progress.NotedAt, e.Progress.BytesDelivered = Stamp(now), time.Time{}, 0
	return e
}

// Packed notes how much of the results has been packaged.
func (e Export) Packed(records, bytes int64, now time.Time) Export {
	e = e.Enter(PhasePackaging, Lease, now)
	e.Progress.RecordsDone, e.Progress.BytesWritten, e.Progress.NotedAt = records, bytes, Stamp(now)
	return e
}

// Sent notes how much of the delivery is done, as Progress.BytesDelivered counts it.
func (e Export) Sent(bytes int64, now time.Time) Export {
	e = e.Enter(PhaseDelivering, Lease, now)
	e.Progress.BytesDelivered, e.Progress.NotedAt = min(bytes, e.BytesToDeliver()), Stamp(now)
	return e
}

// ShardNote is how far a shard is. Notes are for people who watch: nothing is decided by them, and any may be missing.
type ShardNote struct {
	Shard   int
	Records int64 // read
	Bytes   int64 // read
	At      time.Time
}

// Noted is the export with what its shards say of themselves, which its record lacks.
func (e Export) Noted(notes []ShardNote) Export {
	p := &e.Progress
	p.RecordsDone, p.BytesWritten = 0, 0
	for _, n := range notes {
		p.RecordsDone, p.BytesWritten = p.RecordsDone+n.Records, p.BytesWritten+n.Bytes
		if n.At.After(p.NotedAt) {
			p.NotedAt = n.At
		}
	}
	return e
}

// ByShards reports whether shards are at work, whose notes say how far they are. What is packaged already they only look at.
func (e Export) ByShards() bool {
	return e.Open() && e.Progress.Phase == PhasePackaging && e.Progress.Shards > 0 && e.Artifact == nil
}

// BytesToDeliver is the size of all files, 0 before there are any or where nothing is delivered.
func (e Export) BytesToDeliver() (n int64) {
	if e.Artifact == nil || !e.ToConnector() {
		return 0
	}
	if len(e.Artifact.Files) == 0 {
		return e.Artifact.Bytes
	}
	for _, f := range e.Artifact.Files {
		n += f.Bytes
	}
	return n
}

// TimeLeft estimates how long the present phase goes on, in whole seconds rounded up: at the speed that it has had since
// it began, from when its numbers were taken. ok is false where there is nothing to go by: in phases that count nothing,
// in the first seconds, before 1 in 200 is done, where numbers are old, and where more than a day would come out.
func (e Export) TimeLeft(now time.Time) (left time.Duration, ok bool) {
	p := e.Progress
	var done, total int64
	switch {
	case !e.Open() || p.Since.IsZero() || p.NotedAt.IsZero():
		return 0, false
	case p.Phase == PhasePackaging:
		done, total = p.RecordsDone, p.RecordsTotal
	case p.Phase == PhaseDelivering:
		done, total = p.BytesDelivered, e.BytesToDeliver()
	}
	took, ago := p.NotedAt.Sub(p.Since), max(0, now.Sub(p.NotedAt))
	if done <= 0 || total <= 0 || took < soonest || done < total/leastShare || ago > silence {
		return 0, false
	}
	seconds := took.Seconds() * float64(max(0, total-done)) / float64(done)
	if seconds > maxEstimate.Seconds() {
		return 0, false
	}
	left = time.Duration(seconds*float64(time.Second)) - ago
	return max(time.Second, (left + time.Second - 1).Truncate(time.Second)), true
}
