#!/usr/bin/env bash
# The published Python SDK, videovector from PyPI, in a virtual environment of the cache folder: the client that the
# service must satisfy as it is.
#
#   scripts/python-sdk.sh install       installs it; nothing happens when it is there
#   scripts/python-sdk.sh run FILE ARG… runs a Python program that can import it, installing it first if need be
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
VERSION=2.0.0
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/python-sdk/$VERSION

install() {
  [ -e "$DIR/ok" ] && return
  command -v python3 >/dev/null || { echo 'python-sdk: python3 is missing' >&2; exit 3; }
  echo "python-sdk: installing videovector $VERSION from PyPI into $DIR" >&2
  python3 -m venv "$DIR" || { echo 'python-sdk: python3 can make no virtual environment here' >&2; exit 3; }
  "$DIR/bin/pip" install --quiet --disable-pip-version-check "videovector==$VERSION" >&2 || { echo 'python-sdk: the download failed' >&2; exit 3; }
  touch "$DIR/ok"
}

case "${1:-}" in
  install) install ;;
  run)
    shift
    install
    exec "$DIR/bin/python" "$@"
    ;;
  *) echo 'usage: scripts/python-sdk.sh install | run FILE ARG…' >&2; exit 2 ;;
esac
