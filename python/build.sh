#!/usr/bin/env bash
# Builds the wheel into a folder. PYTHON: an interpreter with venv; maturin is installed beside it for the moment.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
tools=${TMPDIR:-/tmp}/lpp-ridge-maturin-$(id -u)
[ -x "$tools/bin/maturin" ] || { "${PYTHON:-python3}" -m venv "$tools" && "$tools/bin/pip" install -q 'maturin>=1.9,<2'; }
# The tag promises glibc 2.28; an older or newer libc of this machine shows in the symbols, which maturin checks.
"$tools/bin/maturin" build --release --locked --compatibility "${LPP_WHEEL_COMPATIBILITY:-manylinux_2_28}" --auditwheel "${LPP_WHEEL_AUDIT:-check}" --out "$out"
