#!/usr/bin/env bash
# What is deployed, under its own tools: the template under `sam validate --lint`, the state machine under asl-validator,
# and `sam build` for both architectures, with a look at what each artifact really is.
#
#   scripts/validate.sh         all of it
#   scripts/validate.sh lint    without building
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/sam.sh validate --lint
definition=$(mktemp)
trap 'rm -f "$definition"' EXIT
# The placeholders become ARNs, as they will when it is deployed.
sed -E 's/\$\{([A-Za-z]+)FunctionArn\}/arn:aws:lambda:us-east-1:000000000000:function:\1/' statemachine/export.asl.json >"$definition"
scripts/asl-lint.sh "$definition"
[ "${1:-}" = lint ] && exit 0

for pair in 'arm64:arm64:AArch64' 'x86_64:amd64:X86-64'; do
  IFS=: read -r architecture goarch machine <<<"$pair"
  GOARCH_TARGET=$goarch scripts/sam.sh build --parameter-overrides "Architecture=$architecture" >/dev/null
  for bootstrap in .aws-sam/build/*/bootstrap; do
    header=$(readelf -h "$bootstrap")
    grep -qi "Machine:.*$machine" <<<"$header" || { echo "validate: $bootstrap is not $machine" >&2; exit 1; }
    if readelf -d "$bootstrap" | grep -q NEEDED; then echo "validate: $bootstrap is linked dynamically" >&2; exit 1; fi
  done
  echo "validate: $(ls -d .aws-sam/build/*/bootstrap | wc -l) bootstraps for $architecture"
done
