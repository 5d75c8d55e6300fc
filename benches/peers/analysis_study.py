"""Writes a study of the paper's size for timing lpp-analyze: random scores of 28 models, 41 baselines, 9 untrained twins, 6 checkpoints.

    python benches/peers/analysis_study.py DATA/reference_en STUDY [--subjects]
    /usr/bin/time -v lpp-analyze all --study STUDY --force

The first folder holds the authors' English mask, inter-subject correlation, region masks and model_info_en.csv, whose numbers of layers
are used (13 to 65 with the embedding). Needs NumPy.
"""
import csv
import gzip
import json
import pathlib
import shutil
import sys

import numpy as np

source, root = map(pathlib.Path, sys.argv[1:3])
rng = np.random.default_rng(1)
with gzip.open(source / "mask_lpp_en.nii.gz") as file:
    raw = file.read()
inside = np.frombuffer(raw[352:], "i1") != 0
n = int(inside.sum())
gain = rng.random(n)


def copy(path, to):
    (root / to).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, root / to)


def scores(folder, name, kind, family, size, n_layers, width, level):
    folder.mkdir(parents=True, exist_ok=True)
    values = (level * gain + 0.02 * rng.standard_normal((n_layers, n), dtype="f4")).astype("f4")
    np.save(folder / f"{name}_en.npy", values)
    (folder / f"{name}_en.json").write_text(json.dumps(dict(
        model=name, lang="en", subject="average", kind=kind, family=family, n_parameters=size, n_hidden=[width] * n_layers, n_runs=9,
        n_voxels=n, mask_sha256=None, alphas=[1.0], alpha_index=[[0] * 9] * n_layers, fold_means=[[0.1] * 9] * n_layers,
        n_nan_voxels=[0] * n_layers, wall_s=[1.0] * n_layers)))


copy(source / "mask_lpp_en.nii.gz", "masks/mask_lpp_en.nii.gz")
copy(source / "model_info_en.csv", "model_info_en.csv")
for path in (source / "roi_masks").glob("*.nii.gz"):
    copy(path, f"roi_masks/{path.name}")
(root / "isc").mkdir(exist_ok=True)
np.save(root / "isc/isc_en.npy", (0.5 * gain + 0.05 * rng.standard_normal((10, n))).astype("f4"))
# An atlas of 96 parcels on the grid of the mask: slabs along y, odd labels left, even ones right.
grid = np.zeros((37, 46, 38), "i1")
grid[:18], grid[19:] = 1, 2
grid += (2 * (np.arange(46)[None, :, None] + np.zeros((37, 46, 38), int)) * (grid > 0)).astype("i1")
with gzip.open(source / "mask_lpp_en.nii.gz") as file:
    header = file.read()[:352]
(root / "atlas").mkdir(exist_ok=True)
with gzip.open(root / "atlas/atlas.nii.gz", "wb") as file:
    file.write(header + grid.ravel("F").tobytes())

with open(source / "model_info_en.csv") as table:
    models = list(csv.DictReader(table))
for row in models:
    name, size, n_layers, width = row["model_name"], int(row["n_parameters"]), int(row["n_layers"]) + 1, int(row["n_hid"])
    family = name.lower().split("-")[0].replace("qwen1.5", "qwen2")
    level = 0.02 * np.log(size) - 0.25
    scores(root / "scores", name, "model", family, size, n_layers, width, level)
    if family in ("gpt2", "qwen2"):
        scores(root / "scores", f"{name}_untrained_seed1", "untrained", family, size, n_layers, width, 0.05)
for kind in ("vector", "embedding"):
    for dims in (300, 1024):
        for seed in range(1, 11):
            scores(root / "scores", f"random_{kind}_{dims}d_seed{seed}", "baseline", None, None, 1, dims, 0.04)
scores(root / "scores", "glove", "baseline", "glove", None, 1, 300, 0.06)
for step in (0, 1000, 14000, 36000, 72000, 143000):
    scores(root / "scores", f"pythia-6.9b_step{step}", "model", "gpt_neox", 6857302016, 33, 4096, 0.1)
if "--subjects" in sys.argv:
    for subject in ("057", "058", "059", "061", "062"):
        copy(source / "mask_lpp_en.nii.gz", f"masks/sub-EN{subject}.nii.gz")
        for row in models:
            scores(root / "scores" / f"sub-EN{subject}", row["model_name"], "model", row["model_name"].lower().split("-")[0],
                   int(row["n_parameters"]), int(row["n_layers"]) + 1, int(row["n_hid"]), 0.05)
print(f"{n} voxels, {len(list((root / 'scores').rglob('*.npy')))} score files")
