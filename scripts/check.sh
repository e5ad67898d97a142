#!/usr/bin/env bash
# Formatting, vet and the linters of .golangci.yml. The linter is pinned and built from source by the Go toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."
LINT_VERSION=v2.15.0

unformatted=$(gofmt -l $(git ls-files -co --exclude-standard '*.go'))
if [ -n "$unformatted" ]; then
  printf 'gofmt would change:\n%s\n' "$unformatted" >&2
  exit 1
fi
go vet ./...
bash -n scripts/*.sh .ci/run
echo "check: golangci-lint $LINT_VERSION (built on first use)"
go run "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$LINT_VERSION" run ./...
