#!/usr/bin/env bash
# Checks that the machine has what the build needs, and installs what is missing where apt-get and the rights for it
# are there. Changes nothing else.
set -euo pipefail

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

missing=()
need() { # a test, the Debian package that makes it true
  eval "$1" >/dev/null 2>&1 || missing+=("$2")
}
need 'command -v cc' gcc
need 'command -v c++' g++
need "printf '#include <cblas.h>\nint main(void) { return 0; }' | cc -x c - -lopenblas -o /dev/null -I/usr/include/\$(uname -m)-linux-gnu" libopenblas-dev
need 'command -v python3' python3
need 'python3 -c "import ensurepip, venv"' python3-venv
# A libtorch that is there already, or is given, needs no pip.
[ -e third_party/libtorch/build-version ] || [ -n "${LIBTORCH:-}" ] || need 'python3 -m pip --version' python3-pip

if [ ${#missing[@]} -gt 0 ]; then
  say "missing: ${missing[*]}"
  command -v apt-get >/dev/null || die "install what these Debian packages hold, then run this again: ${missing[*]}"
  if [ "$(id -u)" = 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo); else
    die "no rights to install; run: sudo apt-get install ${missing[*]}"
  fi
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
command -v cargo >/dev/null || die "no cargo: install Rust $(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml) or later (https://rustup.rs)"
say "the machine has what the build needs"
