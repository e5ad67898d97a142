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

. "$(dirname "$0")/venv.sh"
install() { venv python-sdk "videovector==$VERSION" "$DIR"; }

case "${1:-}" in
  install) install ;;
  run)
    shift
    install
    exec "$DIR/bin/python" "$@"
    ;;
  *) echo 'usage: scripts/python-sdk.sh install | run FILE ARG…' >&2; exit 2 ;;
esac
