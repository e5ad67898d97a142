#!/usr/bin/env bash
# Every test. First it installs the parts that some tests run against, each into the cache folder and only once:
#   DynamoDB Local  (Java 17 and Maven)   the record store's suite on real DynamoDB semantics
#   moto            (Python 3)            an independent interpreter of the state machine's language, and CloudFormation
#   SAM CLI         (Python 3)            the template's validation, transform and build; functions under AWS's emulator
#   container engine (Debian, as root)    functions in the SAM CLI's containers
#   asl-validator   (npm)                 a linter of the state machine
#   Python SDK      (Python 3)            the published client
#   DuckDB, pyarrow (Python 3)            readers of tables, written by others
#   schemathesis    (Python 3)            requests made out of the description of the HTTP surface
#   fake-gcs-server (Go)                  an emulator of Cloud Storage
#   Azurite         (npm)                 an emulator of Azure Blob Storage
#   Chromium        (Debian, as root)     the browser of the local service's page
# Node.js itself, which npm comes with, runs the functions of the edge.
# A part that can't be had here is named, and its tests are skipped by name. With CI=true a skip is a failure.
# Without arguments each benchmark of Go runs once, too, so that none rots.
# Arguments go to `go test`, for example: scripts/test.sh -race ./internal/...
set -euo pipefail
cd "$(dirname "$0")/.."
GOTESTSUM_VERSION=v1.13.0
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports
mkdir -p "$CACHE"

part() { # name, script, needed commands…
  local name=$1 script=$2 missing=()
  shift 2
  for c in "$@"; do command -v "$c" >/dev/null || missing+=("$c"); done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "test: no $name here, since ${missing[*]} is missing; its tests are skipped" >&2
    return 0
  fi
  echo "test: $name"
  local status=0
  "scripts/$script" install || status=$?
  [ $status != 3 ] || { echo "test: no $name here; its tests are skipped" >&2; return 0; }
  return $status
}
part 'DynamoDB Local' dynamodb.sh java javac mvn
part 'moto' moto.sh python3
part 'SAM CLI' sam.sh python3
part 'container engine' sam-image.sh
part 'asl-validator' asl-lint.sh npm
part 'Python SDK' python-sdk.sh python3
part 'DuckDB and pyarrow' readers.sh python3
part 'schemathesis' schemathesis.sh python3
part 'fake-gcs-server' fake-gcs.sh go
part 'Azurite' azurite.sh node npm
part 'Chromium' chromium.sh
command -v node >/dev/null || echo 'test: no Node.js here; the tests of the edge are skipped' >&2

log=$CACHE/test.json
args=("$@")
case " $* " in *' ./'*) ;; *) args+=(./...) ;; esac
go run "gotest.tools/gotestsum@$GOTESTSUM_VERSION" --format pkgname --hide-summary=skipped --jsonfile "$log" -- "${args[@]}"

skipped=$(grep '"Action":"skip"' "$log" | sed -n 's/.*"Package":"\([^"]*\)","Test":"\([^"]*\)".*/  \1 \2/p' || true)
if [ -n "$skipped" ]; then
  printf 'test: skipped here:\n%s\n' "$skipped"
  if [ "${CI:-}" = true ]; then
    echo 'test: with CI=true a skipped test is a failure' >&2
    exit 1
  fi
fi

if [ $# = 0 ]; then
  echo 'test: each benchmark once'
  go test -run '^$' -bench . -benchtime 1x $(go list -f '{{.Dir}}' ./... | while read -r dir; do
    ! grep -qs '^func Benchmark' "$dir"/*_test.go || echo "$dir"
  done)
fi
