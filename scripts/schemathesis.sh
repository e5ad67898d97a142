#!/usr/bin/env bash
# schemathesis, from PyPI, in a virtual environment of the cache folder: it makes requests out of the description of the
# HTTP surface, good and bad ones, and holds every reply against it.
#
#   scripts/schemathesis.sh install    installs it; nothing happens when it is there
#   scripts/schemathesis.sh ARG…       runs `schemathesis ARG…`, installing it first if need be
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
VERSION=4.32.5
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/schemathesis/$VERSION

install() {
  [ -e "$DIR/ok" ] && return
  command -v python3 >/dev/null || { echo 'schemathesis: python3 is missing' >&2; exit 3; }
  echo "schemathesis: installing schemathesis $VERSION from PyPI into $DIR" >&2
  python3 -m venv "$DIR" || { echo 'schemathesis: python3 can make no virtual environment here' >&2; exit 3; }
  "$DIR/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION" >&2 || { echo 'schemathesis: the download failed' >&2; exit 3; }
  touch "$DIR/ok"
}

install
[ "${1:-}" = install ] && exit 0
exec "$DIR/bin/schemathesis" "$@"
