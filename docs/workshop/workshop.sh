#!/usr/bin/env bash
# From words and scans to the deciding figure: does left minus right grow with the size of language models?
#   workshop.sh demo STUDY                   a synthetic study; needs no network
#   workshop.sh published STUDY [MODEL...]   the authors' average subject and small models; downloads what is not there
# The programs must be in PATH. Each step is one program; the steps after the first are the same for both studies.
set -euo pipefail

usage() { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
kind=${1:-} study=${2:-}
[ -n "$study" ] || usage
shift 2
step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

demo() {
  step "A story, word times, six small models, and scans in which left minus right grows with model size"
  lpp-simulate --study "$study" --asymmetry growth --words-per-run 300 \
    --models gpt2:4,llama:8,gpt2:16,llama:28,gpt2:44,llama:64
  models=("$study"/models/*)
  models=("${models[@]##*/}")
  windows=()
}

published() {
  step "The published words, text, mask and average subject (0.3 GB)"
  models=("$@")
  [ $# -gt 0 ] || models=(pythia-14m pythia-31m pythia-70m)
  [ -e "$study/annotation/EN/lppEN_word_information.csv" ] || lpp-fetch data --study "$study" --kind words
  [ -e "$study/average_subject/en/run-8.npy" ] || lpp-fetch precomputed --study "$study"
  # The paper's windows are as long as a model takes and advance by 64 tokens. These are shorter, so that it takes minutes.
  windows=(--window 512 --advance 256)
  local names
  names=$(printf '"%s", ' "${models[@]}")
  printf 'languages = ["en"]\n\n[models]\nen = [%s]\n' "${names%, }" >"$study/lpp.toml"
}

case $kind in
  demo | published) "$kind" "$@" ;;
  *) usage ;;
esac

step "Hidden states: a vector for each word and layer"
for model in "${models[@]}"; do lpp-extract --study "$study" --model "$model" "${windows[@]}"; done
step "Brain scores: hidden states, convolved with the haemodynamic response, predict each voxel of the run left out"
for model in "${models[@]}"; do lpp-fit --study "$study" --model "$model"; done
step "Numbers"
lpp-analyze all --study "$study"
step "Figures and the report"
lpp-report --study "$study"

# Columns of a table of results, by name, of the rows with all of these words.
columns() { # table, columns, words...
  local table=$study/results/$1_en.csv names=$2
  shift 2
  awk -F, -v names="$names" -v words="$*" '
    BEGIN { n = split(names, wanted, " "); m = split(words, word, " ") }
    NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i; gsub(" ", "\t", names); print names; next }
    { for (i = 1; i <= m; i++) if (index("," $0 ",", "," word[i] ",") == 0) next
      line = ""
      for (i = 1; i <= n; i++) { value = $place[wanted[i]]; line = line (i > 1 ? "\t" : "") (value ~ /^-?[0-9]*\.[0-9]/ ? sprintf("%.5f", value) : value) }
      print line }' "$table" | column -t -s "$(printf '\t')"
}
step "Scores by size"
columns lateralization "model n_parameters left_all right_all l_minus_r_all" model
step "Growth of left minus right with ln(parameters), in each run"
columns corrected_runs "run n_models slope_per_ln_parameter" l_minus_r_all_by_x best_of_test
printf '\nThe deciding figure: %s/figures/l_minus_r_runs_en.svg\nThe report: %s/report/report.html (%s s)\n' "$study" "$study" "$SECONDS"
