#!/usr/bin/env bash
# Installs a Chromium for the tests of the report page, where there is none and apt-get and the rights for it are there.
# Nothing else needs it: without one these tests are skipped.
set -euo pipefail

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

for name in "${LPP_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null; then say "the tests of the report page use $(command -v "$name")"; exit 0; fi
done
say "missing: chromium"
command -v apt-get >/dev/null || die "install Chromium, or name it in LPP_CHROMIUM"
if [ "$(id -u)" = 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo); else
  die "no rights to install; run: sudo apt-get install chromium"
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium >/dev/null
