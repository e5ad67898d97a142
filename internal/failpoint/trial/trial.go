// Package trial is how a test tells the processes of a service who is to be killed where, and how they tell it what they
// have passed: by files of a folder, since a process that is killed says nothing any more.
package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Name is the folder's. It stands beside the folders that hold the programs: SERVICE/failpoints, for SERVICE/local/local and
// SERVICE/plan/bootstrap.
const Name = "failpoints"

// Files of the folder.
const (
	armedFile  = "armed"  // what is to be killed where, one a line, the next one first
	movedFile  = "moved"  // how far clocks are moved, as time.Duration writes it
	passedFile = "passed" // places that were passed, one a line, with the program that did
	killedFile = "killed" // those at which somebody was killed, likewise
	turnFile   = "turn"   // whoever holds its lock may read and write the others
)

// Victim is who is killed.
type Victim string

// Victims. The service is the process that started the function's own, or, where functions have none, itself.
const (
	Process Victim = "process"
	Service Victim = "service"
)

// Armed is a kill that is to come.
type Armed struct {
	Place   string
	Passage int // 1 is the next one through the place
	Victim  Victim
}

// Passage is one passage through a place.
type Passage struct{ Place, Program string }

// Folder is where a trial stands.
type Folder string

// Make makes the folder for the service in dir.
func Make(dir string) (Folder, error) {
	f := Folder(filepath.Join(dir, Name))
	return f, os.MkdirAll(string(f), 0o700)
}

// Arm begins a trial: it says what is to be killed, the first one, and once that has happened the next. What was armed or
// noted before is forgotten.
func (f Folder) Arm(kills ...Armed) error {
	return f.inTurn(func() error {
		return errors.Join(f.replace(passedFile, ""), f.replace(killedFile, ""), f.writeArmed(kills))
	})
}

// Disarm ends it: nobody is killed any more.
func (f Folder) Disarm() error {
	return f.inTurn(func() error { return f.writeArmed(nil) })
}

// Move moves the clocks, so that they are that far ahead.
func (f Folder) Move(ahead time.Duration) error {
	return f.replace(movedFile, ahead.String()+"\n")
}

// Passed are all passages of the trial, in order.
func (f Folder) Passed() ([]Passage, error) { return f.passages(passedFile) }

// Killed are those that were the last of their process.
func (f Folder) Killed() ([]Passage, error) { return f.passages(killedFile) }

// Pass notes that the program has come to the place, and calls kill if this is the passage that is armed. All processes of
// the service take turns, and a turn ends when the killed one is dead, so who has disarmed sees nobody die any more. What is
// armed is struck out before anybody is killed, so it kills once.
func (f Folder) Pass(place, program string, kill func(Victim)) error {
	return f.inTurn(func() error {
		kills, err := f.armed()
		if err == nil {
			err = f.note(passedFile, place, program)
		}
		if err != nil || len(kills) == 0 || kills[0].Place != place {
			return err
		}
		if kills[0].Passage--; kills[0].Passage > 0 {
			return f.writeArmed(kills)
		}
		if err := errors.Join(f.note(killedFile, place, program), f.writeArmed(kills[1:])); err != nil {
			return err
		}
		kill(kills[0].Victim)
		return nil
	})
}

// Ahead is how far clocks are ahead.
func (f Folder) Ahead() (time.Duration, error) {
	text, err := f.read(movedFile)
	if text == "" {
		return 0, err
	}
	return time.ParseDuration(strings.TrimSpace(text))
}

func (f Folder) file(name string) string { return filepath.Join(string(f), name) }

// read gives a file's text; one that is not there is empty.
func (f Folder) read(name string) (string, error) {
	text, err := os.ReadFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// replace writes a file whole or not at all.
func (f Folder) replace(name, text string) error {
	if err := os.WriteFile(f.file(name)+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(f.file(name)+".new", f.file(name))
}

func (f Folder) inTurn(do func() error) error {
	turn, err := os.OpenFile(f.file(turnFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = turn.Close() }() // and with it the lock
	if err := syscall.Flock(int(turn.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return do()
}

func (f Folder) writeArmed(kills []Armed) error {
	var text strings.Builder
	for _, k := range kills {
		fmt.Fprintln(&text, k.Place, k.Passage, k.Victim)
	}
	return f.replace(armedFile, text.String())
}

func (f Folder) armed() (kills []Armed, err error) {
	text, err := f.read(armedFile)
	for line := range strings.Lines(text) {
		var k Armed
		if _, err := fmt.Sscan(line, &k.Place, &k.Passage, &k.Victim); err != nil {
			return nil, fmt.Errorf("%s: %w", f.file(armedFile), err)
		}
		kills = append(kills, k)
	}
	return kills, err
}

// note adds a line to a file.
func (f Folder) note(file, place, program string) error {
	to, err := os.OpenFile(f.file(file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to, place, program)
	return errors.Join(err, to.Close())
}

func (f Folder) passages(file string) (all []Passage, err error) {
	text, err := f.read(file)
	for line := range strings.Lines(text) {
		var p Passage
		if _, err := fmt.Sscan(line, &p.Place, &p.Program); err != nil {
			return nil, fmt.Errorf("%s: %w", f.file(file), err)
		}
		all = append(all, p)
	}
	return all, err
}
