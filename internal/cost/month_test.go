package cost

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/statemachine"
)

func TestMonths(t *testing.T) {
	m := deployed(t)
	month := func(daily ...Daily) MonthBill {
		b, err := m.EstimateMonth(Month{Daily: daily})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	small := Work{Bytes: 1e6, Format: artifact.JSON}
	none, some, more := month(), month(Daily{10, small}), month(Daily{20, small})
	if none.Making+none.Keeping+none.Asking != 0 || none.Watching == 0 || none.Standing == 0 {
		t.Errorf("a month without exports costs %+v", none)
	}
	if one := estimate(t, small); some.Exports != 300 || some.Requests != 3000 || math.Abs(some.Making-300*one.Dollars) > 1e-9 {
		t.Errorf("ten exports a day are %+v", some)
	}
	for name, get := range map[string]func(MonthBill) float64{
		"making": func(b MonthBill) float64 { return b.Making }, "keeping": func(b MonthBill) float64 { return b.Keeping },
		"requests": func(b MonthBill) float64 { return b.Asking },
	} {
		if math.Abs(get(more)-2*get(some)) > 1e-9 {
			t.Errorf("%s: $%g, and $%g for twice as many", name, get(some), get(more))
		}
	}
	if more.Watching != some.Watching || more.Standing != none.Standing || more.Logs <= some.Logs || some.Logs <= none.Logs {
		t.Errorf("what stands costs %+v, %+v, %+v", none, some, more)
	}
	// The gateway alone is $3.50 a million; with two functions and two reads it is not twice that.
	if per := m.request(); per < 3.5e-6 || per > 7e-6 {
		t.Errorf("a request costs $%g", per)
	}
}

func TestMetricsAreCounted(t *testing.T) {
	m := deployed(t)
	if names := slices.Sorted(maps.Values(statemachine.Functions)); !slices.Equal(names, slices.Sorted(slices.Values(stepNames))) {
		t.Errorf("the machine calls %v, the model counts %v", names, stepNames)
	}
	total := 0
	for _, metric := range metrics.All {
		if metric.Total {
			total++
		}
	}
	if got, want := m.metrics(0), total+m.Watched.Filters+len(stepNames)+6; got != want {
		t.Errorf("%d metrics without any reason, want %d", got, want)
	}
	if got := m.metrics(3) - m.metrics(0); got != 3 {
		t.Errorf("three reasons are %d metrics", got)
	}
}
