package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// filled is a T whose every field, at any depth, holds a value of its own that is not zero. A field that someone adds
// later is filled as well, so a store that forgets it fails the round trip.
func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	f := filler{t: t}
	f.fill(reflect.ValueOf(&v).Elem(), reflect.TypeFor[T]().Name())
	return v
}

type filler struct {
	t *testing.T
	n int64
}

var (
	timeType = reflect.TypeFor[time.Time]()
	jsonType = reflect.TypeFor[json.RawMessage]()
)

func (f *filler) fill(v reflect.Value, path string) {
	f.t.Helper()
	f.n++
	switch {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(t0.Add(time.Duration(f.n) * 1001 * time.Millisecond)))
		return
	case v.Type() == jsonType: // blanks and order must stay as they are
		v.SetBytes(fmt.Appendf(nil, `{"type": "object",  "b": %d, "a": "😀"}`, f.n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s %d é 漢 😀 \"<&>\\ \u2028", path, f.n))
	case reflect.Int:
		v.SetInt(f.n)
	case reflect.Int64:
		v.SetInt(1<<53 + f.n) // beyond what a float64 tells apart
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(255 - f.n%250)) // not UTF-8
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			f.fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	default:
		f.t.Fatalf("%s is a %s, which the suite can't fill", path, v.Type())
	}
}
