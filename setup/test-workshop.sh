#!/usr/bin/env bash
# Runs the workshop: its script on the synthetic study, and, with LPP_DATA, on the published words, text and mask with scans that are
# simulated at the published noise level; then the notebook on the synthetic study.
#   test-workshop.sh BINARIES WHEEL FOLDER      figures of the notebook are in FOLDER/figures
# PYTHON: an interpreter with venv.
set -euo pipefail

bin=$(cd "$1" && pwd) wheel=$2 folder=$3
here=$(cd "$(dirname "$0")/.." && pwd)
workshop=$here/docs/workshop
export PATH=$bin:$PATH
mkdir -p "$folder"

"$workshop/workshop.sh" demo "$folder/workshop-study"
lpp-simulate compare --study "$folder/workshop-study"
for file in figures/l_minus_r_runs_en.svg report/report.html; do test -s "$folder/workshop-study/$file"; done

if [ -n "${LPP_DATA:-}" ]; then
  study=$folder/published
  mkdir -p "$study"/{annotation/EN,text,masks,models}
  cp "$LPP_DATA/annotation/EN/lppEN_word_information.csv" "$study/annotation/EN/"
  cp "$LPP_DATA/lpp_en_text.zip" "$study/text/"
  cp "$LPP_DATA/reference_en/mask_lpp_en.nii.gz" "$study/masks/"
  cp -rL "$LPP_DATA/models/stories260K" "$study/models/"
  # It writes the table of words too.
  lpp-random --study "$study" --type vector --dims 2 --seed 1 -q
  lpp-simulate subject --study "$study" --isc "$LPP_DATA/reference_en/isc_10trials_en.gz" --n-scans 282,298,340,303,265,343,325,292,368
  HF_HUB_OFFLINE=1 "$workshop/workshop.sh" published "$study" stories260K
  test -s "$study/report/report.html"
else
  echo "test-workshop: skipped: the published study (LPP_DATA names no folder of its files)" >&2
fi

"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q "$wheel" nbclient ipykernel matplotlib nibabel safetensors
LPP_STUDY=$folder/workshop-study "$folder/env/bin/python" "$here/setup/run_notebook.py" "$workshop/left_right.ipynb" "$folder/figures"
