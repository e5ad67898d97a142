#!/usr/bin/env bash
# moto, from PyPI, in a virtual environment of the cache folder: a second interpreter of the states language, written by
# others, that ours is compared with.
#
#   scripts/moto.sh install    installs it; nothing happens when it is there
#   scripts/moto.sh judge      installs it if need be and runs scripts/moto_asl.py: executions in on standard input,
#                              their ends out on standard output, until the input ends
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
VERSION=5.2.5
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/moto/$VERSION

. "$(dirname "$0")/venv.sh"
install() { venv moto "moto[stepfunctions,s3]==$VERSION" "$DIR"; }

case "${1:-}" in
  install) install ;;
  judge)
    install
    exec "$DIR/bin/python" "$(dirname "$0")/moto_asl.py"
    ;;
  *) echo 'usage: scripts/moto.sh install | judge' >&2; exit 2 ;;
esac
