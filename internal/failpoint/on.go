//go:build failpoints

package failpoint

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/videovector/exports/internal/failpoint/trial"
)

// Here is a place where the process may be killed: it is, if its passage through the place is the one that is armed.
func Here(place string) {
	if p := program(); p.trial != "" {
		check(p.trial.Pass(place, p.name, die))
	}
}

// Clock tells the time, and is as far ahead as it was moved.
func Clock() func() time.Time {
	return func() time.Time { return time.Now().Add(program().ahead()) }
}

// running is what this process finds out about itself.
type running struct {
	trial trial.Folder // "" for none
	name  string       // of the program's folder: the function's
}

// program looks for a trial's folder beside the program's own. Whoever runs the program elsewhere has none.
var program = sync.OnceValue(func() running {
	self, err := os.Executable()
	check(err)
	home := filepath.Dir(self)
	folder := filepath.Join(filepath.Dir(home), trial.Name)
	if _, err := os.Stat(folder); err != nil {
		return running{}
	}
	return running{trial.Folder(folder), filepath.Base(home)}
})

// die kills the victim. It doesn't return: a function's process whose service was killed is about to die with it, and does
// nothing any more until it does.
func die(v trial.Victim) {
	victim := os.Getpid()
	if v == trial.Service {
		victim = os.Getppid()
	}
	check(syscall.Kill(victim, syscall.SIGKILL))
	select {}
}

func (p running) ahead() time.Duration {
	if p.trial == "" {
		return 0
	}
	d, err := p.trial.Ahead()
	check(err)
	return d
}

// check ends a process whose trial could not be trusted.
func check(err error) {
	if err != nil {
		panic("failpoint: " + err.Error())
	}
}
