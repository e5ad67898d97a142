#!/usr/bin/env bash
# What each function is made of, for whoever has to know: build/sbom/<function>.cdx.json, a CycloneDX list of the modules
# that its bootstrap says it contains, with their versions and checksums. The same bootstrap gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
CYCLONEDX_VERSION=v1.10.0

mkdir -p build/sbom
for bootstrap in build/*/bootstrap; do
  [ -e "$bootstrap" ] || { echo 'sbom: nothing is built; run make build first' >&2; exit 1; }
  name=$(basename "$(dirname "$bootstrap")")
  go run "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$CYCLONEDX_VERSION" bin -json -std -noserial -notimestamp \
    -output "build/sbom/$name.cdx.json" "$bootstrap" 2>build/sbom/log || { cat build/sbom/log >&2; exit 1; }
  echo "sbom: build/sbom/$name.cdx.json"
done
rm -f build/sbom/log
