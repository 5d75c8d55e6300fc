#!/usr/bin/env bash
# Snakemake in a virtual environment with pinned versions, and Debian's Slurm where it is wanted and can be installed.
#   workflow.sh VENV [slurm]
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1
say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

if ! cmp -s workflow/requirements.txt "$venv/requirements.txt"; then
  say "installing Snakemake into $venv"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Snakemake 9 needs Python 3.11 or later"
  rm -rf "$venv"
  python3 -m venv "$venv" 2>/dev/null || die "python3 -m venv failed; install python3-venv"
  "$venv/bin/pip" install --quiet -r workflow/requirements.txt
  cp workflow/requirements.txt "$venv/"
fi

if [ "${2:-}" = slurm ] && ! { command -v slurmctld && command -v slurmd && command -v munged; } >/dev/null; then
  command -v apt-get >/dev/null || die "install Slurm and munge, then run this again"
  if [ "$(id -u)" = 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo); else
    die "no rights to install; run: sudo apt-get install slurm-wlm munge"
  fi
  say "installing slurm-wlm and munge"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
fi
