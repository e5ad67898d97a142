package localpage

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
)

// functions are those of the template.
var functions = template.FuncMap{
	"plain": plain, "size": func(n *int64) string {
		if n == nil {
			return "–"
		}
		return size(*n)
	},
	"count": func(n *int64) string {
		if n == nil {
			return "–"
		}
		return fmt.Sprint(*n)
	},
	"clock": func(t time.Time) string { return t.UTC().Format("15:04:05.000") },
	"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"took":  took,
	"moment": func(s string) string {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return plain(s)
		}
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	},
	"join": func(all []string) string { return strings.Join(all, ", ") },
}

// plain is text with nothing in it that can't be seen: what controls the direction or the joining of text, and what
// controls anything else, is spelt out.
func plain(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "\\u{%x}", r)
	}
	return b.String()
}

// size is a number of bytes for people.
func size(n int64) string {
	v, units := float64(n), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 1000 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if v == float64(int64(v)) {
		return fmt.Sprintf("%.0f %s", v, units[0])
	}
	return fmt.Sprintf("%.1f %s", v, units[0])
}

// took is a time for people.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
