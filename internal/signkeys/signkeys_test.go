package signkeys

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzParse: a secret is refused without a word of it, or it is strict JSON with a current key, and its keys are written so
// that they are read as the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"current":"a"}`, `{"previous":"p","current":"c","next":"n","new":1}`, `{"current":""}`, `{"current":"a","current":"b"}`, `{"current":"a"}{}`, "{\"current\":\"\xff\"}",
		`{"Current":"a"}`, `{"current":null}`, `"a"`, `a`, ``,
	} {
		f.Add(text)
	}
	_, refused := Parse("")
	f.Fuzz(func(t *testing.T, secret string) {
		k, err := Parse(secret)
		if err != nil {
			if err.Error() != refused.Error() || k.Current != nil {
				t.Errorf("%q: %v", secret, err)
			}
			return
		}
		if !jsontext.Value(secret).IsValid() || len(k.Current) == 0 {
			t.Errorf("%q was read, and the key is %q", secret, k.Current)
		}
		text, err := Format(k)
		if err != nil {
			t.Fatalf("%q can't be written: %v", secret, err)
		}
		same, err := Parse(text)
		if err != nil || string(same.Current) != string(k.Current) || string(same.Previous) != string(k.Previous) || string(same.Next) != string(k.Next) {
			t.Errorf("%q is written as %q: %q, %v", secret, text, same, err)
		}
	})
}
