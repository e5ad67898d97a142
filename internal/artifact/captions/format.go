package captions

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/videovector/exports/internal/artifact"
)

// titleRunes is the longest title of a chapter, without the sign that it was cut.
const titleRunes = 100

// sorted puts cues in the order in which they are shown; those of one time stay as they came.
func sorted(cues []cue) []cue {
	slices.SortStableFunc(cues, func(a, b cue) int {
		if a.start != b.start {
			return int(min(max(a.start-b.start, -1), 1))
		}
		return int(min(max(a.end-b.end, -1), 1))
	})
	return cues
}

// appendFile appends a video's file.
func appendFile(to []byte, f artifact.Format, cues []cue) []byte {
	cues = sorted(cues)
	if f == artifact.SRT {
		return appendSRT(to, cues)
	}
	if f == artifact.VTTChapters {
		cues = chapters(cues)
	}
	return appendVTT(to, cues)
}

// appendVTT appends a WebVTT file. With markup escaped no text can hold the arrow of a cue's times, and blank lines,
// which end a cue, are gone already.
func appendVTT(to []byte, cues []cue) []byte {
	to = append(to, "WEBVTT\n"...)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for _, c := range cues {
		to = fmt.Appendf(to, "\n%s --> %s\n%s\n", clock(c.start, '.'), clock(c.end, '.'), escape.Replace(c.text))
	}
	return to
}

// appendSRT appends a SubRip file. It knows no escapes, so the arrow of a cue's times is pulled apart.
func appendSRT(to []byte, cues []cue) []byte {
	for i, c := range cues {
		if i > 0 {
			to = append(to, '\n')
		}
		to = fmt.Appendf(to, "%d\n%s --> %s\n%s\n", i+1, clock(c.start, ','), clock(c.end, ','), strings.ReplaceAll(c.text, "-->", "-- >"))
	}
	return to
}

// clock is a time as hours, of two digits or more, minutes, seconds and milliseconds.
func clock(ms int64, point rune) string {
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, point, ms%1000)
}

// chapters makes a chapter of each cue, and one of those that follow each other and have the same title.
func chapters(cues []cue) (all []cue) {
	for _, c := range cues {
		c.text = title(c.text)
		if n := len(all); n > 0 && all[n-1].text == c.text {
			all[n-1].end = max(all[n-1].end, c.end)
			continue
		}
		all = append(all, c)
	}
	return all
}

// title is the first sentence of a text, or what of it fits, cut between words if that is possible.
func title(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	for i, r := range text {
		next := text[i+utf8.RuneLen(r):]
		if strings.ContainsRune("。！？", r) || strings.ContainsRune(".!?", r) && strings.HasPrefix(next, " ") {
			text = text[:len(text)-len(next)]
			break
		}
	}
	runes := []rune(text)
	if len(runes) <= titleRunes {
		return text
	}
	text = string(runes[:titleRunes])
	if i := strings.LastIndexByte(text, ' '); i > 0 {
		text = text[:i]
	}
	return strings.TrimRight(text, " ") + "…"
}
