#!/usr/bin/env bash
# Puts a libtorch that the pinned tch crate accepts at DEST.
#   libtorch.sh DEST           a CPU build from the official PyTorch wheels, about 0.5 GB on disk (Linux x86_64)
#   libtorch.sh --cuda DEST    a full PyTorch in the virtual environment DEST-venv; DEST becomes a link into it
#   libtorch.sh --force ...    replaces whatever is at DEST
# A libtorch that LIBTORCH names, or an installed PyTorch of the right version, is used as it is: DEST becomes a link.
# PYTHON names the interpreter (default python3, with pip). Safe to run again: a finished DEST is kept.
set -euo pipefail

TORCH=2.11.0
WHEELS="torch==$TORCH --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8"

die() { echo "libtorch.sh: $*" >&2; exit 1; }

mode=cpu force=0 dest='' PYTHON=${PYTHON:-python3}
for arg; do
  case $arg in
    --cuda) mode=cuda ;;
    --force) force=1 ;;
    -h | --help) sed -n '2,8s/^# //p' "$0"; exit 0 ;;
    -*) die "unknown option $arg" ;;
    *) [ -z "$dest" ] || die "one DEST only"; dest=${arg%/} ;;
  esac
done
[ -n "$dest" ] || die "usage: libtorch.sh [--cuda] [--force] DEST"
dest=$(mkdir -p "$(dirname "$dest")" && cd "$(dirname "$dest")" && pwd)/$(basename "$dest")
stamp="$mode $TORCH"

# The version of the libtorch or PyTorch folder $1.
version_of() {
  local found
  found=$(cat "$1/build-version" 2>/dev/null || sed -n "s/^__version__ = '\(.*\)'/\1/p" "$1/version.py" 2>/dev/null || true)
  echo "${found%%+*}"
}
usable() { [ -e "$1/lib/libtorch_cpu.so" ] && [ -d "$1/include/torch" ] && [ "$(version_of "$1")" = "$TORCH" ]; }
# $1 takes the place of DEST in one rename.
publish() {
  if [ -L "$dest" ]; then rm "$dest"; elif [ -e "$dest" ]; then mv "$dest" "$tmp/old"; fi
  mv "$1" "$dest"
}
link_to() { ln -s "$1" "$tmp/link"; publish "$tmp/link"; echo "$dest is a link to $1 ($TORCH)"; }

if [ -n "${LIBTORCH:-}" ]; then
  usable "$LIBTORCH" || die "LIBTORCH=$LIBTORCH holds version '$(version_of "$LIBTORCH")', $TORCH is needed (unset LIBTORCH to have it fetched)"
  root=$(cd "$LIBTORCH" && pwd -P)
  [ ! -e "$dest" ] || [ "$root" != "$(cd "$dest" && pwd -P)" ] || { echo "$dest is complete (LIBTORCH)"; exit 0; }
elif [ "$force" = 0 ] && [ -e "$dest" ] && usable "$dest"; then
  echo "$dest is complete"; exit 0
fi
[ "$force" = 1 ] || [ -L "$dest" ] || [ ! -e "$dest" ] || die "$dest exists and is no libtorch $TORCH (--force replaces it)"
tmp=$(mktemp -d "$dest.tmp.XXXXXX"); trap 'rm -rf "$tmp"' EXIT

if [ -n "${LIBTORCH:-}" ]; then
  link_to "$root"; exit 0
fi
installed=$("$PYTHON" -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")' 2>/dev/null || true)
if [ "$mode" = cpu ] && [ -n "$installed" ] && usable "$installed"; then
  link_to "$installed"; exit 0
fi
"$PYTHON" -m pip --version >/dev/null 2>&1 || die "$PYTHON has no pip, which fetches the PyTorch wheels (Debian: apt-get install python3-pip)"
if [ "$mode" = cuda ]; then
  "$PYTHON" -m venv --clear "$dest-venv"
  "$dest-venv/bin/python" -m pip install "torch==$TORCH"
  root=$("$dest-venv/bin/python" -c 'import torch; print(torch.__path__[0])')
  echo "$TORCH" >"$root/build-version"
  link_to "$root"; exit 0
fi
[ "$(uname -sm)" = "Linux x86_64" ] || die "the CPU build is for Linux x86_64; use --cuda or set LIBTORCH to a libtorch $TORCH"
echo "$WHEELS" >"$tmp/wheels.txt"
# The wheel's interpreter version does not matter: only its libraries and headers are used.
"$PYTHON" -m pip download --no-deps --require-hashes --only-binary=:all: --implementation cp --python-version 311 \
  --abi cp311 --abi none --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d "$tmp/wheels" -r "$tmp/wheels.txt"
"$PYTHON" - "$tmp" <<'PY'
import pathlib, re, shutil, sys, zipfile
tmp = pathlib.Path(sys.argv[1])
keep = re.compile(r"torch/((?:include|share/cmake)/.+|lib/lib(?:torch_cpu\.so|c10\.so|gomp\.so\.1))$"
                  r"|nvidia/cu13/(lib/lib(?:cudart|cupti)\.so\.13)$")
for wheel in (tmp / "wheels").glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if (match := keep.match(name)) and not name.endswith("/"):
                out = tmp / "new" / (match[1] or match[2])
                out.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, open(out, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
PY
# The wheel's libtorch.so needs libtorch_cuda.so; this one needs only libtorch_cpu.so.
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
echo 'void libtorch_cpu_only(void) {}' | cc -shared -fPIC -x c - -o "$tmp/new/lib/libtorch.so" -L"$tmp/new/lib" \
  -Wl,-soname,libtorch.so -Wl,-rpath,'$ORIGIN' -Wl,--no-as-needed -Wl,--allow-shlib-undefined -ltorch_cpu
"$PYTHON" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$tmp/new/lib/libtorch.so" || die "the fetched libtorch does not load"
echo "$TORCH" >"$tmp/new/build-version"; echo "$stamp" >"$tmp/new/.made-by"
publish "$tmp/new"
echo "libtorch $TORCH is at $dest"
