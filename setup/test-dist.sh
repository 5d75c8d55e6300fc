#!/usr/bin/env bash
# Runs the demo study from an archive of dist.sh in a bare Debian 12, without compiler, Python or BLAS.
#   test-dist.sh ARCHIVE LIBTORCH [ROOT]     ROOT: a bare system that is there already
# LIBTORCH is copied beside the programs, as the archive's README says.
# Needs root and debootstrap (installed if it is missing); says so and skips otherwise, unless LPP_NEED_ROOT is set.
set -euo pipefail

archive=$1 libtorch=$2
skip() {
  echo "test-dist: skipped: $*" >&2
  [ -z "${LPP_NEED_ROOT:-}" ] || exit 1
  exit 0
}
[ "$(id -u)" = 0 ] || skip "a bare system is made as root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=${3:-}
if [ -z "$root" ]; then
  command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
  root=$work/root
  debootstrap --variant=minbase bookworm "$root" >"$work/log" 2>&1 || { tail -3 "$work/log" >&2; skip "debootstrap failed"; }
fi
for tool in cc python3; do
  ! chroot "$root" sh -c "command -v $tool" >/dev/null || { echo "test-dist: $root is not bare: it has $tool" >&2; exit 1; }
done
home=$root/opt/lpp-rs
rm -rf "$home"
mkdir -p "$home"
tar -C "$home" --strip-components=1 -xzf "$archive"
mkdir -p "$root/opt/libtorch/lib"
cp -L "$libtorch"/lib/*.so* "$root/opt/libtorch/lib"
started=$(date +%s)
# In a mount namespace of its own, which ends with it: programs ask /proc where they are.
unshare --mount bash -euc 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
  env -i HOME=/opt/lpp-rs LANG=C.UTF-8 PATH=/opt/lpp-rs/bin:/usr/bin:/bin bash -euc '
  cd /opt/lpp-rs
  sha256sum --quiet -c SHA256SUMS
  lpp fit --version
  # Without libtorch, a program that needs it says what is missing.
  if lpp extract --version 2>missing; then exit 1; fi
  grep -q libtorch missing
  mkdir -p lib && cp -rL /opt/libtorch lib/libtorch
  lpp extract --version
  ./demo.sh bin my-demo >demo.log 2>&1 || { tail -20 demo.log >&2; exit 1; }
  tail -22 demo.log
  test -s my-demo/report/report.html'
echo "test-dist: the demo study from $(basename "$archive") in a bare Debian 12: $(($(date +%s) - started)) s"
