#!/usr/bin/env bash
# A container engine for the SAM CLI, and a stand-in for the image that it runs functions in, for a machine that has no
# engine or can't pull AWS's image.
#
#   scripts/sam-image.sh install   installs docker.io and iproute2 (Debian packages; root) where there is no dockerd, and
#                                  makes the image's files in the cache folder; nothing happens when all is there
#   scripts/sam-image.sh run       runs an engine of its own in the foreground, with the image in it; Ctrl-C ends it
#
# Once functions can be started it prints two lines: the engine's socket, and the address at which containers reach this
# machine.
#
#   DOCKER_HOST=unix:///…/docker.sock
#   SAM_HOST_ADDRESS=172.31.200.1
#
# With UNTIL_EOF=1 it also ends when its standard input does. The engine listens on its socket only, keeps everything in
# a temporary folder that goes with it, and leaves the machine's own engine, networks and firewall alone: its bridge
# leads to this machine and no further.
#
# The image has the name of provided:al2023, its paths, entry point and variables, with busybox in the place of Amazon
# Linux. Only bootstraps that need no library run in it.
#
# It exits with 3 where no engine can be had or run: not root, not Debian, or no right to make bridges and mounts.
set -euo pipefail
IMAGE_VERSION=1 # of the files below; a change of them needs another one
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/sam-image
FILES=$CACHE/$IMAGE_VERSION.tar
case $(uname -m) in
x86_64) ARCHITECTURE=x86_64 ;;
aarch64 | arm64) ARCHITECTURE=arm64 ;;
*) ARCHITECTURE= ;;
esac
IMAGE=public.ecr.aws/lambda/provided:al2023-$ARCHITECTURE

say() { echo "sam-image: $*" >&2; }
missing() { say "$*"; exit 3; }

install() {
  [ -n "$ARCHITECTURE" ] || missing "Lambda has no $(uname -m)"
  [ "$(uname -s)" = Linux ] || missing 'this is no Linux'
  [ "$(id -u)" = 0 ] || missing 'only root can run a container engine of its own'
  packages
  [ -e "$FILES" ] || image
}

