#!/usr/bin/env bash
# The AWS SAM CLI, from PyPI, in a virtual environment of the cache folder.
#
#   scripts/sam.sh install    installs it; nothing happens when it is there
#   scripts/sam.sh ARG…       runs `sam ARG…`, installing it first if need be
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
VERSION=1.170.0
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/sam/$VERSION

install() {
  [ -e "$DIR/ok" ] && return
  command -v python3 >/dev/null || { echo 'sam: python3 is missing' >&2; exit 3; }
  echo "sam: installing aws-sam-cli $VERSION from PyPI into $DIR" >&2
  python3 -m venv "$DIR"
  "$DIR/bin/pip" install --quiet --disable-pip-version-check "aws-sam-cli==$VERSION" >&2 || { echo 'sam: the download failed' >&2; exit 3; }
  touch "$DIR/ok"
}

install
[ "${1:-}" = install ] && exit 0
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}
exec "$DIR/bin/sam" "$@"
