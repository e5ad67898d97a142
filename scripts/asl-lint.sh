#!/usr/bin/env bash
# asl-validator, a linter of state machines, from the npm registry, in the cache folder.
#
#   scripts/asl-lint.sh install    installs it; nothing happens when it is there
#   scripts/asl-lint.sh FILE       checks a definition
#
# It exits with 3 when npm is missing or the download fails.
set -euo pipefail
VERSION=4.0.0
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/asl-validator/$VERSION

install() {
  [ -e "$DIR/ok" ] && return
  command -v npm >/dev/null || { echo 'asl-lint: npm is missing' >&2; exit 3; }
  echo "asl-lint: installing asl-validator $VERSION from the npm registry into $DIR" >&2
  mkdir -p "$DIR"
  npm install --silent --no-fund --no-audit --prefix "$DIR" "asl-validator@$VERSION" >&2 || { echo 'asl-lint: the download failed' >&2; exit 3; }
  touch "$DIR/ok"
}

install
[ "${1:-}" = install ] && exit 0
exec "$DIR/node_modules/.bin/asl-validator" --json-path "$1"
