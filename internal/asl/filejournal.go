package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// FileJournal keeps each history in a file of its own, an event a line, written through to the disk. Files of settled
// executions move to a folder beside, so that a start looks only at what is open, and their names stay taken.
type FileJournal struct {
	open, done string
	mu         sync.Mutex // one writer at a time; appends are far apart
}

const journalSuffix = ".jsonl"

// NewFileJournal keeps histories below dir.
func NewFileJournal(dir string) (*FileJournal, error) {
	j := &FileJournal{open: filepath.Join(dir, "open"), done: filepath.Join(dir, "done")}
	return j, errors.Join(os.MkdirAll(j.open, 0o700), os.MkdirAll(j.done, 0o700))
}

// Create implements Journal. The file appears with its first event or not at all.
func (j *FileJournal) Create(name string, first Event) error {
	if !executionName.MatchString(name) {
		return ErrBadName
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.read(name); !errors.Is(err, ErrNoExecution) {
		return errors.Join(err, ErrExecutionExists)
	}
	tmp := filepath.Join(j.open, name+".new")
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := appendLine(tmp, os.O_CREATE|os.O_EXCL, first); err != nil {
		return err
	}
	return os.Rename(tmp, j.file(j.open, name))
}

// Append implements Journal.
func (j *FileJournal) Append(name string, e Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := appendLine(j.file(j.open, name), 0, e)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoExecution
	}
	return err
}

// Events implements Journal.
func (j *FileJournal) Events(name string) ([]Event, error) {
	if !executionName.MatchString(name) {
		return nil, ErrNoExecution
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.read(name)
}

// Settle implements Journal.
func (j *FileJournal) Settle(name string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := os.Rename(j.file(j.open, name), j.file(j.done, name))
	if errors.Is(err, fs.ErrNotExist) {
		_, err = j.read(name) // settled before, or unknown
	}
	return err
}

// Unfinished implements Journal.
func (j *FileJournal) Unfinished() ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entries, err := os.ReadDir(j.open)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), journalSuffix); ok {
			open = append(open, name)
		}
	}
	return open, nil
}

func (j *FileJournal) file(dir, name string) string { return filepath.Join(dir, name+journalSuffix) }

// read reads a history. A last line that the end of a process has cut off is left out, and cut off in the file too,
// so that the next event starts a line of its own. Any other line that can't be read is an error: the file stays as it
// is, and so does the name.
func (j *FileJournal) read(name string) ([]Event, error) {
	file := j.file(j.open, name)
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		file = j.file(j.done, name)
		raw, err = os.ReadFile(file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoExecution
	}
	if err != nil {
		return nil, err
	}
	events, whole, err := parseLines(raw)
	if err != nil {
		return nil, fmt.Errorf("the history of %s: %w", name, err)
	}
	if whole < len(raw) {
		err = os.Truncate(file, int64(whole))
	}
	return events, err
}

// parseLines reads the events of whole lines, of which there is one at least.
func parseLines(raw []byte) (events []Event, whole int, err error) {
	for line := range bytes.Lines(raw) {
		if !bytes.HasSuffix(line, []byte{'\n'}) {
			break
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, 0, fmt.Errorf("line %d can't be read", len(events)+1)
		}
		whole += len(line)
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, 0, errors.New("no line is whole")
	}
	return events, whole, nil
}

// appendLine adds an event, or leaves the file as it was.
func appendLine(file string, flags int, e Event) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	before, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Sync()); err != nil {
		err = errors.Join(err, f.Truncate(before))
	}
	return errors.Join(err, f.Close())
}
