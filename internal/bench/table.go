package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// printRows prints what was reached beside what should be.
func printRows(w io.Writer, rows []row) {
	lines := [][]string{{"", "measured", "pair by pair", "floor", "goal", "", "remark"}}
	for _, r := range rows {
		floor, goal := r.target.text(r.target.floor, r.unit), r.target.text(r.target.goal, r.unit)
		if r.absent != "" {
			lines = append(lines, []string{r.name, "–", "", floor, goal, "not measured", r.absent})
			continue
		}
		lines = append(lines, []string{
			r.name, amount(r.value.Median, r.unit), amount(r.value.Low, r.unit) + " to " + amount(r.value.High, r.unit),
			floor, goal, r.target.mark(r.value.Median), r.remark,
		})
	}
	printTable(w, lines)
}

// printDetails prints what each side took and did.
func printDetails(w io.Writer, details []detail) {
	lines := [][]string{{"", "side", "CPU s", "range", "MB per CPU s", "peak MiB", "output MB", "checks and proves"}}
	for _, d := range details {
		lines = append(lines, []string{
			d.row, d.side, fmt.Sprintf("%.2f", d.cpu.Median), fmt.Sprintf("%.2f to %.2f", d.cpu.Low, d.cpu.High),
			fmt.Sprintf("%.0f", d.mbPerCPU), fmt.Sprintf("%.1f", d.peakMiB), fmt.Sprintf("%.1f", float64(d.bytes)/1e6), d.does,
		})
	}
	printTable(w, lines)
}

// printTable prints lines as a Markdown table whose columns are as wide as they need be. The first is the head.
func printTable(w io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, line := range lines {
		for i, cell := range line {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, width := range widths {
				fmt.Fprintf(w, "| %s ", strings.Repeat("-", max(width, 3)))
			}
			fmt.Fprintln(w, "|")
		}
	}
}
