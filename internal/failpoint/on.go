//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Here is a place where the process may be killed: it is, if its passage through the place is the one that is armed.
func Here(place string) {
	if p := program(); p.control != "" {
		die(p.pass(place))
	}
}

// Clock tells the time, and is as far ahead as it was moved.
func Clock() func() time.Time {
	return func() time.Time { return time.Now().Add(program().ahead()) }
}

// running is what this process finds out about itself.
type running struct {
	control Folder // "" for none
	name    string // of the program's folder: the function's
}

// program looks for a control folder beside the program's own. Whoever runs the program elsewhere has none.
var program = sync.OnceValue(func() running {
	self, err := os.Executable()
	check(err)
	home := filepath.Dir(self)
	control := filepath.Join(filepath.Dir(home), Control)
	if _, err := os.Stat(control); err != nil {
		return running{}
	}
	return running{Folder(control), filepath.Base(home)}
})

// pass notes that the place was passed, and gives the victim if this was the passage that is armed. All processes of the
// service take turns. What is armed is struck out before anybody is killed, so it kills once.
func (p running) pass(place string) (victim Victim) {
	check(p.control.inTurn(func() error {
		p.note(passedFile, place)
		kills, err := p.control.armed()
		if err != nil || len(kills) == 0 || kills[0].Place != place {
			return err
		}
		if kills[0].Passage--; kills[0].Passage > 0 {
			return p.control.writeArmed(kills)
		}
		victim = kills[0].Victim
		p.note(killedFile, place)
		return p.control.writeArmed(kills[1:])
	}))
	return victim
}

// armed is what is to be killed.
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

// note adds a line to a file of the control folder.
func (p running) note(file, place string) {
	f, err := os.OpenFile(p.control.file(file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	check(err)
	_, err = fmt.Fprintln(f, place, p.name)
	check(err)
	check(f.Close())
}

// die kills the victim, if there is one. It doesn't return: a function's process whose service was killed is about to die
// with it, and does nothing any more until then.
func die(v Victim) {
	switch v {
	case Process:
		check(syscall.Kill(os.Getpid(), syscall.SIGKILL))
	case Service:
		check(syscall.Kill(os.Getppid(), syscall.SIGKILL))
	default:
		return
	}
	select {}
}

// ahead is how far the clock is moved.
func (p running) ahead() time.Duration {
	if p.control == "" {
		return 0
	}
	text, err := p.control.read(movedFile)
	check(err)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(text))
	check(err)
	return d
}

// check ends a process whose trial could not be trusted.
func check(err error) {
	if err != nil {
		panic("failpoint: " + err.Error())
	}
}
