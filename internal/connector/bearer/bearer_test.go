package bearer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/fault"
)

// FuzzGrant: a sign-in's answer is refused without a word of it, or it is strict JSON that gives a token which a header
// holds, for no less than a second and no more than two weeks.
func FuzzGrant(f *testing.F) {
	for _, text := range []string{
		`{"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"}`, `{"access_token":"a\nb","expires_in":1}`, `{"access_token":"a","expires_in":"1"}`,
		`{"access_token":"a","expires_in":9223372036854775807}`, `{"access_token":"a","access_token":"b","expires_in":1}`, `{"access_token":"a","expires_in":1}x`,
		"{\"access_token\":\"a\",\"expires_in\":1,\"scope\":\"\xff\"}", `{"access_token":"","expires_in":0}`, `{}`, `null`, ``,
	} {
		f.Add([]byte(text))
	}
	_, refused := ReadGrant(nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := ReadGrant(text)
		if err != nil {
			if !fault.Is(err, fault.Unavailable) || err.Error() != refused.Error() || g != (Grant{}) {
				t.Errorf("%q gives %v, %v", text, g, err)
			}
			return
		}
		if !jsontext.Value(text).IsValid() {
			t.Errorf("%q is not strict JSON and was read", text)
		}
		if g.Life < time.Second || g.Life > 14*24*time.Hour || g.Token == "" || len(g.Token) > maxTokenBytes {
			t.Errorf("%q gives %v", text, g)
		}
		r := &http.Request{Method: http.MethodGet, Header: http.Header{"Authorization": {"Bearer " + g.Token}}}
		var sent strings.Builder
		if err := r.Header.Write(&sent); err != nil || sent.String() != "Authorization: Bearer "+g.Token+"\r\n" {
			t.Errorf("%q gives a token that no header holds: %q", text, sent.String())
		}
	})
}
