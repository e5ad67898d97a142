package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/export"
)

func (a *app) downloadCommand() *cobra.Command {
	var file, name string
	cmd := &cobra.Command{
		Use:   "download EXPORT_ID [-o FILE]",
		Short: "Download a file of an export, whole and checked or not at all",
		Long: `download writes the export's first file, or the one that --file names, into FILE, which appears when everything has
arrived and was checked. A download that is interrupted leaves nothing behind; the same command starts over. A file of
that name is replaced.`,
		Example: `  vvx export download exp_01kx…
  vvx export download exp_01kx… -o archive.json
  vvx export download exp_01kx… --file exp_01kx….manifest.json
  vvx export download exp_01kx… -o - | jq -c '.results[]'`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error { return a.download(ctx, args[0], file, name) }),
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "`FILE` to write, - for standard output (the file's own name unless given)")
	cmd.Flags().StringVar(&name, "file", "", "the `NAME` of another file of the export; \"vvx export get\" lists them")
	return cmd
}

// downloaded is the result of a download.
type downloaded struct {
	ExportID string `json:"export_id"`
	File     string `json:"file"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"`
	Verified bool   `json:"verified"` // the API told the digest, and it is this one
}

func (a *app) download(ctx context.Context, id, file, name string) error {
	switch {
	case file == "-" && a.global.json:
		return misuse("-o - and --json both want standard output")
	case file == "" && !export.ValidID(id):
		return misuse("%q is no export id; give -o FILE if it is one nevertheless", id)
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	if file == "" {
		if file, err = ownName(ctx, c, id, name); err != nil {
			return err
		}
	}
	bar := a.newBar(a.err, -1)
	show := client.WithProgress(func(done, total int64) {
		if total > 0 && bar.GetMax64() != total {
			bar.ChangeMax64(total)
		}
		_ = bar.Set64(done) // a bar that can't draw is no reason to stop
	})
	opts := []client.DownloadOption{show, client.WithFile(name)}
	if file == "-" {
		_, err := c.Exports.Download(ctx, id, a.out, opts...)
		return orStopped(ctx, endBar(bar, err), "what was printed is not the whole document")
	}
	doc, err := c.Exports.DownloadFile(ctx, id, file, opts...)
	if endBar(bar, err) != nil {
		return orStopped(ctx, err, "nothing was written to %s. The same command starts over", file)
	}
	return a.showDownload(downloaded{id, file, doc.Bytes, doc.SHA256, doc.Verified})
}

// ownName is what the file is called, without the folder it stands in. Nothing that a service says leads out of this
// folder.
func ownName(ctx context.Context, c *client.Client, id, name string) (string, error) {
	if name == "" {
		e, err := c.Exports.Retrieve(ctx, id)
		if err != nil {
			return "", err
		}
		if name = path.Base(e.GCSURI); e.GCSURI == "" {
			name = export.ObjectName(id)
		}
	}
	name = filepath.Base(filepath.FromSlash(name))
	if name == "." || name == ".." || name == string(filepath.Separator) {
		return "", misuse("%q is no name of a file; give -o FILE", name)
	}
	return name, nil
}

func (a *app) showDownload(d downloaded) error {
	return a.emit(d, func(w io.Writer) error {
		checked := "checked against the export"
		if !d.Verified {
			checked = `not known to the API; "vvx verify" checks it against the manifest`
		}
		_, err := fmt.Fprintf(w, "%s  %s (%d bytes)\nsha256 %s (%s)\n", cell(d.File), size(d.Bytes), d.Bytes, d.SHA256, checked)
		return err
	})
}
