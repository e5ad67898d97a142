# Sourced by scripts whose tool is a Python package, or several.
#
#   venv NAME PACKAGES DIR    installs PACKAGES, apart by blanks, from PyPI into the virtual environment DIR; nothing
#                             happens when it is there
#
# It exits with 3 when Python is missing or the download fails.
venv() {
  local name=$1 dir=$3 packages
  read -ra packages <<<"$2"
  [ -e "$dir/ok" ] && return
  command -v python3 >/dev/null || { echo "$name: python3 is missing" >&2; exit 3; }
  echo "$name: installing ${packages[*]} from PyPI into $dir" >&2
  python3 -m venv "$dir" || { echo "$name: python3 can make no virtual environment here" >&2; exit 3; }
  "$dir/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2 || { echo "$name: the download failed" >&2; exit 3; }
  touch "$dir/ok"
}
