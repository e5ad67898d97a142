#!/usr/bin/env bash
# DuckDB and pyarrow, from PyPI, in a virtual environment of the cache folder: readers of tables, written by others,
# that must find in our files what we wrote.
#
#   scripts/readers.sh install        installs them; nothing happens when they are there
#   scripts/readers.sh run FILE ARG…  runs a Python program that can import both, installing them first if need be
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
DUCKDB_VERSION=2.0.1
PYARROW_VERSION=26.0.1
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/readers/$DUCKDB_VERSION-$PYARROW_VERSION

. "$(dirname "$0")/venv.sh"
install() { venv readers "duckdb==$DUCKDB_VERSION pyarrow==$PYARROW_VERSION" "$DIR"; }

case "${1:-}" in
  install) install ;;
  run)
    shift
    install
    exec "$DIR/bin/python" "$@"
    ;;
  *) echo 'usage: scripts/readers.sh install | run FILE ARG…' >&2; exit 2 ;;
esac
