#!/usr/bin/env bash
# Azurite, Microsoft's own emulator of Blob Storage, from the npm registry, for tests and for trying Azure connectors
# without an account.
#
#   scripts/azurite.sh install             installs it into the cache folder; nothing happens when it is there
#   scripts/azurite.sh run PORT CERT KEY   runs it in the foreground on https://127.0.0.1:PORT with the certificate and
#                                          its key (PEM files), blobs in memory; Ctrl-C ends it
#
# It looks at bearer tokens (their lifetime, issuer and audience, not their signature), which it does over https only.
# The address is printed once requests are answered. With UNTIL_EOF=1 it also ends when its standard input does, so that
# a program that starts it through a pipe can't leave it behind, however that program ends.
#
# It exits with 3 when npm is missing or the download fails.
set -euo pipefail
VERSION=3.35.0 # the last that runs on Node.js 20
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/azurite/$VERSION

install() {
  [ -e "$DIR/ok" ] && return
  for c in node npm; do command -v "$c" >/dev/null || { echo "azurite: $c is missing" >&2; exit 3; }; done
  echo "azurite: installing azurite $VERSION from the npm registry into $DIR" >&2
  mkdir -p "$DIR"
  npm install --silent --no-fund --no-audit --prefix "$DIR" "azurite@$VERSION" >&2 || { echo 'azurite: the download failed' >&2; exit 3; }
  touch "$DIR/ok"
}

run() {
  "$DIR/node_modules/.bin/azurite-blob" --blobHost 127.0.0.1 --blobPort "$1" --cert "$2" --key "$3" --oauth basic \
    --inMemoryPersistence --skipApiVersionCheck --disableTelemetry --silent >&2 &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  trap 'exit 130' INT TERM
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { echo 'azurite: it ended at its start' >&2; exit 1; }
    sleep 0.05
  done
  echo "https://127.0.0.1:$1"
  if [ "${UNTIL_EOF:-0}" = 1 ]; then cat >/dev/null; else wait "$server"; fi
}

case "${1:-}" in
install) install ;;
run)
  [ $# -eq 4 ] || { echo 'azurite: which port, certificate and key?' >&2; exit 2; }
  install
  shift
  run "$@"
  ;;
*)
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
