#!/usr/bin/env bash
# DynamoDB Local, Amazon's own emulator, for tests and for trying the DynamoDB adapter without an account.
#
#   scripts/dynamodb.sh install      downloads it into the cache folder; nothing happens when it is there
#   scripts/dynamodb.sh run PORT     runs it in the foreground on 127.0.0.1:PORT, records in memory; Ctrl-C ends it
#   scripts/dynamodb.sh run PORT DIR keeps the records in DIR
#
# PORT 0 means any free port; the address is printed once requests are answered. With UNTIL_EOF=1 it also ends when its
# standard input does, so that a program that starts it through a pipe can't leave it behind, however that program ends.
#
# It needs a JDK 17 or newer and Maven, and exits with 3 when one of them is missing or the download fails. The jars come
# under the "DynamoDB Local License Agreement": a development tool, to be downloaded and not passed on. The launcher that
# is compiled beside them uses reflection only, so nothing of theirs becomes part of it. It is there because the stock
# server listens on every interface.
set -euo pipefail
VERSION=2.6.1
HOME_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/dynamodb-local
DIR=$HOME_DIR/$VERSION
LAUNCHER=$(cd "$(dirname "$0")" && pwd)/dynamodb/Loopback.java

say() { echo "dynamodb: $*" >&2; }
missing() { say "$*"; exit 3; }

install() {
  [ -e "$DIR/Loopback.class" ] && [ "$DIR/Loopback.class" -nt "$LAUNCHER" ] && return
  for c in java javac mvn; do command -v "$c" >/dev/null || missing "$c is missing"; done
  mkdir -p "$HOME_DIR"
  # Made aside and moved into place as a whole: an interrupted or simultaneous install leaves nothing half.
  part=$(mktemp -d "$HOME_DIR/install.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  [ -d "$DIR/lib" ] || download "$part"
  javac -d "$part" "$LAUNCHER"
  if [ -d "$DIR/lib" ]; then
    mv -f "$part"/*.class "$DIR/"
  else
    mv "$part" "$DIR" # or into it, where another install was faster
    rm -rf "$DIR"/install.*
  fi
  rm -rf "$part"
  trap - EXIT # run goes on by exec, which would forget it
}

download() {
  say "installing com.amazonaws:DynamoDBLocal:$VERSION from Maven Central into $DIR"
  cat >"$1/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>videovector</groupId><artifactId>dynamodb-local</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>$VERSION</version></dependency>
  </dependencies>
</project>
POM
  (cd "$1" && mvn --quiet --batch-mode --strict-checksums org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory=lib) </dev/null >"$1/mvn.log" 2>&1 ||
    { grep -m2 ERROR "$1/mvn.log" >&2 || true; missing "the download failed"; }
}

run() {
  local port=$1 records=(-inMemory)
  if [ $# -gt 1 ]; then
    mkdir -p "$2"
    records=(-dbPath "$2")
  fi
  exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m -Dorg.eclipse.jetty.LEVEL=WARN -Djava.library.path="$DIR/lib" \
    -Dloopback.port="$port" -Dloopback.untilEOF="${UNTIL_EOF:-0}" \
    -cp "$DIR:$DIR/lib/*" Loopback "${records[@]}" -sharedDb -disableTelemetry
}

case "${1:-}" in
install)
  install
  say "installed in $DIR"
  ;;
run)
  [ -n "${2:-}" ] || { say "which port? 0 is any free one"; exit 2; }
  install
  shift
  run "$@"
  ;;
*)
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
