package asl

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// call is an intrinsic function: its arguments, evaluated, to a value.
type call func(args []any) (any, error)

// intrinsics are the functions that are implemented; any other is refused when a definition is loaded.
var intrinsics = map[string]call{
	"States.Format":        format,
	"States.StringToJson":  stringToJSON,
	"States.JsonToString":  func(a []any) (any, error) { return string(encodeValue(a[0])), argc(a, 1) },
	"States.Array":         func(a []any) (any, error) { return append([]any{}, a...), nil },
	"States.ArrayLength":   arrayLength,
	"States.ArrayGetItem":  arrayGetItem,
	"States.ArrayContains": arrayContains,
	"States.MathAdd":       mathAdd,
	"States.StringSplit":   stringSplit,
	"States.JsonMerge":     jsonMerge,
	"States.UUID":          func(a []any) (any, error) { return uuid(), argc(a, 0) },
}

// minArgs lets every function above index its first arguments without looking.
var minArgs = map[string]int{"States.Format": 1, "States.StringToJson": 1, "States.JsonToString": 1, "States.ArrayLength": 1,
	"States.ArrayGetItem": 2, "States.ArrayContains": 2, "States.MathAdd": 2, "States.StringSplit": 2, "States.JsonMerge": 3}

func intrinsicFailure(text string, err error) error {
	return &Failure{errIntrinsic, fmt.Sprintf("%s: %v", text, err)}
}

func argc(args []any, n int) error {
	if len(args) != n {
		return fmt.Errorf("takes %d arguments", n)
	}
	return nil
}

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
		return parseQuoted(s[1:])
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
		return func(data, ctx any) (any, error) { return p.need(data, ctx, errParameterPath) }, s[end:], err
	}
	v, err := decodeValue([]byte(word))
	return func(any, any) (any, error) { return v, nil }, s[end:], err
}

func parseQuoted(s string) (node, string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			v := b.String()
			return func(any, any) (any, error) { return v, nil }, s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			if !strings.ContainsRune(`'\`, rune(s[i+1])) { // \{ and \} are States.Format's
				b.WriteByte('\\')
			}
			i++
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
	var args []node
	for rest = strings.TrimLeft(rest, " "); !strings.HasPrefix(rest, ")"); {
		arg, after, err := parseArgument(rest)
		if err != nil {
			return nil, "", err
		}
		args = append(args, arg)
		after = strings.TrimLeft(after, " ")
		if rest, ok = strings.CutPrefix(after, ","); !ok && !strings.HasPrefix(rest, ")") {
			return nil, "", errors.New("arguments are separated by commas")
		}
	}
	if len(args) < minArgs[name] {
		return nil, "", fmt.Errorf("%s takes at least %d arguments", name, minArgs[name])
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
	}, rest[1:], nil
}

// format fills {} in, in order; \{ and \} are braces.
func format(args []any) (any, error) {
	pattern, ok := args[0].(string)
	if !ok {
		return nil, errors.New("takes a string first")
	}
	args = args[1:]
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case strings.HasPrefix(pattern[i:], "{}"):
			if len(args) == 0 {
				return nil, errors.New("has fewer arguments than {}")
			}
			b.WriteString(plain(args[0]))
			args = args[1:]
			i++
		default:
			b.WriteByte(pattern[i])
		}
	}
	if len(args) > 0 {
		return nil, errors.New("has more arguments than {}")
	}
	return b.String(), nil
}

func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(encodeValue(v))
}

func stringToJSON(args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, errors.New("takes a string")
	}
	return decodeValue([]byte(s))
}

func list(v any) ([]any, error) {
	l, ok := v.([]any)
	if !ok {
		return nil, errors.New("takes an array")
	}
	return l, nil
}

func arrayLength(args []any) (any, error) {
	l, err := list(args[0])
	return json.Number(strconv.Itoa(len(l))), err
}

func arrayGetItem(args []any) (any, error) {
	l, err := list(args[0])
	i, ok := number(args[1])
	if err != nil || !ok || i < 0 || int(i) >= len(l) || i != math.Trunc(i) {
		return nil, errors.New("takes an array and an index within it")
	}
	return l[int(i)], nil
}

func arrayContains(args []any) (any, error) {
	l, err := list(args[0])
	for _, v := range l {
		if reflect.DeepEqual(v, args[1]) {
			return true, err
		}
	}
	return false, err
}

func mathAdd(args []any) (any, error) {
	a, ok := number(args[0])
	b, also := number(args[1])
	if !ok || !also {
		return nil, errors.New("takes two numbers")
	}
	return json.Number(strconv.FormatInt(int64(math.Round(a))+int64(math.Round(b)), 10)), nil
}

func stringSplit(args []any) (any, error) {
	s, ok := args[0].(string)
	separators, also := args[1].(string)
	if !ok || !also {
		return nil, errors.New("takes two strings")
	}
	parts := []any{}
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		parts = append(parts, p)
	}
	return parts, nil
}

func jsonMerge(args []any) (any, error) {
	a, ok := args[0].(map[string]any)
	b, also := args[1].(map[string]any)
	if !ok || !also || args[2] != false {
		return nil, errors.New("takes two objects and false")
	}
	merged := maps.Clone(a)
	maps.Copy(merged, b)
	return merged, nil
}

// uuid is a random UUID, version 4.
func uuid() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("asl: the system's random source failed: " + err.Error())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
