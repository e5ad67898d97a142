#!/usr/bin/env bash
# Everything that `sam local` needs, in the foreground until Ctrl-C: a container engine of its own where none answers
# (scripts/sam-image.sh), a DynamoDB Local, and the fixture records in it and in an S3 (local world). It prints what the
# shell that sam runs in has to be told.
#
#   scripts/world.sh [FLAG…]    flags are those of "local world"
#
# It exits with 3 when a part can't be had here.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/world.XXXXXX")
running=()
stop() {
  for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${running[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

part() { # name, the line that it is ready by, command…
  local out=$dir/$1 line=$2
  shift 2
  : >"$out"
  "$@" >"$out" 2>"$out.log" &
  running+=($!)
  until grep -q "$line" "$out"; do
    if ! kill -0 "${running[-1]}" 2>/dev/null; then
      cat "$out.log" >&2
      wait "${running[-1]}" && exit 1 || exit $?
    fi
    sleep 0.2
  done
}

if docker info >/dev/null 2>&1; then
  address=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')
else
  echo 'world: a container engine' >&2
  part engine '^SAM_HOST_ADDRESS=' scripts/sam-image.sh run
  address=$(sed -n 's/^SAM_HOST_ADDRESS=//p' "$dir/engine")
  echo "In the shell that sam runs in: export $(grep '^DOCKER_HOST=' "$dir/engine")"
fi
echo 'world: DynamoDB Local' >&2
part dynamodb '^http://' scripts/dynamodb.sh run 0
go build -o "$dir/local" ./cmd/local
"$dir/local" world -host "$address" -dynamodb-endpoint "$(grep '^http://' "$dir/dynamodb")" "$@" &
running+=($!)
wait "${running[-1]}"
