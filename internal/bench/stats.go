package main

import (
	"fmt"
	"slices"
)

// spread is what several measurements come to.
type spread struct{ Median, Low, High float64 }

// spreadOf needs at least one value. The median of an even number is the lower of the two in the middle.
func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	return spread{Median: v[(len(v)-1)/2], Low: v[0], High: v[len(v)-1]}
}

// pairs relates measurements that were taken one after the other: b/a of each pair.
func pairs(a, b []float64) spread {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = b[i] / a[i]
	}
	return spreadOf(ratios)
}

// each is one number of every measurement.
func each(all []usage, of func(usage) float64) []float64 {
	values := make([]float64, len(all))
	for i, u := range all {
		values[i] = of(u)
	}
	return values
}

func cpuSeconds(u usage) float64  { return u.CPU.Seconds() }
func wallSeconds(u usage) float64 { return u.Wall.Seconds() }

// target is what a number should reach.
type target struct {
	floor, goal float64
	atMost      bool // smaller is better
}

// mark says whether the value reaches them.
func (t target) mark(value float64) string {
	reaches := func(limit float64) bool { return t.atMost && value <= limit || !t.atMost && value >= limit }
	switch {
	case reaches(t.goal):
		return "goal"
	case reaches(t.floor):
		return "ok"
	}
	return "BELOW"
}

// text is the limit as the table shows it.
func (t target) text(limit float64, unit string) string {
	sign := "≥"
	if t.atMost {
		sign = "≤"
	}
	return fmt.Sprintf("%s %s", sign, amount(limit, unit))
}

// amount is a value with its unit: "3.20 ×", "55 %", "22.4 MiB".
func amount(v float64, unit string) string {
	switch unit {
	case "%":
		return fmt.Sprintf("%.0f %%", v)
	case "×":
		return fmt.Sprintf("%.2f ×", v)
	case "calls":
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
