#!/usr/bin/env bash
# moto, from PyPI, in a virtual environment of the cache folder: a second interpreter of the states language, written by
# others, that ours is compared with, and a second CloudFormation. What it lacks is installed first.
#
#   scripts/moto.sh install               installs it; nothing happens when it is there
#   scripts/moto.sh judge                 runs scripts/moto_asl.py: executions in on standard input, their ends out on
#                                         standard output, until the input ends
#   scripts/moto.sh stack                 runs scripts/moto_stack.py: a template in on standard input, what CloudFormation
#                                         makes of it out on standard output
#   scripts/moto.sh run PORT [FUNCTIONS]  runs scripts/moto_server.py in the foreground on 127.0.0.1:PORT; executions call
#                                         functions at the address FUNCTIONS. Its address is printed once it answers. With
#                                         UNTIL_EOF=1 it also ends when its standard input does.
#
# It exits with 3 when Python is missing or the download fails.
set -euo pipefail
VERSION=5.2.5
EXTRAS=stepfunctions,s3,cloudformation,server
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/videovector-exports/moto/$VERSION-$EXTRAS

. "$(dirname "$0")/venv.sh"
install() { venv moto "moto[$EXTRAS]==$VERSION" "$DIR"; }

case "${1:-}" in
  install) install ;;
  judge)
    install
    exec "$DIR/bin/python" "$(dirname "$0")/moto_asl.py"
    ;;
  stack)
    install
    exec "$DIR/bin/python" "$(dirname "$0")/moto_stack.py"
    ;;
  run)
    [ -n "${2:-}" ] || { echo 'moto: which port? 0 is any free one' >&2; exit 2; }
    install
    shift
    exec "$DIR/bin/python" "$(dirname "$0")/moto_server.py" "$@"
    ;;
  *) echo 'usage: scripts/moto.sh install | judge | stack | run PORT [FUNCTIONS]' >&2; exit 2 ;;
esac
