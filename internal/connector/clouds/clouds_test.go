package clouds

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// full has every endpoint set.
func full() Endpoints {
	var e Endpoints
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		v.Field(i).SetString("http://127.0.0.1:" + strings.Repeat("1", i+1))
	}
	return e
}

func TestEndpointsTravelByEnvironment(t *testing.T) {
	lines := full().Environment()
	if len(lines) != reflect.TypeFor[Endpoints]().NumField() {
		t.Errorf("%d variables: %q", len(lines), lines)
	}
	got := FromEnvironment(func(name string) string {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	})
	if diff := cmp.Diff(full(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none := FromEnvironment(func(string) string { return "" }); none != (Endpoints{}) || none.Environment() != nil {
		t.Errorf("none = %+v", none)
	}
}

func TestEndpointsThatAreNone(t *testing.T) {
	if _, err := New(Config{Endpoints: full()}); err != nil {
		t.Error(err)
	}
	for _, s := range []string{"127.0.0.1:4443", "ftp://127.0.0.1", "http://", "http://user:pw@127.0.0.1", "http://127.0.0.1?x", "http://127.0.0.1#x", "://", "http://%zz"} {
		if _, err := New(Config{Endpoints: Endpoints{S3: s}}); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
