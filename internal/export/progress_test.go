package export

import (
	"testing"
	"time"
)

func TestTimeLeft(t *testing.T) {
	at := func(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }
	planned := pending().Claim(t0).Enter(PhasePackaging, Lease, t0)
	planned.Progress.RecordsTotal = 1000
	packaging := planned.Packaging(at(10))
	request := packaging
	request.Request.Destination = &Destination{ConnectorID: "conn"}
	delivering := request.Packaged(Artifact{Files: []File{{Bytes: 600}, {Bytes: 400}}}, at(20)).Delivering(at(30))
	for name, c := range map[string]struct {
		e    Export
		now  time.Time
		want time.Duration // 0 for unknown
	}{
		"nothing done":            {packaging, at(60), 0},
		"nothing noted":           {planned, at(60), 0},
		"in the first seconds":    {packaging.Packed(500, 1, at(12)), at(12), 0},
		"hardly any":              {packaging.Packed(4, 1, at(20)), at(20), 0},
		"a quarter in 10 s":       {packaging.Packed(250, 1, at(20)), at(20), 30 * time.Second},
		"the same 4 s later":      {packaging.Packed(250, 1, at(20)), at(24), 26 * time.Second},
		"half a second later":     {packaging.Packed(250, 1, at(20)), at(20).Add(500 * time.Millisecond), 30 * time.Second},
		"heard of too long ago":   {packaging.Packed(250, 1, at(20)), at(51), 0},
		"more than planned":       {packaging.Packed(1500, 1, at(20)), at(20), time.Second},
		"late":                    {packaging.Packed(900, 1, at(20)), at(40), time.Second},
		"a clock that goes ahead": {packaging.Packed(250, 1, at(20)), at(15), 30 * time.Second},
		"beyond a day":            {packaging.Packed(5, 1, at(10+3600)), at(10 + 3600), 0},
		"packaging anew":          {packaging.Packed(900, 1, at(20)).Packaging(at(30)), at(40), 0},
		"noted again, no restart": {packaging.Packed(250, 1, at(20)).Packed(500, 1, at(30)), at(30), 20 * time.Second},
		"assembling":              {packaging.Packed(250, 1, at(20)).Enter(PhaseAssembling, Lease, at(21)), at(22), 0},
		"delivering, not heard":   {delivering, at(40), 0},
		"delivering":              {delivering.Sent(250, at(40)), at(40), 30 * time.Second},
		"delivered more":          {delivering.Sent(5000, at(40)), at(40), time.Second},
		"ended":                   {packaging.Packed(250, 1, at(20)).Complete(at(21)), at(21), 0},
		"an older record":         {func() Export { e := packaging.Packed(250, 1, at(20)); e.Progress.Since = time.Time{}; return e }(), at(20), 0},
		"queued again":            {packaging.Packed(250, 1, at(20)).Fail(Failure{Message: "busy"}, at(21)), at(22), 0},
	} {
		left, ok := c.e.TimeLeft(c.now)
		if left != c.want || ok != (c.want > 0) {
			t.Errorf("%s: %s, %t, want %s", name, left, ok, c.want)
		}
	}
}

func TestDelivered(t *testing.T) {
	e := pending()
	e.Request.Destination = &Destination{ConnectorID: "conn"}
	e = e.Claim(t0).Packaged(Artifact{Bytes: 42}, t0)
	if e.BytesToDeliver() != 42 || e.Sent(50, t0).Progress.BytesDelivered != 42 {
		t.Errorf("to deliver %d, delivered %d, want 42 of an older record", e.BytesToDeliver(), e.Sent(50, t0).Progress.BytesDelivered)
	}
	if got := e.Delivered(Receipt{}, t0).Progress.BytesDelivered; got != 42 {
		t.Errorf("delivered %d, want 42", got)
	}
	if n := pending().Claim(t0).Packaged(Artifact{Bytes: 42}, t0).BytesToDeliver(); n != 0 {
		t.Errorf("a download delivers %d bytes", n)
	}
}
