package export

import (
	"strconv"
	"strings"
	"time"
)

// Times of what an export leaves behind.
const (
	day = 24 * time.Hour
	// ArtifactLife is how long a completed export's artifact is kept unless the request says otherwise.
	ArtifactLife = 7 * day
	// MinArtifactLife and MaxArtifactLife frame what a request may ask for.
	MinArtifactLife = time.Hour
	MaxArtifactLife = 30 * day
	// RecordLife is how long an export can be looked up after its end.
	RecordLife = 90 * day
	// settling is how long after packaging an export may be delivered, or attempted again, at the cost of nobody: later
	// completion doesn't make the artifact live longer, since storage counts from when it was made.
	settling = day
)

// Life is how long the request's artifact is to be kept.
func (r Request) Life() time.Duration {
	if r.KeepHours == 0 {
		return ArtifactLife
	}
	return time.Duration(r.KeepHours) * time.Hour
}

// ParseLife reads a life, such as "12h" or "30d", as Request.KeepHours has it: the default is 0 however it is spelt, since
// it is the same request.
func ParseLife(s string) (hours int, ok bool) {
	unit := time.Hour
	number, inHours := strings.CutSuffix(s, "h")
	if !inHours {
		if number, ok = strings.CutSuffix(s, "d"); !ok {
			return 0, false
		}
		unit = day
	}
	n, err := strconv.ParseUint(number, 10, 16)
	life := time.Duration(n) * unit
	if err != nil || strconv.FormatUint(n, 10) != number || life < MinArtifactLife || life > MaxArtifactLife {
		return 0, false
	}
	if life == ArtifactLife {
		return 0, true
	}
	return int(life / time.Hour), true
}

// FormatLife spells a life as ParseLife reads it: whole days as days, anything else in hours.
func FormatLife(life time.Duration) string {
	if life%day == 0 {
		return strconv.Itoa(int(life/day)) + "d"
	}
	return strconv.Itoa(int(life/time.Hour)) + "h"
}

// expiry is when the artifact of an export that completes at the time expires: its life after that, but at most its life
// and settling after it was packaged.
func (e Export) expiry(completed time.Time) time.Time {
	from := completed
	if a := e.Artifact; a != nil && !a.CommittedAt.IsZero() && a.CommittedAt.Add(settling).Before(from) {
		from = a.CommittedAt.Add(settling)
	}
	return Stamp(from.Add(e.Request.Life()))
}

// ArtifactEnds is when the artifact expires or, of an open export, when it would if the export completed now.
func (e Export) ArtifactEnds(now time.Time) time.Time {
	if !e.ExpiresAt.IsZero() || e.Status.Terminal() {
		return e.ExpiresAt
	}
	return e.expiry(now)
}

// Expired reports whether the export has completed and its artifact's time is up.
func (e Export) Expired(now time.Time) bool {
	return e.Status == StatusCompleted && !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt)
}

// ForgottenAt is when nobody is shown the export any more; zero while it is open.
func (e Export) ForgottenAt() time.Time {
	if e.Open() || e.CompletedAt.IsZero() {
		return time.Time{}
	}
	return e.CompletedAt.Add(RecordLife)
}

// Forgotten reports whether the record's own time is up. A store may keep it longer; who shows exports asks.
func (e Export) Forgotten(now time.Time) bool {
	at := e.ForgottenAt()
	return !at.IsZero() && !now.Before(at)
}

// KeepClasses are the lives, in days, that storage knows apart; artifacts of the last class are kept longest.
var KeepClasses = []int{1, 3, 7, 14, 30}

// KeepDays is the class of a life: the shortest that isn't shorter.
func KeepDays(life time.Duration) int {
	for _, days := range KeepClasses {
		if life <= time.Duration(days)*day {
			return days
		}
	}
	return KeepClasses[len(KeepClasses)-1]
}

// LifecycleDays is after how many days storage may remove what is of the class. It counts from when an upload was begun,
// which is at most a day, the longest execution, before packaging was committed; and settling is a day.
func LifecycleDays(class int) int { return class + int((settling+day)/day) }
