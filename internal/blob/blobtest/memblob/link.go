package memblob

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Presign implements blob.Bucket. The bucket itself answers the link: it is an http.RoundTripper.
func (b *Bucket) Presign(ctx context.Context, key, filename string, ttl time.Duration) (link string, expires time.Time, err error) {
	err = b.do(ctx, Presign, key, func() error {
		expires = b.cfg.Clock().Add(ttl).UTC().Truncate(time.Second)
		q := url.Values{"filename": {filename}, "expires": {strconv.FormatInt(expires.Unix(), 10)}}
		q.Set("signature", b.sign(key, q))
		u := url.URL{Scheme: "https", Host: "memory.invalid", Path: "/" + b.cfg.Name + "/" + key, RawQuery: q.Encode()}
		link = u.String()
		return nil
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return link, expires, nil
}

// sign is the MAC over all that a link grants.
func (b *Bucket) sign(key string, q url.Values) string {
	mac := hmac.New(sha256.New, b.secret)
	for _, s := range []string{key, q.Get("filename"), q.Get("expires")} {
		fmt.Fprintf(mac, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// RoundTrip answers GET requests for links that Presign made: 403 for a changed or ended one, 404 without an object.
func (b *Bucket) RoundTrip(r *http.Request) (*http.Response, error) {
	key, q := strings.TrimPrefix(r.URL.Path, "/"+b.cfg.Name+"/"), r.URL.Query()
	seconds, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	ended := err != nil || b.cfg.Clock().Unix() >= seconds
	if ended || r.Method != http.MethodGet || !hmac.Equal([]byte(q.Get("signature")), []byte(b.sign(key, q))) {
		return reply(r, http.StatusForbidden, nil, http.Header{}), nil
	}
	content, ok := b.Content(key)
	if !ok {
		return reply(r, http.StatusNotFound, nil, http.Header{}), nil
	}
	return reply(r, http.StatusOK, content, http.Header{
		"Content-Type":        {"application/json"},
		"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": q.Get("filename")})},
	}), nil
}

func reply(r *http.Request, status int, content []byte, h http.Header) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content)), Request: r,
	}
}
