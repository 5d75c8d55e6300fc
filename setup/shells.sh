#!/usr/bin/env bash
# Installs what setup/test-shells.py looks at help, man pages and completions with: man, zsh and fish (Debian, as root or with sudo).
set -euo pipefail
missing=()
for tool in man:man-db zsh:zsh fish:fish; do
  command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo -n); fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
