#!/usr/bin/env bash
# The whole path on a study that lpp-simulate makes: from text to asymmetry. Fails unless the corrected slopes show what was planted.
#   demo.sh BINARIES STUDY [lpp-simulate options]
set -euo pipefail

bin=$1 study=$2; shift 2
started=$(date +%s)
step() { printf '\n== %s\n' "$*"; }

step "A synthetic study with planted effects"
"$bin/lpp-simulate" --study "$study" "$@"

step "Activations of every word, brain scores, analysis, report"
"$bin/lpp-run" --study "$study"

step "Planted against recovered ($(($(date +%s) - started)) s)"
"$bin/lpp-simulate" compare --study "$study" --corrected
printf '\nReport: %s/report/report.html\n' "$study"
