#!/usr/bin/env bash
# Surprisal of a model as a feature: extracted beside the activations, fitted alone, and joint with the activations.
#   surprisal.sh BINARIES STUDY       STUDY is a finished demo study; it is read, and extended
set -euo pipefail

bin=$1 study=$2
model=$(basename "$(find "$study/models" -mindepth 1 -maxdepth 1 | sort | head -1)")
"$bin/lpp-extract" --study "$study" --model "$model" --surprisal -q
"$bin/lpp-score" text --study "$study" --model "$model" -q
for control in surprisal surprisal_of_previous entropy; do
  "$bin/lpp-fit" --study "$study" --model "control_${control}_$model" -q
done
"$bin/lpp-fit" --study "$study" --model "$model" --controls "control_surprisal_$model" --json -q | python3 -c '
import json, math, sys
outputs = json.load(sys.stdin)["outputs"]
[joint] = [output for output in outputs if "mean_r2_joint" in output]
assert all(math.isfinite(joint[key]) for key in ("mean_r2_joint", "mean_r2_controls")), joint
print("surprisal as a control: mean R2 {mean_r2_joint:.4f} with the layer, {mean_r2_controls:.4f} without".format(**joint))'
python3 - "$study" "$model" <<'PY'
import csv, json, pathlib, struct, sys
study, model = pathlib.Path(sys.argv[1]), sys.argv[2]
raw = (study / f"activations/control_surprisal_{model}_en.safetensors").read_bytes()
end = 8 + struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:end])
words = list(csv.DictReader((study / f"competence/{model}_en/words.csv").open()))
for run in sorted({int(word["run"]) for word in words}):
    start, stop = header[f"run-{run}/layer-0"]["data_offsets"]
    column = struct.unpack(f"<{(stop - start) // 4}f", raw[end + start:end + stop])
    bits = [float(word["surprisal_bits"] or "nan") for word in words if int(word["run"]) == run]
    assert len(column) == len(bits), (run, len(column), len(bits))
    # The file has f32; a word without a probability has the mean of its run.
    worst = max(abs(a - b) / (1 + abs(b)) for a, b in zip(column, bits) if b == b)
    assert worst < 1e-5, (run, worst)
print(f"surprisal of {len(words)} words: the feature is that of lpp-score")
PY
