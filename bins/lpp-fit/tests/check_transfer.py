"""Compare lpp-fit --keep-model and --apply with nilearn and scikit-learn on pairs of made studies of fresh seeds.

    cargo build --release -p lpp-fit
    python bins/lpp-fit/tests/check_transfer.py --bin target/release [--seeds 5] [--first 1]

Needs what check_nilearn.py needs. The two studies of a pair have other repetition times, runs, words and masks on one grid.
scikit-learn chooses the penalty over the runs or chunks of the source, fits all of them, and predicts the runs of the target.
Prints the largest deviation of each kind and exits with 1 if a tolerance is exceeded:

- weights: 2e-7 of the largest weight, since scans are standardised in single precision; of a fit in single precision, 1e-5;
- scores, and those of each run: 2e-7, the rounding of what is stored; in single precision, 1e-4.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np

from check_nilearn import ALPHAS, Study, Worst, call, fitted, pieces_of, score, zscored

TOLERANCES = {"weights f64": 2e-7, "weights f32": 1e-5, "scores f64": 2e-7, "scores f32": 1e-4}
TRIM = 4
CASES = [  # response, pieces a run, gap, metric, scope of penalties, validation
    ("glover", 1, 0, "pearson", "global", "first"), ("spm", 1, 0, "pearson", "target", "all"),
    ("glover+derivative", 1, 0, "r2", "global", "all"), ("glover", 3, 5, "pearson", "global", "all"),
    ("fir:0,1,3", 1, 0, "r2", "target", "all"),
]


class Driven(Study):
    """A made study whose scans follow its first layer with weights that all studies share."""

    def write_scans(self, rng):
        super().write_scans(rng)
        inside = self.mask.get_fdata() > 0
        shared = np.random.default_rng(7).normal(size=(5, inside.size))[:, inside.ravel()]
        self.targets = []
        for run in range(self.n_runs):
            driven = zscored(self.regressors(run, self.layers[0][run], "glover", self.starts[run])) @ shared
            scans = (driven + 3 * rng.normal(size=driven.shape)).astype("f4")
            self.targets.append(scans)
            np.save(self.folder / f"run-{run}.npy", scans)
        (self.folder / "lpp.toml").write_text(f"trim_scans = {TRIM}\n[corpus]\nname = \"{self.folder.name}\"\n")

    def fit(self, bins, *flags):
        runs = [self.folder / f"run-{run}.npy" for run in range(self.n_runs)]
        call(bins / "lpp-fit", "--study", self.folder, "--model", "made", "--activations", self.folder / "made.safetensors",
             "--words", self.folder / "words.csv", "--mask", self.folder / "mask.nii", "--y", *runs, "--tr", self.tr,
             "-o", self.folder / "out.npy", "--force", *flags)

    def features(self, layer, hrf):
        return [self.regressors(run, values, hrf, self.starts[run]) for run, values in enumerate(self.layers[layer])]


def refit(study, layer, case):
    """Weights of all runs, the penalty chosen over the pieces."""
    hrf, k, gap, metric, scope, inner = case
    pieces = pieces_of(study.targets, TRIM, k)
    features = study.features(layer, hrf)
    x = np.concatenate([zscored(features[run][rows]) for run, _, _, rows in pieces])
    y = np.concatenate([zscored(study.targets[run][rows]) for run, _, _, rows in pieces])
    run_of = np.concatenate([np.full(len(rows), run) for run, _, _, rows in pieces])
    scan_of = np.concatenate([rows for *_, rows in pieces])
    curves = []
    for run, first, last, _ in pieces[:1] if inner == "first" else pieces:
        tested = (run_of == run) & (scan_of >= first) & (scan_of < last)
        near = (run_of == run) & (scan_of >= first - gap) & (scan_of < last + gap)
        curves.append([score(metric, y[tested], x[tested] @ fitted(x[~near], y[~near], np.full(y.shape[1], alpha)))
                       for alpha in ALPHAS])
    curve = np.mean(curves, 0)
    best = np.full(y.shape[1], ALPHAS[curve.mean(1).argmax()]) if scope == "global" else ALPHAS[curve.argmax(0)]
    return fitted(x, y, best)


def kept_weights(path):
    """The coefficients of a safetensors file."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    entry = json.loads(raw[8:start])["coefficients"]
    first, last = entry["data_offsets"]
    return np.frombuffer(raw[start + first:start + last], {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]).reshape(entry["shape"])


