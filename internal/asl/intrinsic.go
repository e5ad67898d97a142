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
	"slices"
	"strconv"
	"strings"
)

// call is an intrinsic function: its arguments, evaluated, to a value.
type call func(args []any) (any, error)

// intrinsics are the functions that are implemented; any other is refused when a definition is loaded.
var intrinsics = map[string]call{
	"States.Format":        format,
	"States.StringToJson":  stringToJSON,
	"States.JsonToString":  func(a []any) (any, error) { return string(encodeValue(a[0])), nil },
	"States.Array":         func(a []any) (any, error) { return append([]any{}, a...), nil },
	"States.ArrayLength":   arrayLength,
	"States.ArrayGetItem":  arrayGetItem,
	"States.ArrayContains": arrayContains,
	"States.MathAdd":       mathAdd,
	"States.StringSplit":   stringSplit,
	"States.JsonMerge":     jsonMerge,
	"States.UUID":          func(a []any) (any, error) { return uuid(), nil },
}

// arity is how many arguments a function takes, checked when a definition is loaded, so that the functions above index
// theirs without looking. Format takes one or more, Array any number.
var arity = map[string]int{"States.Format": 1, "States.StringToJson": 1, "States.JsonToString": 1, "States.ArrayLength": 1,
	"States.ArrayGetItem": 2, "States.ArrayContains": 2, "States.MathAdd": 2, "States.StringSplit": 2, "States.JsonMerge": 3}

func checkArity(name string, n int) error {
	switch want := arity[name]; {
	case name == "States.Array" || n == want, name == "States.Format" && n > want:
		return nil
	default:
		return fmt.Errorf("%s takes %d arguments", name, want)
	}
}

func intrinsicFailure(text string, err error) error {
	return &Failure{errIntrinsic, fmt.Sprintf("%s: %v", text, err)}
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

// plain is a value as format writes it: text without quotes, lists and objects as Step Functions prints them.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, plain(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, name+"="+plain(v[name]))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return string(encodeValue(v))
}

// stringToJSON makes null of blank text, as Step Functions does.
func stringToJSON(args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, errors.New("takes a string")
	}
	if strings.TrimSpace(s) == "" {
		return nil, nil
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
	if max(math.Abs(a), math.Abs(b)) > math.MaxInt32 {
		return nil, errors.New("takes numbers of 32 bits")
	}
	return json.Number(strconv.FormatInt(nearest(a)+nearest(b), 10)), nil
}

// nearest rounds a half up, below zero too.
func nearest(f float64) int64 { return int64(math.Floor(f + 0.5)) }

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
