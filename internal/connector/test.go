package connector

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// A test ends within 24 seconds, since a gateway gives up on its reply after 29.
const (
	testPatience   = 20 * time.Second // for all that is tried
	removePatience = 4 * time.Second  // for clearing the probe away, whatever came before
)

// Test tries what the connector is for, with its own credentials. With the export scope it writes a small probe object
// of an unguessable name below the base path, reads it back and removes it; with the import scope it lists the bucket up
// to its first object. The problem is what its owner has to mend, in words, "" for a connector that works. An err is a
// failure of ours and says nothing about the connector.
func Test(ctx context.Context, o Opener, c store.Connector) (problem string, err error) {
	ctx, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	t, err := o.OpenTarget(ctx, c)
	if fault.Is(err, fault.Invalid) {
		return says("Opening the connector failed", err), nil
	}
	if err != nil {
		return "", err
	}
	var problems []string
	for _, try := range []struct {
		scope string
		do    func(context.Context, Target, store.Connector) ([]string, error)
	}{{"export", tryExport}, {"import", tryImport}} {
		if !slices.Contains(c.Scopes, try.scope) {
			continue
		}
		found, err := try.do(ctx, t, c)
		if err != nil {
			return "", err
		}
		problems = append(problems, found...)
	}
	return strings.Join(problems, " "), nil
}

func tryImport(ctx context.Context, t Target, _ store.Connector) ([]string, error) {
	for _, err := range t.List(ctx, ListQuery{}) {
		return judge(ctx, "Listing the bucket failed", err)
	}
	return nil, nil
}

// tryExport leaves no probe behind that it could remove, and names one that it couldn't.
func tryExport(ctx context.Context, t Target, c store.Connector) ([]string, error) {
	o := probe(export.JoinPath(c.ExportBasePath, "videovector-test-"+rand.Text()+".txt"))
	err := t.Create(ctx, o)
	if err != nil && !fault.Is(err, fault.Conflict) { // of this name there is only ours, of a call whose reply was lost
		problems, ours := judge(ctx, "Writing a probe object failed", err)
		if !fault.Is(err, fault.Invalid) && remove(ctx, t, o) != nil { // it may have been written all the same
			problems = append(problems, "A probe may be left over: "+t.URI(o.Key)+".")
		}
		return problems, ours
	}
	_, err = readBack(ctx, t, o)
	problems, ours := judge(ctx, "Reading the probe object back failed", err)
	if err := remove(ctx, t, o); err != nil {
		problems = append(problems, says("Removing the probe object failed", err), "It is left over: "+t.URI(o.Key)+".")
	}
	return problems, ours
}

// remove has its own patience: there must be time for it when all other time is up.
func remove(ctx context.Context, t Target, o Object) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removePatience)
	defer cancel()
	return t.Remove(ctx, o.Key)
}

// judge tells a problem of the connector, which has taken too long as well, from a failure of ours.
func judge(ctx context.Context, step string, err error) (problems []string, ours error) {
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return []string{fmt.Sprintf("%s: the bucket did not answer within %.0f seconds.", step, testPatience.Seconds())}, nil
	case fault.Is(err, fault.Internal):
		return nil, err
	}
	return []string{says(step, err)}, nil
}

// says is the step that failed with the failure's public message.
func says(step string, err error) string { return step + ": " + fault.As(err).Message }

const probeText = "VideoVector tries here whether it can write, read and remove objects. This one can be removed.\n"

func probe(key string) Object {
	sum := sha256.Sum256([]byte(probeText))
	return Object{
		Key: key, Bytes: int64(len(probeText)), SHA256: hex.EncodeToString(sum[:]), ContentType: "text/plain",
		Open: func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader([]byte(probeText)[offset : offset+length])), nil
		},
	}
}
