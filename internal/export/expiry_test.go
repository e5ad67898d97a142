package export

import (
	"testing"
	"time"
)

func TestParseLife(t *testing.T) {
	for text, want := range map[string]int{
		"1h": 1, "24h": 24, "1d": 24, "36h": 36, "30d": 720, "720h": 720,
		"7d": 0, "168h": 0, // the default
	} {
		hours, ok := ParseLife(text)
		if !ok || hours != want {
			t.Errorf("ParseLife(%q) = %d, %t, want %d", text, hours, ok, want)
		}
	}
	for _, text := range []string{
		"", "h", "0h", "0d", "59m", "60m", "3600", "1", "31d", "721h", "-1h", "+1h", "01h", "1.5h", " 1h", "1h ", "1H", "1d1h", "65537h", "99999999999999999999h", "1２h",
	} {
		if hours, ok := ParseLife(text); ok {
			t.Errorf("ParseLife(%q) = %d, want a refusal", text, hours)
		}
	}
	for _, text := range []string{"1h", "36h", "1d", "7d", "30d"} {
		hours, _ := ParseLife(text)
		if got := FormatLife(Request{KeepHours: hours}.Life()); got != text {
			t.Errorf("FormatLife of %d hours = %q, want %q", hours, got, text)
		}
	}
}

// completed is an export that asked for the life, packaged at one time and completed at another, after t0.
func completed(life, packaged, ended time.Duration) Export {
	e := pending()
	e.Request.KeepHours = int(life / time.Hour)
	return e.Claim(t0).Packaged(Artifact{CommittedAt: t0.Add(packaged)}, t0.Add(packaged)).Complete(t0.Add(ended))
}

func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		name                  string
		life, packaged, ended time.Duration
		want                  time.Duration // after t0
	}{
		{"default", 0, time.Minute, time.Hour, time.Hour + 7*day},
		{"an hour", time.Hour, time.Minute, 2 * time.Hour, 3 * time.Hour},
		{"a month", 30 * day, time.Minute, time.Hour, time.Hour + 30*day},
		{"delivered a day later", time.Hour, 0, day, day + time.Hour},
		{"delivered a week later", time.Hour, 0, 7 * day, day + time.Hour},
	} {
		e := completed(c.life, c.packaged, c.ended)
		at := t0.Add(c.want)
		if !e.ExpiresAt.Equal(at) || !e.ArtifactEnds(t0.Add(100*day)).Equal(at) {
			t.Errorf("%s: expires at %s, %s, want %s", c.name, e.ExpiresAt, e.ArtifactEnds(t0), at)
		}
		if c.ended < c.want && (e.Expired(at.Add(-time.Millisecond)) || !e.Expired(at)) {
			t.Errorf("%s: expired a millisecond before %t, at %t", c.name, e.Expired(at.Add(-time.Millisecond)), e.Expired(at))
		}
		kept := t0.Add(c.packaged - day).Add(time.Duration(LifecycleDays(KeepDays(e.Request.Life()))) * day) // of an upload begun a day before
		if kept.Before(e.ExpiresAt) {
			t.Errorf("%s: storage may remove it at %s, before it expires at %s", c.name, kept, e.ExpiresAt)
		}
	}
	old := pending().Claim(t0).Packaged(Artifact{}, t0).Complete(t0.Add(9 * day)) // its record doesn't tell when it was packaged
	if want := t0.Add(16 * day); !old.ExpiresAt.Equal(want) {
		t.Errorf("without a time of packaging it expires at %s, want %s", old.ExpiresAt, want)
	}
	open := pending().Claim(t0)
	if open.Expired(t0.Add(100*day)) || !open.ArtifactEnds(t0).Equal(t0.Add(7*day)) {
		t.Error("an open export expires")
	}
	if failed := pending().Claim(t0).Fail(Failure{Permanent: true}, t0); failed.Expired(t0.Add(100 * day)) {
		t.Error("a failed export expires")
	}
}

func TestForgotten(t *testing.T) {
	end := t0.Add(time.Hour)
	for name, e := range map[string]Export{
		"completed": completed(0, 0, time.Hour), "failed": pending().Claim(t0).Fail(Failure{Permanent: true}, end),
	} {
		at := end.Add(RecordLife)
		if !e.ForgottenAt().Equal(at) || e.Forgotten(at.Add(-time.Millisecond)) || !e.Forgotten(at) {
			t.Errorf("%s: forgotten at %s, want %s", name, e.ForgottenAt(), at)
		}
	}
	if e := pending().Claim(t0); e.Forgotten(t0.Add(1000*day)) || !e.ForgottenAt().IsZero() {
		t.Error("an open export is forgotten")
	}
}

func TestKeepDays(t *testing.T) {
	for life, want := range map[time.Duration]int{
		time.Hour: 1, day: 1, 25 * time.Hour: 3, 3 * day: 3, 7 * day: 7, 8 * day: 14, 14 * day: 14, 15 * day: 30, 30 * day: 30,
	} {
		if got := KeepDays(life); got != want {
			t.Errorf("KeepDays(%s) = %d, want %d", life, got, want)
		}
	}
}

// FuzzParseLife: what is read as a life is within its bounds, and is spelt so that it reads as the same.
func FuzzParseLife(f *testing.F) {
	for _, s := range []string{"1h", "30d", "720h", "7d", "168h", "0h", "31d", "01h", "1.5h", "h", "65535h", "-1d", "1h ", "٣d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		hours, ok := ParseLife(s)
		if !ok {
			return
		}
		life := Request{KeepHours: hours}.Life()
		again, ok := ParseLife(FormatLife(life))
		if life < MinArtifactLife || life > MaxArtifactLife || !ok || again != hours {
			t.Errorf("%q is %d hours, a life of %v, which reads as %d, %v", s, hours, life, again, ok)
		}
	})
}
