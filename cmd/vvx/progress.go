package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/videovector/exports/client"
)

// quiet is how long an export may go on without a line of its own, where lines are printed.
const quiet = 10 * time.Second

// progress shows how far an export is: as a bar on a terminal, elsewhere as a line whenever the phase changes and now
// and then.
type progress struct {
	w     io.Writer
	now   func() time.Time
	bar   *progressbar.ProgressBar // nil where lines are printed
	began time.Time                // when the first bytes were seen
	first client.Progress          // as it was then
	last  string                   // phase of the last line
	lined time.Time                // when it was printed
}

func newProgress(w io.Writer, terminal bool, now func() time.Time) *progress {
	p := &progress{w: w, now: now}
	if terminal {
		p.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionFullWidth(), progressbar.OptionSetRenderBlankState(true))
	}
	return p
}

// see takes note of the export as it is now.
func (p *progress) see(e *client.Export) {
	now := client.Progress{Phase: string(e.Status)}
	if e.Progress != nil {
		now = *e.Progress
	}
	if p.began.IsZero() && now.BytesWritten > 0 {
		p.began, p.first = p.now(), now
	}
	if p.bar != nil {
		p.draw(now)
		return
	}
	if now.Phase != p.last || p.now().Sub(p.lined) >= quiet {
		fmt.Fprintf(p.w, "%s  %s\n", cell(e.ID), cell(strings.Join(append([]string{string(e.Status)}, p.words(now)...), "  ")))
		p.last, p.lined = now.Phase, p.now()
	}
}

func (p *progress) draw(now client.Progress) {
	if now.RecordsTotal > 0 && p.bar.GetMax64() != now.RecordsTotal {
		p.bar.ChangeMax64(now.RecordsTotal)
	}
	described := []string{now.Phase, p.rate(now)}
	if left, ok := p.left(now); ok {
		described = append(described, "ETA "+left.String())
	}
	p.bar.Describe(cell(strings.Join(slices.DeleteFunc(described, func(s string) bool { return s == "" }), "  ")))
	if p.bar.GetMax64() > 0 {
		_ = p.bar.Set64(min(now.RecordsDone, p.bar.GetMax64()-1)) // a bar that can't draw is no reason to stop; a full one would end it
	}
}

// words are the progress in words: the phase, records, speed and what is left.
func (p *progress) words(now client.Progress) []string {
	words := []string{now.Phase}
	if now.RecordsTotal > 0 {
		words = append(words, fmt.Sprintf("%d/%d records", now.RecordsDone, now.RecordsTotal))
	}
	if rate := p.rate(now); rate != "" {
		words = append(words, rate)
	}
	if left, ok := p.left(now); ok {
		words = append(words, "ETA "+left.String())
	}
	return words
}

// rate is the speed since the first bytes were seen, "" before there is one.
func (p *progress) rate(now client.Progress) string {
	seconds := p.now().Sub(p.began).Seconds()
	if p.began.IsZero() || seconds <= 0 || now.BytesWritten <= p.first.BytesWritten {
		return ""
	}
	return fmt.Sprintf("%.1f MB/s", float64(now.BytesWritten-p.first.BytesWritten)/seconds/1e6)
}

// left is the service's own estimate, or the time until the last record at the speed so far.
func (p *progress) left(now client.Progress) (time.Duration, bool) {
	if left, ok := now.Left(); ok {
		return left, true
	}
	done := now.RecordsDone - p.first.RecordsDone
	if p.began.IsZero() || done <= 0 || now.RecordsTotal <= now.RecordsDone {
		return 0, false
	}
	perRecord := p.now().Sub(p.began).Seconds() / float64(done)
	left := time.Duration(perRecord * float64(now.RecordsTotal-now.RecordsDone) * float64(time.Second))
	return max(time.Second, left.Round(time.Second)), true
}

// end takes the bar off the screen.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear() // the screen is the user's; a bar that can't be cleared does no harm
	}
}

// newBar is a bar over a number of bytes, -1 for unknown; it is invisible where w is no terminal.
func (a *app) newBar(w io.Writer, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetVisibility(a.terminal(w)),
		progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
}

// endBar takes the bar off the screen and passes the error on.
func endBar(bar *progressbar.ProgressBar, err error) error {
	_ = bar.Clear() // the screen is the user's; a bar that can't be cleared does no harm
	return err
}
