package connector

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// browsePatience is how long a listing may take: a gateway gives up on its reply after 29 seconds.
const browsePatience = 20 * time.Second

// BrowseQuery chooses files.
type BrowseQuery struct {
	Prefix    string // of whole keys; "" for the whole bucket
	Pattern   Pattern
	Recursive bool // without it only what stands directly below the prefix
	Limit     int  // 1 or more
}

// Browse gives the files that the query chooses, in the store's order, as the store lists them: however many there are,
// a page of them is held. Markers of folders, whose keys end in a slash, are no files. It ends after the limit, or with
// the first failure; a listing that doesn't get there in 20 seconds is fault.Invalid, since another try takes as long.
func Browse(ctx context.Context, o Opener, c store.Connector, q BrowseQuery) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		ctx, cancel := context.WithTimeout(ctx, browsePatience)
		defer cancel()
		t, err := o.OpenTarget(ctx, c)
		if err != nil {
			yield(File{}, err)
			return
		}
		left := q.Limit
		for f, err := range t.List(ctx, ListQuery{Prefix: q.Prefix, Flat: !q.Recursive}) {
			if err == nil {
				err = ctx.Err() // choosing takes time as well
			}
			if err != nil {
				yield(File{}, listingFailure(ctx, err))
				return
			}
			if strings.HasSuffix(f.Key, "/") || !q.Pattern.Match(f.Key) {
				continue
			}
			left--
			if !yield(f, nil) || left == 0 {
				return
			}
		}
	}
}

// listingFailure tells the lack of time from the store's own failure. What a listing doesn't find is no file but the
// bucket: the connector exists, and its owner has to mend it.
func listingFailure(ctx context.Context, err error) error {
	f := fault.As(err)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Wrap(err, fault.Invalid, "browse_too_long",
			fmt.Sprintf("The listing took longer than %.0f seconds. Give a longer prefix.", browsePatience.Seconds()))
	case f.Kind == fault.NotFound:
		return fault.Wrap(err, fault.Invalid, f.Code, f.Message)
	}
	return err
}
