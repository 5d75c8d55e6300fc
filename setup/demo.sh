#!/usr/bin/env bash
# The whole path on a study that lpp-simulate makes: from text to asymmetry.
#   demo.sh BINARIES STUDY [lpp-simulate options]
set -euo pipefail

bin=$1 study=$2; shift 2
started=$(date +%s)
step() { printf '\n== %s\n' "$*"; }

step "A synthetic study with planted effects"
"$bin/lpp-simulate" --study "$study" "$@"
"$bin/lpp-rois" --study "$study"

step "Activations of every word"
models=$(cd "$study/models" && ls)
for model in $models; do "$bin/lpp-extract" --study "$study" --model "$model"; done
"$bin/lpp-glove" --study "$study" --glove "$study"/glove/glove.sim.16d.txt
"$bin/lpp-random" --study "$study" --type vector --dims 32 --seed 1
"$bin/lpp-random" --study "$study" --type embedding --dims 32 --seed 1

"$bin/lpp-controls" --study "$study"

step "Brain scores"
for model in $models glove random_vector_32d_seed1 random_embedding_32d_seed1; do
  "$bin/lpp-fit" --study "$study" --model "$model"
done

step "Analysis and report"
"$bin/lpp-analyze" all --study "$study"
"$bin/lpp-report" --study "$study"

step "Planted against recovered ($(($(date +%s) - started)) s)"
"$bin/lpp-simulate" compare --study "$study"
printf '\nReport: %s/report/report.html\n' "$study"
