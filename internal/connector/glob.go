package connector

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxPattern is the longest pattern, in characters.
const MaxPattern = 256

// maxNesting is how deep alternatives may stand in alternatives: {a,{b,c}} and no deeper.
const maxNesting = 2

// Pattern is a glob that objects are chosen by:
//
//   - any characters but /
//     **      any characters; as a whole segment, as in **/x, also none at all
//     ?       one character but /
//     [a-z]   one character of the class, [!a-z] one of no class; neither is /
//     {a,b}   one of the alternatives, which may hold alternatives once more
//     \x      x itself
//
// A pattern without a slash is matched against an object's name, one with a slash against its whole key. Case counts, as
// it does in keys.
type Pattern struct {
	expression *regexp.Regexp
	whole      bool // it is matched against the key
}

var (
	errPatternLong  = errors.New("must be at most 256 characters")
	errPatternText  = errors.New("must be valid UTF-8 without control characters")
	errPatternOpen  = errors.New("must close every bracket and brace; put a backslash before one that stands for itself")
	errPatternClass = errors.New("must not have an empty class, a backward range or a slash within brackets")
	errPatternDeep  = errors.New("must not nest alternatives deeper than {a,{b,c}}")
	errPatternSlash = errors.New("must not end in a backslash")
)

// ParsePattern compiles the pattern. Matching takes time in proportion to the key, whatever the pattern is.
func ParsePattern(s string) (Pattern, error) {
	switch {
	case utf8.RuneCountInString(s) > MaxPattern:
		return Pattern{}, errPatternLong
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return Pattern{}, errPatternText
	}
	g := globber{rest: s}
	g.out.WriteString(`(?s)\A`)
	if err := g.sequence(0); err != nil {
		return Pattern{}, err
	}
	g.out.WriteString(`\z`)
	expression, err := regexp.Compile(g.out.String())
	if err != nil {
		return Pattern{}, err
	}
	return Pattern{expression, strings.Contains(s, "/")}, nil
}

// Match reports whether the pattern chooses the object with the key.
func (p Pattern) Match(key string) bool {
	if p.whole {
		return p.expression.MatchString(key)
	}
	return p.expression.MatchString(key[strings.LastIndexByte(key, '/')+1:])
}

// globber translates a pattern into a regular expression.
type globber struct {
	rest string
	last rune // the character before rest; 0 at the start
	out  strings.Builder
}

func (g *globber) next() rune {
	r, size := utf8.DecodeRuneInString(g.rest)
	g.rest, g.last = g.rest[size:], r
	return r
}

// literal writes the character as itself.
func (g *globber) literal(r rune) { g.out.WriteString(regexp.QuoteMeta(string(r))) }

// escaped is the character after a backslash.
func (g *globber) escaped() (rune, error) {
	if g.rest == "" {
		return 0, errPatternSlash
	}
	return g.next(), nil
}

// sequence translates up to the end, or to the brace that closes the alternatives it stands in.
func (g *globber) sequence(depth int) error {
	for g.rest != "" {
		before := g.last
		r := g.next()
		if r == '}' && depth > 0 {
			return nil
		}
		if err := g.translate(r, before, depth); err != nil {
			return err
		}
	}
	if depth > 0 {
		return errPatternOpen
	}
	return nil
}

// translate writes what the character r begins.
func (g *globber) translate(r, before rune, depth int) error {
	switch r {
	case '*':
		g.stars(before)
		return nil
	case '?':
		g.out.WriteString(`[^/]`)
		return nil
	case '[':
		return g.class()
	case '{':
		return g.alternatives(depth + 1)
	case '}', ']':
		return errPatternOpen
	case '\\':
		plain, err := g.escaped()
		g.literal(plain)
		return err
	}
	if r == ',' && depth > 0 {
		g.out.WriteByte('|')
		return nil
	}
	g.literal(r)
	return nil
}

func (g *globber) alternatives(depth int) error {
	if depth > maxNesting {
		return errPatternDeep
	}
	g.out.WriteString(`(?:`)
	err := g.sequence(depth)
	g.out.WriteByte(')')
	return err
}

// stars translates a run of them, of which the first is read.
func (g *globber) stars(before rune) {
	more := strings.TrimLeft(g.rest, "*")
	if more == g.rest {
		g.out.WriteString(`[^/]*`)
		return
	}
	g.rest = more
	if below, ok := strings.CutPrefix(more, "/"); ok && (before == 0 || before == '/') {
		g.rest, g.last = below, '/'
		g.out.WriteString(`(?:.*/)?`)
		return
	}
	g.out.WriteString(`.*`)
}

// class translates what follows an opening bracket.
func (g *globber) class() error {
	g.out.WriteByte('[')
	if strings.HasPrefix(g.rest, "!") || strings.HasPrefix(g.rest, "^") {
		g.next()
		g.out.WriteString(`^/`)
	}
	for n := 0; ; n++ {
		if g.rest == "" {
			return errPatternOpen
		}
		if g.rest[0] == ']' {
			g.next()
			g.out.WriteByte(']')
			if n == 0 {
				return errPatternClass
			}
			return nil
		}
		if err := g.interval(); err != nil {
			return err
		}
	}
}

// interval translates one character of a class, or a range of them.
func (g *globber) interval() error {
	from, err := g.member()
	if err != nil {
		return err
	}
	to := from
	if len(g.rest) > 1 && g.rest[0] == '-' && g.rest[1] != ']' {
		g.next()
		if to, err = g.member(); err != nil {
			return err
		}
	}
	if to < from || from <= '/' && '/' <= to {
		return errPatternClass
	}
	fmt.Fprintf(&g.out, `\x{%x}-\x{%x}`, from, to)
	return nil
}

func (g *globber) member() (rune, error) {
	r := g.next()
	if r == '\\' {
		return g.escaped()
	}
	return r, nil
}
