#!/usr/bin/env bash
# The whole path on real input at full size: real text and words, real tokenizer, real mask and noise level.
#   first-light.sh BINARIES DATA STUDY
# DATA holds annotation/, lpp_en_text.zip, tokenizers/gpt2/, models/stories260K/, glove/ and reference_en/.
# The scans are simulated, since the real ones are 77 GB: an average subject with the real scan counts, whose voxels
# respond to the words as strongly as the real inter-subject correlation says.
set -euo pipefail

bin=$1 data=${2:-} study=$3
[ -n "$data" ] || { echo "first-light: name the folder of real data: make first-light DATA=folder" >&2; exit 2; }
[ -e "$data/lpp_en_text.zip" ] || { echo "first-light: $data/lpp_en_text.zip is not there" >&2; exit 1; }
data=$(cd "$data" && pwd)
run() { python3 "$(dirname "$0")/measure.py" "$@"; }

mkdir -p "$study"/{masks,models/gpt2}
cat >"$study/lpp.toml" <<TOML
languages = ["en"]

[models]
en = ["stories260K", "gpt2_untrained_seed1"]

[baselines]
en = ["glove", "random_vector_300d_seed1", "random_embedding_300d_seed1"]

[paths]
annotation = "$data/annotation"
text = "$data"
TOML
cp "$data/reference_en/mask_lpp_en.nii.gz" "$study/masks/"
ln -sfn "$data/models/stories260K" "$study/models/stories260K"
# GPT-2 of 124M parameters: the published sizes; an untrained model needs no weights.
cp "$data"/tokenizers/gpt2/*.json "$study/models/gpt2/"
cat >"$study/models/gpt2/config.json" <<'JSON'
{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257, "n_positions": 1024, "n_ctx": 1024,
 "n_embd": 768, "n_layer": 12, "n_head": 12, "n_inner": null, "activation_function": "gelu_new",
 "layer_norm_epsilon": 1e-05, "initializer_range": 0.02, "embd_pdrop": 0.1, "attn_pdrop": 0.1, "resid_pdrop": 0.1,
 "bos_token_id": 50256, "eos_token_id": 50256, "tie_word_embeddings": true}
JSON

printf '   %-44s %11s %13s\n' step wall "peak memory"
run "lpp-rois: 7 spheres" "$bin/lpp-rois" --study "$study"
run "lpp-glove: 100 dimensions" "$bin/lpp-glove" --study "$study" --glove "$data/glove/glove.lpp.100d.txt.gz"
run "lpp-random: vectors, 300 dimensions" "$bin/lpp-random" --study "$study" --type vector --dims 300 --seed 1
run "lpp-random: embeddings, 300 dimensions" "$bin/lpp-random" --study "$study" --type embedding --dims 300 --seed 1
# Scan counts of the data set's README.
run "lpp-simulate subject: 2816 scans" "$bin/lpp-simulate" subject --study "$study" --seed 1 \
  --isc "$data/reference_en/isc_10trials_en.gz" --n-scans 282,298,340,303,265,343,325,292,368
run "lpp-extract: stories260K, surprisal" "$bin/lpp-extract" --study "$study" --model stories260K --surprisal
run "lpp-extract: GPT-2 124M, untrained" "$bin/lpp-extract" --study "$study" --model gpt2 --seed 1
for model in glove random_vector_300d_seed1 random_embedding_300d_seed1 stories260K gpt2_untrained_seed1; do
  run "lpp-fit: $model" "$bin/lpp-fit" --study "$study" --model "$model"
done
run "lpp-fit: surprisal beside the embedding" "$bin/lpp-fit" --study "$study" --model control_surprisal_stories260K --controls stories260K
run "lpp-analyze all" "$bin/lpp-analyze" all --study "$study"
run "lpp-report" "$bin/lpp-report" --study "$study"
