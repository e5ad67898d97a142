package cost

import (
	"fmt"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/docblock"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/metrics"
)

// Month is what a service does in 30 days: so many exports a day of each kind.
type Month struct {
	Name  string
	Daily []Daily
}

// Daily is an export that is made so often a day.
type Daily struct {
	Exports int
	Work
}

// MonthBill is what a month costs, in dollars.
type MonthBill struct {
	Exports, Requests int
	Making, Keeping   float64 // exports, and their artifacts for the days that they are kept
	Asking            float64 // requests: the gateway, two functions, the table
	Logs, Watching    float64 // lines taken in and kept; metrics, alarms and the dashboard
	Standing          float64 // what costs without any export: the three schedules, and keys
}

// Total is the sum.
func (b MonthBill) Total() float64 {
	return b.Making + b.Keeping + b.Asking + b.Logs + b.Watching + b.Standing
}

// months are those of the documentation.
var months = []Month{
	{"nobody exports", nil},
	{"100 small exports a day", []Daily{{100, Work{Bytes: 1e6, Format: artifact.JSON}}}},
	{"10,000 small ones and 100 of a gigabyte a day", []Daily{{10_000, Work{Bytes: 1e6, Format: artifact.JSON}}, {100, Work{Bytes: 1e9, Format: artifact.JSON}}}},
	{"as before, and 10 of 100 GB a day as Parquet", []Daily{
		{10_000, Work{Bytes: 1e6, Format: artifact.JSON}}, {100, Work{Bytes: 1e9, Format: artifact.JSON}}, {10, Work{Bytes: 100e9, Format: artifact.Parquet}},
	}},
}

// EstimateMonth computes the bill of a month.
func (m Model) EstimateMonth(month Month) (MonthBill, error) {
	var b MonthBill
	logBytes := float64(3 * minutesOfMonth * stepLogBytes) // of the three schedules
	for _, d := range month.Daily {
		one, err := m.Estimate(d.Work)
		if err != nil {
			return b, err
		}
		n := 30 * d.Exports
		b.Exports += n
		b.Making += float64(n) * one.Dollars
		b.Keeping += float64(n) * one.Storage
		logBytes += float64(n * one.Invocations * stepLogBytes)
	}
	b.Requests = b.Exports * requestsOfExport
	logBytes += float64(b.Requests * requestLogBytes)
	b.Asking = float64(b.Requests) * m.request()
	b.Logs = logged.of(logBytes/1e9) + logKept.of(logBytes/1e9)
	b.Watching = m.watching(b.Exports > 0)
	b.Standing = m.sweeping() + m.sending() + m.automating() + kmsKey.of(1) + secret.of(1)
	return b, nil
}

// request is what one costs: the gateway, the authorizer and a function, and what the two read.
func (m Model) request() float64 {
	gbs := float64(m.Memory["authorize"])/1024*authorizeSeconds + float64(m.Memory["read-export"])/1024*requestSeconds
	return apiRequest.of(1) + invocation.of(2) + memory.of(gbs) + dbRead.of(2)
}

// sweeping is what a month of sweeps costs: each asks the 8 partitions of the index twice, and 2 for accounts with exports
// that wait, for half a unit at least.
func (m Model) sweeping() float64 {
	return invocation.of(minutesOfMonth) + memory.of(minutesOfMonth*stepSeconds*float64(m.Memory["sweep"])/1024) + dbRead.of(minutesOfMonth*(2*8+2)*0.5)
}

// sending is what a month of looks at events costs: each asks the 8 partitions of the index.
func (m Model) sending() float64 {
	return invocation.of(minutesOfMonth) + memory.of(minutesOfMonth*stepSeconds*float64(m.Memory["send-events"])/1024) + dbRead.of(minutesOfMonth*8*0.5)
}

// automating is what a month of looks at automations costs: each asks 2 partitions of the index.
func (m Model) automating() float64 {
	return invocation.of(minutesOfMonth) + memory.of(minutesOfMonth*stepSeconds*float64(m.Memory["run-automations"])/1024) + dbRead.of(minutesOfMonth*2*0.5)
}

// watching is what metrics, alarms and the dashboard cost. Without exports only the three schedules write metrics.
func (m Model) watching(busy bool) float64 {
	n := 6 // four of the sweeper, and one each of send-events and run-automations
	if busy {
		n = m.metrics(usualReasons)
	}
	return ownMetric.of(float64(n)) + alarmMetric.of(float64(m.Watched.AlarmInput)) + dashboard.of(float64(m.Watched.Dashboards))
}

// metrics is how many metrics there are when failures have so many reasons.
func (m Model) metrics(reasons int) int {
	values := map[string]int{"Reason": reasons, "Step": len(stepNames), "Error": len(fault.StepErrors())}
	n := m.Watched.Filters
	for _, metric := range metrics.All {
		if metric.Total {
			n++
		}
		n += values[metric.By]
	}
	return n
}

// stepNames are the functions that the state machine calls.
var stepNames = []string{"plan", "package", "assemble", "presign", "deliver", "finish", "fail"}

func (m Model) monthTable() (string, error) {
	rows := [][]string{{"a month in which", "exports", "requests", "making", "keeping 7 days", "requests", "logs", "watching", "schedules and keys", "dollars"}}
	for _, month := range months {
		b, err := m.EstimateMonth(month)
		if err != nil {
			return "", err
		}
		row := []string{month.Name, fmt.Sprint(b.Exports), fmt.Sprint(b.Requests)}
		for _, v := range []float64{b.Making, b.Keeping, b.Asking, b.Logs, b.Watching, b.Standing, b.Total()} {
			row = append(row, fmt.Sprintf("$%.2f", v))
		}
		rows = append(rows, row)
	}
	return docblock.Table(rows), nil
}

func (m Model) watchingTable() (string, error) {
	usual, most := m.metrics(usualReasons), m.metrics(len(metrics.Reasons))
	dollars := func(v float64) string { return fmt.Sprintf("$%.2f", v) }
	rows := [][]string{
		{"", "how many", "dollars a month"},
		{"metrics, in a month that sees 5 reasons of failures", fmt.Sprint(usual), dollars(ownMetric.of(float64(usual)))},
		{"metrics, at most: every reason there is", fmt.Sprint(most), dollars(ownMetric.of(float64(most)))},
		{"metrics under alarm", fmt.Sprint(m.Watched.AlarmInput), dollars(alarmMetric.of(float64(m.Watched.AlarmInput)))},
		{"dashboards", fmt.Sprint(m.Watched.Dashboards), dollars(dashboard.of(float64(m.Watched.Dashboards)))},
		{"traces of a million requests, `Tracing=Active`", fmt.Sprintf("%.0f or more", 1e6*tracedShare), dollars(trace.of(1e6*tracedShare)) + " or more"},
	}
	return docblock.Table(rows), nil
}
