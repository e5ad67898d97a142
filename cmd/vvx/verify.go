package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/artifact"
)

// verifyFlags are the flags of verify.
type verifyFlags struct{ manifest, export string }

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify FILE|URI [--manifest FILE|URI]",
		Short: "Check a document against its manifest, byte by byte and record by record",
		Long: `verify reads the whole document and recomputes its size, its SHA-256, the digest of every part and of all of them, its
CRC-64/NVME, and how many records of which kind it holds. All of it must be what the manifest says.

The manifest is the file beside the document: EXPORT_ID.manifest.json beside EXPORT_ID.json, unless --manifest names
another one. Both may be files, https links, or s3:// addresses in the local service's buckets. With --export the API is
asked whether that manifest is the export's own.`,
		Example: `  vvx verify exp_01kx….json
  vvx verify s3://review-team-bucket/videovector/exports/exp_01kx….json
  vvx verify archive.json --manifest archive.manifest.json --export exp_01kx…`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			return orStopped(ctx, a.verify(ctx, args[0], f), "nothing was found out about %s", shown(args[0]))
		}),
	}
	cmd.Flags().StringVar(&f.manifest, "manifest", "", "the manifest's `FILE` or URI")
	cmd.Flags().StringVar(&f.export, "export", "", "also check that the manifest is that of the export `ID`, as the API knows it")
	return cmd
}

// verified is the result of verify.
type verified struct {
	Document string  `json:"document"`
	Manifest string  `json:"manifest"`
	ExportID string  `json:"export_id"`
	Records  int64   `json:"records"`
	OK       bool    `json:"ok"`
	Checks   []check `json:"checks"`
}

func (a *app) verify(ctx context.Context, where string, f verifyFlags) error {
	manifestAt, err := f.manifestOf(where)
	if err != nil {
		return err
	}
	raw, err := a.readSmall(ctx, manifestAt)
	if err != nil {
		return err
	}
	m, err := artifact.DecodeManifest(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", shown(manifestAt), err)
	}
	file, err := describedBy(m, where)
	if err != nil {
		return err
	}
	result := verified{Document: shown(where), Manifest: shown(manifestAt), ExportID: m.Export.ExportID}
	if f.export != "" {
		vouched, err := a.vouch(ctx, f.export, raw)
		if err != nil {
			return err
		}
		result.Checks = append(result.Checks, vouched)
	}
	got, contents, err := a.examine(ctx, where, file.PartBytes)
	if err != nil {
		return err
	}
	result.Records = contents.found.Found.Results
	result.Checks = append(result.Checks, compare(m, file, got, contents)...)
	return a.showVerified(result)
}

// manifestOf is where the manifest of the document is.
func (f verifyFlags) manifestOf(where string) (string, error) {
	if f.manifest != "" {
		return f.manifest, nil
	}
	stem, ok := strings.CutSuffix(where, ".json")
	if isLink(where) || !ok {
		return "", misuse("where is the manifest of %s? Name it with --manifest", shown(where))
	}
	return stem + ".manifest.json", nil
}

// describedBy is the manifest's entry of the document: the only one, or the one of its name.
func describedBy(m artifact.Manifest, where string) (artifact.File, error) {
	if len(m.Files) == 1 {
		return m.Files[0], nil
	}
	for _, f := range m.Files {
		if f.Name == path.Base(where) {
			return f, nil
		}
	}
	return artifact.File{}, misuse("the manifest describes %d files, and none of them is called %s", len(m.Files), path.Base(shown(where)))
}

// vouch asks the API whether the manifest is the export's own.
func (a *app) vouch(ctx context.Context, id string, manifest []byte) (check, error) {
	c, err := a.connect()
	if err != nil {
		return check{}, err
	}
	e, err := c.Exports.Retrieve(ctx, id)
	if err != nil {
		return check{}, err
	}
	if e.ManifestSHA256 == "" {
		return check{}, &client.NotReadyError{Export: e}
	}
	sum := sha256.Sum256(manifest)
	return equal("manifest", e.ManifestSHA256, hex.EncodeToString(sum[:])), nil
}

// contents is what was read of a document, and why it could not be read further.
type contents struct {
	found artifact.Contents
	err   error
}

// examine reads the document once, to its end even if its contents make no sense.
func (a *app) examine(ctx context.Context, where string, partBytes int64) (artifact.Digests, contents, error) {
	in, total, err := a.open(ctx, where)
	if err != nil {
		return artifact.Digests{}, contents{}, err
	}
	defer in.Close()
	bar := a.newBar(a.err, total)
	bar.Describe("checking")
	digester := artifact.NewDigester(partBytes)
	reader := &patient{ctx: ctx, r: io.TeeReader(in, io.MultiWriter(digester, bar))}
	var c contents
	c.found, c.err = artifact.Inspect(reader)
	if reader.err == nil {
		_, _ = io.Copy(io.Discard, reader) // its failure is reader.err
	}
	if err := endBar(bar, reader.err); err != nil {
		return artifact.Digests{}, c, fmt.Errorf("%s can't be read: %w", shown(where), err)
	}
	return digester.Sum(), c, nil
}

// patient reads until the context ends, and remembers a failure to read.
type patient struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		p.err = err
		return 0, err
	}
	n, err := p.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

func (a *app) showVerified(v verified) error {
	v.OK = true
	for _, c := range v.Checks {
		v.OK = v.OK && c.OK
	}
	if err := a.emit(v, func(w io.Writer) error { return describe(w, checkFields(v.Checks)...) }); err != nil {
		return err
	}
	if !v.OK {
		return fmt.Errorf("%s is not the document that %s describes", v.Document, v.Manifest)
	}
	return nil
}

// manifestExtension is what the name of a file's manifest ends with.
const manifestExtension = ".manifest.json"
