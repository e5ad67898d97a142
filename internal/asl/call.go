package asl

import (
	"errors"
	"fmt"
	"strings"
)

// parseCall reads States.Name(argument, …); an argument is a string in single quotes, a number, true, false, null, a
// path or another call.
func parseCall(text string) (node, error) {
	n, rest, err := parseArgument(text)
	if err == nil && strings.TrimSpace(rest) != "" {
		err = fmt.Errorf("%q is left over", rest)
	}
	if err != nil {
		return nil, fmt.Errorf("the function %q is not implemented: %w", text, err)
	}
	return n, nil
}

func parseArgument(s string) (n node, rest string, err error) {
	s = strings.TrimLeft(s, " ")
	switch {
	case strings.HasPrefix(s, "'"):
		return parseQuoted(s[1:], false)
	case strings.HasPrefix(s, "States."):
		return parseFunction(s)
	}
	end := strings.IndexAny(s, ",)")
	if end < 0 {
		return nil, "", errors.New("it doesn't end")
	}
	word := strings.TrimRight(s[:end], " ")
	if strings.HasPrefix(word, "$") {
		p, err := parsePath(word)
		return func(data, ctx any) (any, error) { return p.need(data, ctx) }, s[end:], err
	}
	v, err := decodeValue([]byte(word))
	switch v.(type) {
	case string, []any, map[string]any:
		err = fmt.Errorf("%q is not an argument", word)
	}
	return func(any, any) (any, error) { return v, nil }, s[end:], err
}

// parseQuoted reads to the closing quote. A backslash stands before a quote, a brace or another backslash; in a pattern
// it stays before the latter two, for format to see which braces it may fill.
func parseQuoted(s string, pattern bool) (node, string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			v := b.String()
			return func(any, any) (any, error) { return v, nil }, s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
			if !strings.ContainsRune(`'{}\`, rune(s[i])) {
				return nil, "", errors.New("a backslash stands before a quote, a brace or a backslash")
			}
			if pattern && s[i] != '\'' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return nil, "", errors.New("a quote is not closed")
}

func parseFunction(s string) (node, string, error) {
	name, rest, ok := strings.Cut(s, "(")
	f := intrinsics[name]
	if !ok || f == nil {
		return nil, "", fmt.Errorf("no function %q", name)
	}
	args, rest, err := parseArguments(rest, name == "States.Format")
	if err == nil {
		err = checkArity(name, len(args))
	}
	if err != nil {
		return nil, "", err
	}
	return func(data, ctx any) (any, error) {
		values := make([]any, len(args))
		for i, arg := range args {
			v, err := arg(data, ctx)
			if err != nil {
				return nil, err
			}
			values[i] = v
		}
		v, err := f(values)
		if err != nil {
			return nil, intrinsicFailure(name, err)
		}
		return v, nil
	}, rest, nil
}

// parseArguments reads up to the closing parenthesis; with pattern set the first argument is one of format's.
func parseArguments(s string, pattern bool) (args []node, rest string, err error) {
	s = strings.TrimLeft(s, " ")
	if rest, ok := strings.CutPrefix(s, ")"); ok {
		return nil, rest, nil
	}
	for {
		var arg node
		if quoted, ok := strings.CutPrefix(s, "'"); ok && pattern && args == nil {
			arg, s, err = parseQuoted(quoted, true)
		} else {
			arg, s, err = parseArgument(s)
		}
		if err != nil {
			return nil, "", err
		}
		args = append(args, arg)
		s = strings.TrimLeft(s, " ")
		if rest, ok := strings.CutPrefix(s, ")"); ok {
			return args, rest, nil
		}
		after, ok := strings.CutPrefix(s, ",")
		if !ok {
			return nil, "", errors.New("arguments are separated by commas")
		}
		s = strings.TrimLeft(after, " ")
	}
}
