#!/usr/bin/env bash
# Other stories than the published one, each from an fMRIPrep folder to the report, with planted effects to recover:
# twelve runs in two sessions and two spaces, one run in chunks with gaps, and a test story that is heard again.
#   stories.sh BINARIES FOLDER
set -euo pipefail

bin=$1 folder=$2
started=$(date +%s)
space=MNI152NLin2009cAsym
step() { printf '\n== %s (%s s)\n' "$*" "$(($(date +%s) - started))"; }
quiet() { "$@" > "$folder/last.log" 2>&1 || { cat "$folder/last.log"; exit 1; }; }

# What the programs must refuse, with a part of the message.
refused() {
  local part=$1; shift
  if "$@" > "$folder/last.log" 2>&1 || ! grep -q "$part" "$folder/last.log"; then
    echo "expected a refusal with '$part': $*"; cat "$folder/last.log"; exit 1
  fi
}

mkdir -p "$folder"

step "Twelve runs, TR 1.5 s, German, three subjects"
study=$folder/twelve
quiet "$bin/lpp-simulate" --study "$study" --bids --runs 12 --tr 1.5 --lang de --subjects 3 --words-per-run 150 \
  --models gpt2:4,llama:12,gpt2:32
refused "$space" "$bin/lpp-import" bids "$study/fmriprep" --study "$study"
quiet "$bin/lpp-import" bids "$study/fmriprep" --study "$study" --lang de --space $space --words events
quiet "$bin/lpp-run" init --study "$study"
quiet "$bin/lpp-run" --study "$study"
"$bin/lpp-simulate" compare --study "$study" --lang de
test -s "$study/report/report.html"
quiet "$bin/lpp-run" --study "$study" --dry-run
grep -q ' 0 stale, 0 to do' "$folder/last.log" || { cat "$folder/last.log"; exit 1; }

step "Its cleaned runs as BIDS derivatives, and back"
quiet "$bin/lpp-import" export "$folder/derivatives" --study "$study" --lang de
mkdir -p "$folder/back"
quiet "$bin/lpp-import" bids "$folder/derivatives" --desc clean --study "$folder/back" --lang de --words events
[ "$(grep -c '^average,' "$folder/back/runs.csv")" = 12 ]
cmp "$study/words_de.csv" "$folder/back/words_de.csv"

step "One run of one subject, in chunks with gaps"
study=$folder/one
quiet "$bin/lpp-simulate" --study "$study" --bids --runs 1 --tr 1.5 --lang pt-BR --subjects 1 --words-per-run 2500 \
  --models gpt2:4,gpt2:32
quiet "$bin/lpp-import" bids "$study/fmriprep" --study "$study" --lang pt-BR --space $space --words events
quiet "$bin/lpp-run" init --study "$study"
grep -q 'folds = "chunks:5"' "$study/lpp.toml"
quiet "$bin/lpp-run" --study "$study"
"$bin/lpp-simulate" compare --study "$study" --lang pt-BR --subject 01
test -s "$study/report/report_sub-01.html"

step "A test story that two subjects hear three times"
study=$folder/again
quiet "$bin/lpp-simulate" --study "$study" --bids --runs 6 --tr 1.5 --lang de --subjects 2 --test-story 2 \
  --words-per-run 600 --models gpt2:4,gpt2:32
quiet "$bin/lpp-import" bids "$study/fmriprep" --study "$study" --lang de --space $space
# Which runs are the story again is known to those who presented it.
awk -F, -v OFS=, 'NR > 1 && $4 > 6 { $6 = "ses-1_run-2" } { print }' "$study/runs.csv" > "$folder/runs.csv"
mv "$folder/runs.csv" "$study/runs.csv"
quiet "$bin/lpp-import" words "$study"/fmriprep/sub-01/ses-*/func/*_run-[1-6]_events.tsv --study "$study" --lang de
quiet "$bin/lpp-run" init --study "$study"
printf '\n[cv]\nfolds = "test:ses-1_run-2"\n' >> "$study/lpp.toml"
quiet "$bin/lpp-run" --study "$study"
"$bin/lpp-simulate" compare --study "$study" --lang de --subject 02
test -s "$study/scores/sub-02/explainable_de.npy"

step "All planted effects were recovered"
