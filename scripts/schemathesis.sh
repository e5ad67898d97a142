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

. "$(dirname "$0")/venv.sh"
install() { venv schemathesis "schemathesis==$VERSION" "$DIR"; }

install
[ "${1:-}" = install ] && exit 0
exec "$DIR/bin/schemathesis" "$@"
