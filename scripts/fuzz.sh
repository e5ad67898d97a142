#!/usr/bin/env bash
# Fuzzes every decoder and parser for FUZZTIME each (30s), FUZZJOBS at a time (as many as there are processors), and says for
# each how many inputs it took. What is only interesting is hardly minimized: where goroutines make coverage vary, nothing else
# would be done. A crasher is kept below the package's testdata/fuzz, where every later `go test` runs it.
# Arguments are packages; without any, all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
FUZZTIME=${FUZZTIME:-30s}
FUZZJOBS=${FUZZJOBS:-$(nproc)}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

[ $# -gt 0 ] || set -- ./...
targets=$(go list -f '{{$d := .Dir}}{{$p := .ImportPath}}{{range .TestGoFiles}}{{$p}} {{$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$p}} {{$d}}/{{.}}{{"\n"}}{{end}}' "$@" |
  while read -r package file; do
    [ -z "$file" ] || sed -nE "s|^func (Fuzz[A-Za-z0-9_]+)\(.*|$package \1|p" "$file"
  done)
[ -n "$targets" ] || { echo 'fuzz: these packages have no targets' >&2; exit 1; }

one() { # package, target
  local log=$logs/${1//\//_}.$2
  if go test -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 20x -parallel 1 "$1" >"$log" 2>&1; then
    printf 'fuzz: %-60s %s\n' "${1#github.com/videovector/exports/} $2" "$(grep -oE 'execs: [0-9]+' "$log" | tail -1)"
  else
    echo "fuzz: ${1#github.com/videovector/exports/} $2 FAILED" >&2
    cat "$log" >&2
    return 1
  fi
}
export -f one
export FUZZTIME logs
echo "fuzz: $(wc -l <<<"$targets") targets, $FUZZTIME each, $FUZZJOBS at a time"
xargs -P "$FUZZJOBS" -L 1 bash -c 'one "$@"' one <<<"$targets"
