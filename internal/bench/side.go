package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/videovector/exports/internal/bench/corpus"
)

// side is one way of making a file out of a corpus.
type side struct {
	name string
	does string // of checking and proving, for the table's reader
	out  string // below the folder for outputs; what is there is removed before
	run  func(w workplace, c corpus.Corpus, out string) command
	need string // a peer that may be missing; "" for ours
}

// workplace is where things are.
type workplace struct {
	vvx, self, scripts string            // programs, and the folder of scripts
	outputs            string            // folder
	columns            string            // file of the table's columns
	peers              map[string]string // programs by name; a missing one isn't there
	missing            map[string]string // why
}

const ownWork = "strict JSON, six members and order of times of every record; SHA-256 of file and parts, CRC-64, counts"

// ours packs with as many threads as processors.
func ours(threads int, out string, flags ...string) side {
	return side{name: "vvx pack " + flagText(flags), does: ownWork, out: out, run: func(w workplace, c corpus.Corpus, out string) command {
		args := append([]string{w.vvx, "pack"}, flags...)
		args = append(args, "--schema", c.Schema, "--threads", strconv.Itoa(threads), "-o", out)
		return command{args: append(args, c.Files...), env: []string{"GOMAXPROCS=" + strconv.Itoa(threads)}}
	}}
}

// flagText is the flags' values, as far as they tell sides apart.
func flagText(flags []string) string {
	text := ""
	for _, f := range flags {
		if f[0] != '-' {
			text += " " + f
		}
	}
	return text[min(1, len(text)):]
}

func format(name string, more ...string) []string { return append([]string{"--format", name}, more...) }

// python runs a task of scripts/peers.py.
func python(library, task, out, does string) side {
	return side{name: library + " " + task, does: does, out: out, need: "python", run: func(w workplace, c corpus.Corpus, out string) command {
		args := []string{w.peers["python"], filepath.Join(w.scripts, "peers.py"), task, w.columns, out}
		return command{args: append(args, c.Files...), env: []string{"POLARS_MAX_THREADS=1"}}
	}}
}

// tool runs a program of the system that writes to its standard output.
func tool(program, out, does string, flags ...string) side {
	return side{name: fmt.Sprint(program, " ", flagsOf(flags)), does: does, out: out, need: program, run: func(w workplace, c corpus.Corpus, out string) command {
		return command{args: append(append([]string{w.peers[program]}, flags...), c.Files...), stdout: out}
	}}
}

func flagsOf(flags []string) string {
	text := ""
	for i, f := range flags {
		if i > 0 {
			text += " "
		}
		text += f
	}
	return text
}

// bare is this program in the mode that only reads, digests and writes.
func bare(out string) side {
	return side{name: "read, digest, write", does: "no look at records; the same digests", out: out, run: func(w workplace, c corpus.Corpus, out string) command {
		return command{args: append([]string{w.self, copyMode, out}, c.Files...), env: []string{"GOMAXPROCS=1"}}
	}}
}

// find looks a program of the system up.
func (w *workplace) find(program string) {
	path, err := exec.LookPath(program)
	if err != nil {
		w.missing[program] = program + " is not installed"
		return
	}
	w.peers[program] = path
}
