package main

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/videovector/exports/client"
)

// secretVariable holds a connector's secret, where no file is named.
const secretVariable = "VIDEO_VECTOR_CONNECTOR_SECRET"

// maxSecretBytes is the API's limit on a service account's file, the longest secret there is.
const maxSecretBytes = 64 << 10

// secretFrom reads a secret from a file, or from standard input for "-". The line end behind it isn't part of it.
func (a *app) secretFrom(file string) (client.Secret, error) {
	r := io.NopCloser(a.in)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		r = f
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxSecretBytes+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	raw = bytes.TrimRight(raw, "\r\n")
	switch {
	case len(raw) == 0:
		return "", misuse("%s holds no secret", file)
	case len(raw) > maxSecretBytes:
		return "", misuse("%s holds more than %d bytes; that is no secret of a connector", file, maxSecretBytes)
	}
	return client.Secret(raw), nil
}

// secret is a connector's secret, from the file that the flag names or from the environment; "" if neither has one.
func (a *app) secret(file string) (client.Secret, error) {
	if file != "" {
		return a.secretFrom(file)
	}
	return client.Secret(a.getenv(secretVariable)), nil
}

// needSecret is secret, where there must be one.
func (a *app) needSecret(flag, file string) (client.Secret, error) {
	s, err := a.secret(file)
	if err == nil && s == "" {
		err = misuse("there is no secret: give --%s FILE (- for standard input) or %s", flag, secretVariable)
	}
	return s, err
}
