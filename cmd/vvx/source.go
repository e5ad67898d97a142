package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// maxSmall is the largest manifest that is read: those of documents with 9,500 parts have a tenth of it.
const maxSmall = 16 << 20

// isLink reports whether the document is behind a link.
func isLink(where string) bool {
	return strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://")
}

// shown is a place as it may be printed: what follows the path of a link is its credential.
func shown(where string) string {
	if isLink(where) {
		where, _, _ = strings.Cut(where, "?")
	}
	return printable(where)
}

// open opens a file, a link or an object of the local service, and gives its size, -1 for unknown.
func (a *app) open(ctx context.Context, where string) (io.ReadCloser, int64, error) {
	switch {
	case isLink(where):
		return openLink(ctx, where)
	case strings.HasPrefix(where, "s3://"):
		return a.openObject(ctx, where)
	}
	f, err := os.Open(where)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.Mode().IsRegular():
		return f, info.Size(), nil
	case err == nil && !info.IsDir(): // a pipe, as in <(…)
		return f, -1, nil
	case err == nil:
		err = misuse("%s is a folder", where)
	}
	return nil, 0, errors.Join(err, f.Close())
}

// openLink GETs a link. Its text goes into no message; a redirect may only lead to https.
func openLink(ctx context.Context, link string) (io.ReadCloser, int64, error) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return nil, 0, misuse("%s is not a link", shown(link))
	}
	if u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
		return nil, 0, misuse("%s is plain http; a link is a credential and must be https", shown(link))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, 0, misuse("%s is not a link", shown(link))
	}
	req.Header.Set("Accept-Encoding", "identity")
	h := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := h.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s can't be read: %w", shown(link), err)
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close() // it is not what was asked for
		return nil, 0, fmt.Errorf("%s can't be read: the server answered %d %s (a link ends after a while)", shown(link), res.StatusCode, http.StatusText(res.StatusCode))
	}
	return res.Body, res.ContentLength, nil
}

func (a *app) openObject(ctx context.Context, uri string) (io.ReadCloser, int64, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	if !ok || bucket == "" || key == "" {
		return nil, 0, misuse("%s is no address of an object, such as s3://bucket/key", uri)
	}
	c, err := readCoordinates(a.global.local)
	if err != nil {
		return nil, 0, notRunning(a.global.local, err)
	}
	body, info, err := c.bucket(bucket).Open(ctx, key, 0, -1)
	return body, info.Bytes, err
}

// readSmall reads a manifest whole.
func (a *app) readSmall(ctx context.Context, where string) ([]byte, error) {
	in, _, err := a.open(ctx, where)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s, the document's manifest, does not exist; name it with --manifest", where)
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, maxSmall+1))
	if err == nil && len(raw) > maxSmall {
		err = fmt.Errorf("%s is too large for a manifest", shown(where))
	}
	return raw, err
}
