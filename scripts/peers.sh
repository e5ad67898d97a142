#!/usr/bin/env bash
# What people would use in place of `vvx pack`, from PyPI, in a virtual environment of the cache folder: DuckDB and
# Polars. The benchmark runs both on its own input.
#
#   scripts/peers.sh install    installs them; nothing happens when they are there
#   scripts/peers.sh python     installs them if need be and prints the path of the Python that has them
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
DUCKDB=2.0.1
POLARS=2.1.0
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/peers/duckdb-$DUCKDB-polars-$POLARS

. "$(dirname "$0")/venv.sh"
install() { venv peers "duckdb==$DUCKDB polars==$POLARS" "$DIR"; }

case "${1:-}" in
  install) install ;;
  python) install && echo "$DIR/bin/python" ;;
  *) echo 'usage: scripts/peers.sh install | python' >&2; exit 2 ;;
esac
