#!/usr/bin/env bash
# Chromium, from Debian's packages: the browser that the local service's page is tested in.
#
#   scripts/chromium.sh install    installs chromium (Debian package; root) where there is none
#   scripts/chromium.sh path       says where it is, installing it first if need be
#
# It exits with 3 where no Chromium can be had: not root, or not Debian.
set -euo pipefail
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports

say() { echo "chromium: $*" >&2; }
missing() { say "$*"; exit 3; }

path() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

install() {
  path >/dev/null && return
  command -v apt-get >/dev/null || missing 'chromium can not be installed without apt-get'
  [ "$(id -u)" = 0 ] || missing 'only root can install chromium'
  say "installing chromium from Debian's packages"
  mkdir -p "$CACHE"
  apt-get update -qq >&2 || say 'the package lists could not be renewed'
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >"$CACHE/chromium-apt.log" 2>&1 || {
    tail -n 3 "$CACHE/chromium-apt.log" >&2
    missing 'the installation failed'
  }
}

case "${1:-}" in
install) install ;;
path)
  install
  path
  ;;
*)
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
