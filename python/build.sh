#!/usr/bin/env bash
# Builds the wheel into a folder. PYTHON: an interpreter with venv, beside whose packages maturin and Zig are installed, which
# links for the C library of the tag, older than that of most machines.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../target}
tools=$target/python-tools
requirements='maturin==1.16.0 ziglang==0.17.1'
if [ "$(cat "$tools/requirements" 2>/dev/null)" != "$requirements" ]; then
  "${PYTHON:-python3}" -m venv --clear "$tools"
  # shellcheck disable=SC2086 # two words
  "$tools/bin/pip" install -q $requirements
  echo "$requirements" >"$tools/requirements"
fi
# `check`: maturin fails if a symbol of the library is newer than the tag.
PATH=$(cd "$tools/bin" && pwd):$PATH maturin build --release --locked --zig --compatibility manylinux_2_28 --auditwheel check --out "$out"
