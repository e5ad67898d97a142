package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// defect is one planted defect: how the code is to be spoilt, and which test must see it.
//
// Its file begins with a sentence that says what is wrong, and a line "test: " with the arguments of go test. The rest are
// changes in the manner of a diff, without line numbers: a line "+++ " with the file, and below it hunks that begin with
// "@@", of lines that stay (" "), go ("-") and come ("+"). What a hunk expects must stand in the file exactly once.
type defect struct {
	name  string // of its file
	what  string
	test  string
	files []change
}

// change is what becomes of one file, hunk by hunk.
type change struct {
	path  string // from the module's root
	hunks []hunk
}

// hunk puts one text in the place of another.
type hunk struct{ was, is string }

// loadDefects reads every defect of a folder, in the order of their names.
func loadDefects(folder string) ([]defect, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.diff"))
	if err != nil {
		return nil, err
	}
	var all []defect
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		d, err := parseDefect(strings.TrimSuffix(filepath.Base(path), ".diff"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func parseDefect(name, text string) (defect, error) {
	d := defect{name: name}
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if err := d.take(line); err != nil {
			return d, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	empty := func(c change) bool { return len(c.hunks) == 0 }
	if d.what == "" || d.test == "" || len(d.files) == 0 || slices.ContainsFunc(d.files, empty) {
		return d, fmt.Errorf("a defect is a sentence, a test and a change")
	}
	return d, nil
}

// take reads the next line.
func (d *defect) take(line string) error {
	switch {
	case d.what == "":
		d.what = line
		return nil
	case strings.HasPrefix(line, "test: "):
		d.test = strings.TrimPrefix(line, "test: ")
		return nil
	case strings.HasPrefix(line, "+++ "):
		d.files = append(d.files, change{path: strings.TrimPrefix(line, "+++ ")})
		return nil
	case len(d.files) == 0:
		return fmt.Errorf("%q stands before the first file", line)
	}
	return d.files[len(d.files)-1].take(line)
}

func (c *change) take(line string) error {
	if strings.HasPrefix(line, "@@") {
		c.hunks = append(c.hunks, hunk{})
		return nil
	}
	if len(c.hunks) == 0 {
		return fmt.Errorf("%q stands before the first hunk", line)
	}
	h, sign, rest := &c.hunks[len(c.hunks)-1], "", ""
	if line != "" {
		sign, rest = line[:1], line[1:]
	}
	switch sign {
	case "", " ":
		h.was, h.is = h.was+rest+"\n", h.is+rest+"\n"
	case "-":
		h.was += rest + "\n"
	case "+":
		h.is += rest + "\n"
	default:
		return fmt.Errorf("%q begins with neither a blank, a minus nor a plus", line)
	}
	return nil
}

// plant gives the spoilt files, by their paths from the module's root.
func (d defect) plant(root string) (map[string]string, error) {
	spoilt := map[string]string{}
	for _, c := range d.files {
		text, err := os.ReadFile(filepath.Join(root, c.path))
		if err != nil {
			return nil, fmt.Errorf("%s doesn't apply any more: %w", d.name, err)
		}
		now := string(text)
		for n, h := range c.hunks {
			if found := strings.Count(now, h.was); found != 1 {
				return nil, fmt.Errorf("%s doesn't apply any more: %s holds what hunk %d expects %d times", d.name, c.path, n+1, found)
			}
			now = strings.Replace(now, h.was, h.is, 1)
		}
		spoilt[c.path] = now
	}
	return spoilt, nil
}