packages() {
  local need=()
  command -v dockerd >/dev/null || need+=(docker.io)
  command -v ip >/dev/null || need+=(iproute2)
  [ ${#need[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || missing "${need[*]} can't be installed without apt-get"
  say "installing ${need[*]} from Debian's packages"
  mkdir -p "$CACHE"
  # The package would start an engine for the whole machine; this file, as the policy of Debian has it, says no.
  local policy=/usr/sbin/policy-rc.d ours=0
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && ours=1; fi
  apt-get update -qq >&2 || say 'the package lists could not be renewed'
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >"$CACHE/apt.log" 2>&1 || {
    [ $ours = 0 ] || rm -f $policy
    tail -n 3 "$CACHE/apt.log" >&2
    missing 'the installation failed'
  }
  [ $ours = 0 ] || rm -f $policy
}

# The image: a busybox, roots of trust, time zones, and Lambda's paths.
image() {
  say "making the image's files in $CACHE"
  mkdir -p "$CACHE"
  part=$(mktemp -d "$CACHE/install.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  local root=$part/root name
  mkdir -p "$part/deb" "$part/files" "$root"/{bin,dev,etc/pki/tls/certs,etc/ssl/certs,opt,proc,sys,tmp,usr/bin,usr/share,var/rapid,var/runtime,var/task}
  chmod 1777 "$root/tmp"
  (cd "$part/deb" && { download || { apt-get update -qq && download; }; }) >&2 || missing 'the download failed'
  for name in "$part"/deb/*.deb; do dpkg -x "$name" "$part/files"; done
  cp "$part/files/bin/busybox" "$root/bin/busybox"
  for name in $("$root/bin/busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"; done
  find "$part/files/usr/share/ca-certificates" -name '*.crt' -exec cat {} + >"$root/etc/pki/tls/certs/ca-bundle.crt"
  ln -s ../../pki/tls/certs/ca-bundle.crt "$root/etc/ssl/certs/ca-certificates.crt"
  cp -a "$part/files/usr/share/zoneinfo" "$root/usr/share/zoneinfo"
  printf 'root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nsbx_user1051:x:990:\n' >"$root/etc/group"
  printf 'NAME="stand-in for provided.al2023"\nID=standin\n' >"$root/etc/os-release"
  ln -s /var/task/bootstrap "$root/var/runtime/bootstrap"
  # As AWS's images do: the Runtime Interface Emulator, which the SAM CLI adds, unless there is a runtime API already.
  printf '%s\n' '#!/bin/sh' '[ -n "$AWS_LAMBDA_RUNTIME_API" ] || exec /var/rapid/aws-lambda-rie /var/runtime/bootstrap "$@"' \
    'exec /var/runtime/bootstrap "$@"' >"$root/lambda-entrypoint.sh"
  chmod +x "$root/lambda-entrypoint.sh"
  tar -C "$root" --owner=0 --group=0 -cf "$part/image.tar" .
  mv "$part/image.tar" "$FILES"
  rm -rf "$part"
  trap - EXIT
}

# As root: apt's own user may not write into the cache folder.
download() { apt-get -o APT::Sandbox::User=root download -qq busybox-static ca-certificates tzdata; }

run() {
  dir=$(mktemp -d "${TMPDIR:-/tmp}/sam-image.XXXXXX")
  bridge=sam$$ engine=
  trap stop EXIT
  trap 'exit 130' INT TERM
  address=$(free_address)
  { ip link add "$bridge" type bridge && ip addr add "$address/24" dev "$bridge" && ip link set "$bridge" up; } >&2 ||
    missing 'no bridge can be made here'
  export DOCKER_HOST=unix://$dir/docker.sock
  engine overlay2 || engine vfs || { tail -n 5 "$dir/log" >&2; missing 'the engine does not start here'; }
  docker import --change 'WORKDIR /var/task' --change 'ENTRYPOINT ["/lambda-entrypoint.sh"]' \
    --change 'ENV LANG=en_US.UTF-8 TZ=:UTC LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin' \
    "$FILES" "$IMAGE" >/dev/null
  echo "DOCKER_HOST=$DOCKER_HOST"
  echo "SAM_HOST_ADDRESS=$address"
  if [ "${UNTIL_EOF:-0}" = 1 ]; then cat >/dev/null; else wait "$engine"; fi
}

# engine starts dockerd with a storage driver and waits until it answers. Without iptables=false it would close this
# machine's forwarding.
engine() {
  rm -rf "$dir/data" "$dir/exec"
  dockerd --host "$DOCKER_HOST" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" --bridge "$bridge" \
    --iptables=false --ip6tables=false --ip-forward=false --storage-driver "$1" </dev/null >"$dir/log" 2>&1 &
  engine=$!
  for _ in $(seq 150); do
    docker version >/dev/null 2>&1 && return
    kill -0 "$engine" 2>/dev/null || return 1
    sleep 0.2
  done
  return 1
}

free_address() {
  local taken n
  taken=$(ip -o -4 addr show)
  for n in $(seq 200 254); do
    grep -q " 172\.31\.$n\." <<<"$taken" || { echo "172.31.$n.1"; return; }
  done
  missing 'every network that it would use is taken'
}

stop() {
  if [ -n "$engine" ] && kill -0 "$engine" 2>/dev/null; then
    docker ps -q | xargs -r docker rm -f >/dev/null 2>&1 || true
    kill "$engine"
    wait "$engine" 2>/dev/null || true
  fi
  ip link del "$bridge" 2>/dev/null || true
  rm -rf "$dir"
}

case "${1:-}" in
install) install ;;
run)
  install
  run
  ;;
*)
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
