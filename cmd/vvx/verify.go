package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
	"github.com/videovector/exports/internal/artifact"
)

// manifestExtension is what the name of a manifest ends with.
const manifestExtension = ".manifest.json"

// verifyFlags are the flags of verify.
type verifyFlags struct {
	manifest, export string
	all              bool
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify FILE|URI [--manifest FILE|URI] [--all]",
		Short: "Check a document against its manifest, byte by byte and record by record",
		Long: `verify reads the whole file and recomputes its size, its SHA-256, the digest of every part and of all of them, its
CRC-64/NVME, and how many records of which kind it holds. All of it must be what the manifest says. Files of every
format and compression are read as what they are.

The manifest is the file beside the document: EXPORT_ID.manifest.json beside EXPORT_ID.json, or OUT.manifest.json beside
OUT, unless --manifest names another one. Both may be files, https links, or s3:// addresses in the local service's
buckets. With --all every file of the manifest is checked, each where the manifest's own place says; FILE is any of them
or the manifest. With --export the API is asked whether that manifest is the export's own.`,
		Example: `  vvx verify exp_01kx….json
  vvx verify s3://review-team-bucket/videovector/exports/exp_01kx….json
  vvx verify --all archive.manifest.json
  vvx verify archive.json --manifest archive.manifest.json --export exp_01kx…`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			return orStopped(ctx, a.verify(ctx, args[0], f), "nothing was found out about %s", shown(args[0]))
		}),
	}
	cmd.Flags().StringVar(&f.manifest, "manifest", "", "the manifest's `FILE` or URI")
	cmd.Flags().StringVar(&f.export, "export", "", "also check that the manifest is that of the export `ID`, as the API knows it")
	cmd.Flags().BoolVar(&f.all, "all", false, "check every file that the manifest describes")
	return cmd
}

// verified is the result of verify for one file.
type verified struct {
	Document string  `json:"document"`
	Manifest string  `json:"manifest"`
	ExportID string  `json:"export_id"`
	Records  int64   `json:"records"`
	OK       bool    `json:"ok"`
	Checks   []check `json:"checks"`
}

func (a *app) verify(ctx context.Context, where string, f verifyFlags) error {
	at, m, raw, err := a.manifestOf(ctx, where, f)
	if err != nil {
		return err
	}
	var vouched []check
	if f.export != "" {
		c, err := a.vouch(ctx, f.export, raw)
		if err != nil {
			return err
		}
		vouched = append(vouched, c)
	}
	if f.all {
		return a.verifyAll(ctx, at, m, vouched)
	}
	file, err := describedBy(m, where)
	if err != nil {
		return err
	}
	result, err := a.verifyOne(ctx, where, m, file)
	if err != nil {
		return err
	}
	result.Manifest, result.Checks = shown(at), append(vouched, result.Checks...)
	return a.showVerified(result)
}

// verifyOne checks one file of the manifest.
func (a *app) verifyOne(ctx context.Context, where string, m artifact.Manifest, file artifact.File) (verified, error) {
	got, c, err := a.examine(ctx, where, file)
	if err != nil {
		return verified{}, err
	}
	return verified{Document: shown(where), ExportID: m.Export.ExportID, Records: max(c.rows, 0), Checks: compare(m, file, got, c)}, nil
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

// examine reads the file once, to its end even if its contents make no sense. One whose contents can't be told from its
// beginning on is read a second time.
func (a *app) examine(ctx context.Context, where string, file artifact.File) (artifact.Digests, contents, error) {
	in, total, err := a.open(ctx, where)
	if err != nil {
		return artifact.Digests{}, contents{}, err
	}
	defer in.Close()
	bar := a.newBar(a.err, total)
	bar.Describe("checking")
	digester := artifact.NewDigester(file.PartBytes)
	reader := &patient{ctx: ctx, r: io.TeeReader(in, io.MultiWriter(digester, bar))}
	c, err := a.read(reader, in, file)
	if err = endBar(bar, errors.Join(err, reader.err)); err != nil {
		return artifact.Digests{}, c, fmt.Errorf("%s can't be read: %w", shown(where), err)
	}
	return digester.Sum(), c, nil
}

// read reads all of the reader, which reads in. The error is one of keeping what was read.
func (a *app) read(reader *patient, in io.Reader, file artifact.File) (c contents, err error) {
	if !needsAll(file.Format) {
		c = inspect(file, reader)
		if reader.err == nil {
			_, _ = io.Copy(io.Discard, reader) // its failure is reader.err
		}
		return c, nil
	}
	if f, ok := in.(*os.File); ok && seekable(f) {
		n, err := io.Copy(io.Discard, reader)
		if err != nil {
			return c, nil // it is reader.err
		}
		return inspectAll(file.Format, f, n), nil
	}
	return spooled(reader, file)
}

func seekable(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// spooled keeps what can be read once only in a file of its own, for as long as it is looked at.
func spooled(reader *patient, file artifact.File) (c contents, err error) {
	f, err := os.CreateTemp("", "vvx-verify-*")
	if err != nil {
		return c, err
	}
	defer os.Remove(f.Name())
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := io.Copy(f, reader)
	if err != nil {
		return c, err
	}
	return inspectAll(file.Format, f, n), nil
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
