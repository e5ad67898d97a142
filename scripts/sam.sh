#!/usr/bin/env bash
# The AWS SAM CLI, from PyPI, in a virtual environment of the cache folder.
#
#   scripts/sam.sh install    installs it; nothing happens when it is there
#   scripts/sam.sh rie PORT API_PORT BOOTSTRAP
#                             runs a compiled function without a container, under AWS's Runtime Interface Emulator, which
#                             comes with the SAM CLI: Invoke is answered on 127.0.0.1:PORT, by one call at a time
#   scripts/sam.sh transform TEMPLATE [PARAMETER=VALUE…]
#                             prints the template as SAM's transform leaves it (scripts/sam_transform.py)
#   scripts/sam.sh ARG…       runs `sam ARG…`
#
# What is missing is installed first. With UNTIL_EOF=1 what it runs also ends when its standard input does.
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
command=("$DIR/bin/sam" "$@")
if [ "${1:-}" = rie ]; then
  [ $# -eq 4 ] || { echo 'sam: which ports and which bootstrap?' >&2; exit 2; }
  case $(uname -m) in aarch64 | arm64) architecture=arm64 ;; *) architecture=$(uname -m) ;; esac
  command=("$DIR"/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-"$architecture" --log-level error
    --runtime-interface-emulator-address "127.0.0.1:$2" --runtime-api-address "127.0.0.1:$3" "$4")
elif [ "${1:-}" = transform ]; then
  command=("$DIR/bin/python" "$(dirname "$0")/sam_transform.py" "${@:2}")
fi
[ "${UNTIL_EOF:-0}" = 1 ] || exec "${command[@]}"
"${command[@]}" </dev/null &
running=$!
trap 'kill "$running" 2>/dev/null; wait "$running" || true' EXIT
trap 'exit 130' INT TERM
cat >/dev/null
