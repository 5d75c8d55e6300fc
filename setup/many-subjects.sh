#!/usr/bin/env bash
# What a further subject costs at the real size: one layer of 768 features to one subject and to many, which share its
# factorisation; masks and cleaning by themselves.
#   many-subjects.sh BINARIES DATA STUDY [N=49]
# DATA holds annotation/ and reference_en/; STUDY takes 0.3 GB a subject. PYTHON must have NumPy.
set -euo pipefail

bin=$1 data=${2:-} study=$3 n=${4:-49}
[ -e "$data/annotation" ] || { echo "many-subjects: name the folder of real data: DATA=folder" >&2; exit 2; }
data=$(cd "$data" && pwd)
here=$(dirname "$0")
run() { python3 "$here/measure.py" "$@" | grep '^   '; } # without what the program says

mkdir -p "$study/masks"
cat >"$study/lpp.toml" <<TOML
languages = ["en"]
[paths]
annotation = "$data/annotation"
TOML
cp "$data/reference_en/mask_lpp_en.nii.gz" "$study/masks/"
# For the table of words.
"$bin/lpp-random" -q --study "$study" --type embedding --dims 8 >/dev/null
"$bin/lpp-simulate" subject -q --study "$study" --seed 1 --isc "$data/reference_en/isc_10trials_en.gz" \
  --n-scans 282,298,340,303,265,343,325,292,368 >/dev/null
"${PYTHON:-python3}" "$here/many_scans.py" "$study" "$n"

printf '   %-44s %11s %13s\n' step wall "peak memory"
run "mask, cleaning and fit of one subject" "$bin/lpp-fit" -q --study "$study" --model made_1 --subject EN001
for i in 1 2 3; do
  run "fit of one subject" "$bin/lpp-fit" -q --study "$study" --model made_2 --subject EN001
  rm "$study"/scores/sub-EN001/made_2*
done
run "masks and cleaning of $((n - 1)), fit of $n" "$bin/lpp-fit" -q --study "$study" --model made_1 --all-subjects
run "fit of $n" "$bin/lpp-fit" -q --study "$study" --model made_2 --all-subjects
