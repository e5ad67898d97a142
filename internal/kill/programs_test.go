package kill

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programs is the folder of everything that is run: local/local, NAME/bootstrap of every function, and vvx.
type programs struct{ dir string }

// build compiles the programs as they are deployed, but for this machine and with failpoints.
func build(t *testing.T) programs {
	t.Helper()
	p := programs{t.TempDir()}
	flags := []string{"build", "-trimpath", "-ldflags=-s -w -buildid=", "-tags", "lambda.norpc,failpoints"}
	built := filepath.Join(p.dir, "built")
	goBuild(t, append(flags, "-o", built+string(filepath.Separator), "./functions/...")...)
	goBuild(t, append(flags, "-o", p.local(), "./cmd/local")...)
	goBuild(t, "build", "-o", p.vvx(), "./cmd/vvx")
	for _, name := range p.functions(t) {
		p.place(t, filepath.Join(built, name), filepath.Join(p.dir, name, "bootstrap"))
	}
	return p
}

func (p programs) local() string { return filepath.Join(p.dir, "local", "local") }

func (p programs) vvx() string { return filepath.Join(p.dir, "vvx") }

func (p programs) functions(t *testing.T) (names []string) {
	t.Helper()
	built, err := os.ReadDir(filepath.Join(p.dir, "built"))
	if err != nil || len(built) == 0 {
		t.Fatalf("no functions were built: %v", err)
	}
	for _, f := range built {
		names = append(names, f.Name())
	}
	return names
}

// copyTo gives a service programs of its own, since what is armed stands beside them.
func (p programs) copyTo(t *testing.T, dir string) programs {
	t.Helper()
	own := programs{dir}
	p.place(t, p.local(), own.local())
	p.place(t, p.vvx(), own.vvx())
	for _, name := range p.functions(t) {
		p.place(t, filepath.Join(p.dir, name, "bootstrap"), filepath.Join(dir, name, "bootstrap"))
	}
	return own
}

// place makes the program stand at the other path as well.
func (p programs) place(t *testing.T, program, at string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(program, at); err != nil {
		t.Fatal(err)
	}
}

func goBuild(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// run runs vvx against the service.
func (p programs) run(local string, command string, args ...string) error {
	out, err := exec.Command(p.vvx(), append([]string{command, "--local", local}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("vvx %s %s: %w\n%s", command, strings.Join(args, " "), err, out)
	}
	return nil
}
