package azureconn

import (
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
)

const (
	pageBlobs = "1000"
	maxPage   = 16 << 20 // bytes of a page
)

// page is one reply of a listing.
type page struct {
	Blobs      []listed `xml:"Blobs>Blob"`
	NextMarker string   `xml:"NextMarker"`
}

type listed struct {
	Name struct {
		Text    string `xml:",chardata"`
		Encoded bool   `xml:"Encoded,attr"` // since XML can't hold every character
	} `xml:"Name"`
	Properties struct {
		LastModified string `xml:"Last-Modified"`
		Bytes        int64  `xml:"Content-Length"`
		ContentType  string `xml:"Content-Type"`
		ResourceType string `xml:"ResourceType"` // "directory" for the folders of accounts that have them
	} `xml:"Properties"`
}

// List implements connector.Target.
func (t *target) List(ctx context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	return func(yield func(connector.File, error) bool) {
		query := url.Values{"restype": {"container"}, "comp": {"list"}, "maxresults": {pageBlobs}, "prefix": {q.Prefix}}
		if q.Flat {
			query.Set("delimiter", "/")
		}
		for {
			p, err := t.page(ctx, query)
			if err != nil {
				yield(connector.File{}, err)
				return
			}
			for _, b := range p.Blobs {
				if b.Properties.ResourceType == "directory" {
					continue
				}
				if f, err := b.file(); !yield(f, err) || err != nil {
					return
				}
			}
			if p.NextMarker == "" || p.NextMarker == query.Get("marker") { // a page that leads to itself is the last
				return
			}
			query.Set("marker", p.NextMarker)
		}
	}
}

func (t *target) page(ctx context.Context, query url.Values) (page, error) {
	var p page
	reply, err := t.do(ctx, request{method: http.MethodGet, address: t.container + "?" + query.Encode()})
	if err != nil {
		return p, err
	}
	if reply.StatusCode != http.StatusOK {
		return p, t.refusal(reply, toList)
	}
	text, err := guard.ReadReply(reply, maxPage)
	if err != nil {
		return p, err
	}
	if err := xml.Unmarshal(text, &p); err != nil {
		return p, unreadable(err)
	}
	return p, nil
}

func (b listed) file() (connector.File, error) {
	f := connector.File{Key: b.Name.Text, Bytes: b.Properties.Bytes, ContentType: b.Properties.ContentType}
	at, err := time.Parse(time.RFC1123, b.Properties.LastModified)
	if err != nil {
		return connector.File{}, unreadable(err)
	}
	f.LastModified = at.UTC()
	if b.Name.Encoded {
		if f.Key, err = url.PathUnescape(f.Key); err != nil {
			return connector.File{}, unreadable(err)
		}
	}
	return connector.Listed(f)
}

func unreadable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The destination gave a listing that can't be read.")
}
