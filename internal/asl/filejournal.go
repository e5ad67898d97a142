package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// FileJournal keeps each history in a file of its own, an event a line, written through to the disk. Files of ended
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
	if err := appendLine(tmp, first); err != nil {
		return err
	}
	return os.Rename(tmp, j.file(j.open, name))
}

// Append implements Journal.
func (j *FileJournal) Append(name string, e Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	file := j.file(j.open, name)
	if err := appendLine(file, e); err != nil {
		return err
	}
	if !e.ended() {
		return nil
	}
	return os.Rename(file, j.file(j.done, name))
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

// Unfinished implements Journal. A history that had ended when the process died before it was moved is moved now.
func (j *FileJournal) Unfinished() ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entries, err := os.ReadDir(j.open)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), journalSuffix)
		if !ok {
			continue
		}
		events, err := j.read(name)
		if err != nil {
			return nil, err
		}
		if !events[len(events)-1].ended() {
			open = append(open, name)
		} else if err := os.Rename(j.file(j.open, name), j.file(j.done, name)); err != nil {
			return nil, err
		}
	}
	return open, nil
}

func (j *FileJournal) file(dir, name string) string { return filepath.Join(dir, name+journalSuffix) }

// read reads a history. A last line that the end of a process has cut off is left out, and cut off in the file too,
// so that the next event starts a line of its own.
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
	var events []Event
	whole := 0
	for line := range bytes.Lines(raw) {
		var e Event
		if !bytes.HasSuffix(line, []byte{'\n'}) || json.Unmarshal(line, &e) != nil {
			break
		}
		whole += len(line)
		events = append(events, e)
	}
	if whole < len(raw) {
		if err := os.Truncate(file, int64(whole)); err != nil {
			return nil, err
		}
	}
	if len(events) == 0 {
		return nil, ErrNoExecution
	}
	return events, nil
}

func appendLine(file string, e Event) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