def columns_in_common(source, target):
    inside = [study.mask.get_fdata().ravel() > 0 for study in (source, target)]
    places = [np.flatnonzero(mask) for mask in inside]
    both = np.intersect1d(*places)
    return [np.searchsorted(p, both) for p in places]


def check_pair(source, target, case, precision, bins, worst):
    hrf, k, gap, metric, scope, inner = case
    source.fit(bins, "--keep-model", "--alphas", ",".join(repr(float(a)) for a in ALPHAS), "--precision", precision,
               "--hrf", hrf, "--metric", metric, "--alpha-scope", scope, "--inner", inner, "--folds",
               "runs" if k == 1 else f"chunks:{k}", "--gap", gap, "--no-canary")
    weights = [refit(source, layer, case) for layer in range(2)]
    for layer, wanted in enumerate(weights):
        found = kept_weights(source.folder / "out_model" / f"layer-{layer}.safetensors")
        worst.add(f"weights {precision}", np.abs(found - wanted) / np.abs(wanted).max())
    if hrf.startswith("fir") and source.tr != target.tr:
        command = [bins / "lpp-fit", "--study", target.folder, "--model", "made", "--activations",
                   target.folder / "made.safetensors", "--words", target.folder / "words.csv", "--mask",
                   target.folder / "mask.nii", "--y", *[target.folder / f"run-{r}.npy" for r in range(target.n_runs)],
                   "--tr", str(target.tr), "-o", target.folder / "fir.npy", "--apply", source.folder / "out_model", "-q"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 1 and "its features count scans" in done.stderr, done.stderr
        return
    target.fit(bins, "--apply", source.folder / "out_model")
    of_source, of_target = columns_in_common(source, target)
    wanted = np.full((2, target.n_runs, target.targets[0].shape[1]), np.nan)
    for layer in range(2):
        for run, features in enumerate(target.features(layer, hrf)):
            rows = slice(TRIM, len(features) - TRIM)
            predicted = zscored(features[rows]) @ weights[layer][:, of_source]
            wanted[layer, run, of_target] = score(metric, zscored(target.targets[run][rows])[:, of_target], predicted)
    means, found = wanted.mean(1), np.load(target.folder / "out.npy")
    assert (np.isnan(found) == np.isnan(means)).all(), "other voxels have no score"
    worst.add(f"scores {precision}", np.abs(found - means)[:, of_target])
    # Of single precision, another layer may be the best of a voxel with two equal ones.
    if precision == "f64":
        best = means[:, of_target].argmax(0)
        runs = np.load(target.folder / "out_runs.npy")[:, of_target]
        worst.add("scores f64", np.abs(runs - wanted[best, :, of_target].T))
    if case == CASES[0]:
        assert means[0, of_target].mean() > 0.2, "the shared weights were not recovered"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    worst = Worst()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with tempfile.TemporaryDirectory() as name:
            studies = []
            for place, n_runs in enumerate((4, 1, 3)):
                folder = pathlib.Path(name) / f"study{place}"
                folder.mkdir()
                studies.append(Driven(folder, 1000 * seed + place, n_runs))
            for case in CASES:
                for target in studies[1:]:
                    for precision in ("f64", "f32"):
                        check_pair(studies[0], target, case, precision, arguments.bin, worst)
        print(f"seed {seed}: " + ", ".join(f"{kind} {value:.1e}" for kind, value in worst.items()), flush=True)
    failed = [kind for kind, tolerance in TOLERANCES.items() if not worst[kind] <= tolerance]
    sys.exit(f"beyond the tolerance: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
