#!/usr/bin/env bash
# fake-gcs-server, an emulator of Cloud Storage written by others, for tests and for trying GCS connectors without an
# account. It is built from source by the Go toolchain, outside of this module: it would bring Google's SDK into it.
#
#   scripts/fake-gcs.sh install    builds it in the cache folder; nothing happens when it is there
#   scripts/fake-gcs.sh run PORT   runs it in the foreground on 127.0.0.1:PORT, objects in memory; Ctrl-C ends it
#
# The address is printed once requests are answered. With UNTIL_EOF=1 it also ends when its standard input does, so that
# a program that starts it through a pipe can't leave it behind, however that program ends.
#
# It exits with 3 when Go is missing or the download fails.
set -euo pipefail
VERSION=1.56.1
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/fake-gcs-server/$VERSION

install() {
  [ -e "$DIR/fake-gcs-server" ] && return
  command -v go >/dev/null || { echo 'fake-gcs: go is missing' >&2; exit 3; }
  echo "fake-gcs: building fake-gcs-server $VERSION from the Go module proxy into $DIR" >&2
  mkdir -p "$DIR"
  part=$(mktemp -d "$DIR/install.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  (cd / && GOFLAGS= GOBIN=$part go install "github.com/fsouza/fake-gcs-server@v$VERSION") >"$part/log" 2>&1 ||
    { tail -n 3 "$part/log" >&2; echo 'fake-gcs: the download failed' >&2; exit 3; }
  mv -f "$part/fake-gcs-server" "$DIR/"
  rm -rf "$part"
  trap - EXIT
}

run() {
  "$DIR/fake-gcs-server" -scheme http -host 127.0.0.1 -port "$1" -public-host "127.0.0.1:$1" -backend memory -log-level error &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  trap 'exit 130' INT TERM
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { echo 'fake-gcs: it ended at its start' >&2; exit 1; }
    sleep 0.05
  done
  echo "http://127.0.0.1:$1"
  if [ "${UNTIL_EOF:-0}" = 1 ]; then cat >/dev/null; else wait "$server"; fi
}

case "${1:-}" in
install) install ;;
run)
  [ -n "${2:-}" ] || { echo 'fake-gcs: which port?' >&2; exit 2; }
  install
  run "$2"
  ;;
*)
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
