package s3conn

import (
	"net/url"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/videovector/exports/internal/fault"
)

// FuzzFile: an object of a listing is refused as unreadable, or its key is text, which is encoded as it came.
func FuzzFile(f *testing.F) {
	for _, key := range []string{"a/b.mp4", "a+b%20c", "%ff", "%", "\xff", "%C3%A4%00", ""} {
		f.Add(key, int64(1), true)
		f.Add(key, int64(-1), false)
	}
	f.Fuzz(func(t *testing.T, key string, size int64, encoded bool) {
		o, encoding := types.Object{Key: &key, Size: &size, LastModified: new(time.Time)}, types.EncodingType("")
		if encoded {
			encoding = types.EncodingTypeUrl
		}
		got, err := file(o, encoding)
		if err != nil {
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%q: %v", key, err)
			}
			return
		}
		same, err := url.QueryUnescape(url.QueryEscape(got.Key))
		if !utf8.ValidString(got.Key) || got.Bytes < 0 || !encoded && got.Key != key || err != nil || same != got.Key {
			t.Errorf("%q is %+v", key, got)
		}
	})
}
