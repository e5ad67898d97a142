package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/videovector/exports/internal/artifact"
)

// manifestOf reads the manifest of the file, and tells where it is.
func (a *app) manifestOf(ctx context.Context, where string, f verifyFlags) (at string, m artifact.Manifest, raw []byte, err error) {
	places, err := f.manifestsOf(where)
	if err != nil {
		return "", m, nil, err
	}
	for _, at = range places {
		if raw, err = a.readSmall(ctx, at); err == nil {
			m, err = artifact.DecodeManifest(raw)
			return at, m, raw, within(at, err)
		}
	}
	if f.manifest == "" && len(stems(where)) == 0 && !strings.HasSuffix(where, manifestExtension) {
		return "", m, nil, misuse("where is the manifest of %s? Name it with --manifest", shown(where))
	}
	_, err = a.readSmall(ctx, places[min(1, len(places)-1)]) // the place where exports have it is the one to name
	return "", m, nil, err
}

// within says where an error comes from.
func within(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", shown(place), err)
}

// manifestsOf are the places where the manifest of the file may be, the first choice first: beside it under its whole
// name, or without its extension, and beside its folder.
func (f verifyFlags) manifestsOf(where string) (places []string, err error) {
	switch {
	case f.manifest != "":
		return []string{f.manifest}, nil
	case isLink(where):
		return nil, misuse("where is the manifest of %s? Name it with --manifest", shown(where))
	case f.all && strings.HasSuffix(where, manifestExtension):
		return []string{where}, nil
	}
	places = []string{where + manifestExtension}
	for _, stem := range stems(where) {
		places = append(places, stem+manifestExtension)
	}
	if folder := path.Dir(where); folder != "." && folder != "/" {
		places = append(places, folder+manifestExtension)
	}
	return places, nil
}

// stems are the file's name without the extension of a format and compression.
func stems(where string) (all []string) {
	for _, format := range artifact.Formats {
		for _, c := range artifact.Compressions {
			if stem, ok := strings.CutSuffix(where, artifact.Extension(format, c)); ok && c.Of(format) == c {
				all = append(all, stem)
			}
		}
	}
	return all
}

// describedBy is the manifest's entry of the file: the only one, or the one of its name. Names may begin with a folder.
func describedBy(m artifact.Manifest, where string) (artifact.File, error) {
	if len(m.Files) == 1 {
		return m.Files[0], nil
	}
	for _, f := range m.Files {
		if f.Name == path.Base(where) || strings.HasSuffix(where, "/"+f.Name) || f.Name == where {
			return f, nil
		}
	}
	return artifact.File{}, misuse("the manifest describes %d files, and none of them is called %s", len(m.Files), path.Base(shown(where)))
}

// verifyAll checks every file of the manifest, and whether they hold as many records as it says.
func (a *app) verifyAll(ctx context.Context, at string, m artifact.Manifest, vouched []check) error {
	if isLink(at) {
		return misuse("--all looks for files beside the manifest, and %s is a link", shown(at))
	}
	var failed []error
	for i, file := range m.Files {
		if !filepath.IsLocal(file.Name) {
			return fmt.Errorf("%s describes a file that is not beside it: %s", shown(at), printable(file.Name))
		}
		result, err := a.verifyOne(ctx, strings.TrimSuffix(at, path.Base(at))+file.Name, m, file)
		if err != nil {
			return err
		}
		result.Manifest = shown(at)
		if i == 0 {
			result.Checks = append(vouched, result.Checks...)
		}
		if last := i == len(m.Files)-1; last {
			result.Checks = append(result.Checks, together(m)...)
		}
		failed = append(failed, a.showVerified(result))
	}
	return errors.Join(failed...)
}

// together holds the rows that the manifest says its files have against the records that it says were written. A format
// of several files has them in parts.
func together(m artifact.Manifest) (checks []check) {
	rows := map[artifact.Format]int64{}
	for _, f := range m.Files {
		rows[f.Format] += f.Rows
	}
	for _, format := range artifact.Formats {
		if n, ok := rows[format]; ok && !format.Captions() {
			checks = append(checks, equalNumber("rows of "+string(format), m.Counts.Written, n))
		}
	}
	return checks
}
