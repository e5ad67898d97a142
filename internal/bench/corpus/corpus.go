// Package corpus makes the results that benchmarks read: believable records of the platform's two types, 1 to 3 KB
// each, of several runs whose prompts ask for different things, in several languages, with escapes, emoji, long texts
// and nulls. The same size gives the same bytes on every machine, and files are made once.
package corpus

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Version names the bytes: it changes with whatever changes them.
const Version = 1

// Corpus is files of results on disk, one for each run, and what they hold.
type Corpus struct {
	Files  []string `json:"files"`  // NDJSON
	Schema string   `json:"schema"` // file of the JSON Schema that all of the runs' metadata follows
	Rows   int64    `json:"rows"`
	Bytes  int64    `json:"bytes"`
}

// Ensure gives the corpus of at least that many bytes below folder, and makes it if it isn't there.
func Ensure(folder string, bytes int64) (Corpus, error) {
	folder = filepath.Join(folder, fmt.Sprintf("v%d-%d", Version, bytes))
	var c Corpus
	raw, err := os.ReadFile(filepath.Join(folder, "corpus.json"))
	if err == nil {
		return c, json.Unmarshal(raw, &c)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return c, err
	}
	if c, err = write(folder, bytes); err != nil {
		return c, err
	}
	if raw, err = json.Marshal(c); err != nil {
		return c, err
	}
	return c, os.WriteFile(filepath.Join(folder, "corpus.json"), raw, 0o644) // last: its presence says that all is there
}

func write(folder string, bytes int64) (Corpus, error) {
	c := Corpus{Schema: filepath.Join(folder, "schema.json")}
	if err := os.WriteFile(c.Schema, []byte(Schema()), 0o644); err != nil {
		return c, err
	}
	for run := range prompts {
		name := filepath.Join(folder, runID(run)+".ndjson")
		rows, n, err := writeFile(name, run, bytes/int64(len(prompts)))
		if err != nil {
			return c, err
		}
		c.Files, c.Rows, c.Bytes = append(c.Files, name), c.Rows+rows, c.Bytes+n
	}
	return c, nil
}

func writeFile(name string, run int, atLeast int64) (rows, bytes int64, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for line := range Records(run) {
		n, err := w.Write(line)
		rows, bytes = rows+1, bytes+int64(n)
		if err != nil || bytes >= atLeast {
			break
		}
	}
	return rows, bytes, errors.Join(w.Flush(), f.Close())
}
