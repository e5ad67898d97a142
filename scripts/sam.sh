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

. "$(dirname "$0")/venv.sh"
install() { venv sam "aws-sam-cli==$VERSION" "$DIR"; }

install
[ "${1:-}" = install ] && exit 0
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}
exec "$DIR/bin/sam" "$@"
