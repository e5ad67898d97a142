package steps

import (
	"context"
	"strings"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
)

// point lets latest.json beside the delivered objects name them, if an automation made the export, and gives its address.
// It is called once all of them stand there.
func (s Deliver) point(ctx context.Context, t connector.Target, e export.Export, d connector.Delivery) (uri string, err error) {
	if e.Origin != export.OriginAutomation {
		return "", nil
	}
	folder := export.JoinPath(e.Request.Destination.BasePath, e.Request.Destination.Subpath)
	file := func(o connector.Object) connector.LatestFile {
		return connector.LatestFile{Name: strings.TrimPrefix(strings.TrimPrefix(o.Key, folder), "/"), URI: t.URI(o.Key), Bytes: o.Bytes, SHA256: o.SHA256}
	}
	l := connector.Latest{ExportID: e.ID, TargetID: e.Request.TargetID, AsOf: e.AsOf(), Manifest: file(d.Manifest)}
	for _, o := range d.Files {
		l.Files = append(l.Files, file(o))
	}
	key := export.JoinPath(folder, export.LatestName)
	return t.URI(key), connector.Point(ctx, t, key, l)
}
