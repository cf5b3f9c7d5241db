#!/usr/bin/env bash
# Install the Autobahn|Testsuite once. Prints the directory of its virtual environment on stdout.
#
#   PYTHON2            the python2.7 to use; otherwise one on the PATH or of pyenv
#   POLYWIRE_CACHE     where to install; otherwise ~/.cache/polywire
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${POLYWIRE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/polywire}
suite=autobahntestsuite==25.10.1
# A change of the pins makes a new environment; an old one is never patched.
venv=$cache/autobahn-$({ cat "$here/requirements.txt"; echo "$suite"; } | cksum | cut -d' ' -f1)

find_python2() {
  if [ -n "${PYTHON2:-}" ]; then echo "$PYTHON2"; return; fi
  # A shim of pyenv answers to the name without having the version: only a python that runs counts.
  local candidate
  for candidate in "$(command -v python2.7 || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7*/bin/python2.7; do
    if [ -x "$candidate" ] && "$candidate" -c '' 2>/dev/null; then echo "$candidate"; return; fi
  done
  cat >&2 <<'TEXT'
The Autobahn|Testsuite needs Python 2.7, and none was found.
Install one with `pyenv install 2.7.18`, or name one in PYTHON2.
Without it this machine cannot run the conformance suite; nothing else depends on it.
TEXT
  exit 3
}

if [ ! -x "$venv/bin/wstest" ]; then
  python2=$(find_python2)
  echo "installing the Autobahn|Testsuite into $venv" >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/installing.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  {
    # The last virtualenv that can make an environment for Python 2.7.
    python3 -m venv "$work/tool"
    "$work/tool/bin/pip" -q install --disable-pip-version-check 'virtualenv<20.22'
    rm -rf "$venv"
    "$work/tool/bin/python" -m virtualenv -q -p "$python2" "$venv"
    "$venv/bin/pip" -q --no-python-version-warning install -r "$here/requirements.txt"
    # Its own list of dependencies asks for versions that exist for no Python.
    "$venv/bin/pip" -q --no-python-version-warning install --no-deps "$suite"
  } >&2
fi
echo "$venv"
