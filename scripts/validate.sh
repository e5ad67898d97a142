#!/usr/bin/env bash
# What is deployed, under its own tools: the template under `sam validate --lint`, the state machine under asl-validator,
# and `sam build` for both architectures, with a look at what each artifact really is.
#
#   scripts/validate.sh         all of it
#   scripts/validate.sh lint    without building
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/sam.sh validate --lint
definition=$(mktemp) log=$(mktemp)
trap 'rm -f "$definition" "$log"' EXIT
# The placeholders become ARNs, as they will when it is deployed.
sed -E 's/\$\{([A-Za-z]+)FunctionArn\}/arn:aws:lambda:us-east-1:000000000000:function:\1/' statemachine/export.asl.json >"$definition"
scripts/asl-lint.sh "$definition"
[ "${1:-}" = lint ] && exit 0

command -v readelf >/dev/null || { echo 'validate: readelf is missing (binutils)' >&2; exit 3; }

# Beside the build that `sam deploy` takes, which stays as it is.
for pair in 'arm64:AArch64' 'x86_64:X86-64'; do
  IFS=: read -r architecture machine <<<"$pair"
  built=.aws-sam/validate/$architecture
  SECONDS=0
  scripts/sam.sh build --build-dir "$built" --parameter-overrides "Architecture=$architecture" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  for folder in functions/*/; do
    name=$(basename "$folder" | sed -E 's/(^|-)([a-z])/\U\2/g')Function
    bootstrap=$built/$name/bootstrap
    header=$(readelf -h "$bootstrap") || { echo "validate: $folder has no $bootstrap" >&2; exit 1; }
    grep -qi "Machine:.*$machine" <<<"$header" || { echo "validate: $bootstrap is not $machine" >&2; exit 1; }
    if readelf -d "$bootstrap" | grep -q NEEDED; then echo "validate: $bootstrap is linked dynamically" >&2; exit 1; fi
  done
  # What a function may weigh, in MiB: its bootstrap, and that as an archive. docs/operations.md says why.
  while read -r name binary zipped; do
    [ "$architecture" = arm64 ] || continue
    size=$(stat -c %s "$built/${name}Function/bootstrap") packed=$(gzip -6 -c "$built/${name}Function/bootstrap" | wc -c)
    awk -v s="$size" -v p="$packed" -v b="$binary" -v z="$zipped" 'BEGIN { exit !(s <= b * 1048576 && p <= z * 1048576) }' ||
      { echo "validate: $name has $size bytes, $packed packed; docs/operations.md promises at most $binary and $zipped MiB" >&2; exit 1; }
  done <<'END'
Authorize 12 4.3
CreateExport 12 4.3
ReadExport 12 4.3
DownloadExport 12 4.3
ManageWebhook 12 4.3
Package 15 5.5
Assemble 15 5.5
ManageConnector 15 5.5
Deliver 15 5.5
END
  echo "validate: $(ls -d "$built"/*/bootstrap | wc -l) bootstraps for $architecture, in $SECONDS s"
done
