"""Compare lpp-regressors, lpp-clean and lpp-fit with nilearn and scikit-learn on made studies of fresh seeds.

    cargo build --release -p lpp-clean -p lpp-regressors -p lpp-fit
    python bins/lpp-fit/tests/check_nilearn.py --bin target/release [--seeds 5] [--first 1]

Needs nilearn 0.10.4, scikit-learn 1.4.2, numpy, pandas, scipy and nibabel. Each study has another repetition time, other
lengths of runs, words and confounds. Prints the largest deviation of each kind and exits with 1 if a tolerance is exceeded:

- regressors (glover, spm, glover+derivative, fir), for runs that begin at any time: 1e-12 of the column's maximum;
- cleaned signals, with and without confounds and scrubbing: 5e-5 in single precision, 2e-7 in double
  (filtered without detrending, nilearn's own result moves by 4e-8 if its input changes in the last bit);
- scores given the same targets, for runs that begin at any time: 2e-7, the rounding of what is stored (scores per fold in half precision: 5e-4).
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
from nilearn import signal
from nilearn.interfaces.fmriprep.load_confounds_utils import prepare_output
from nilearn.masking import apply_mask

from reference import ALPHAS, HRFS, Rows, Study, call, compare, fitted, score

TOLERANCES = {"regressors": 1e-12, "cleaned f32": 5e-5, "cleaned f64": 2e-7, "scores": 2e-7, "fold scores": 5e-4,
              "run scores": 2e-7}
COLUMNS = "trans_*,rot_?,csf,white_matter,cosine*"


def check_regressors(study, bins, worst):
    for run in range(study.n_runs):
        np.save(study.folder / "a.npy", study.layers[1][run])
        for hrf in HRFS:
            out = study.folder / "x.npy"
            for start in [None, study.starts[run]]:
                begins = [] if start is None else [f"--start={start}"]
                call(bins / "lpp-regressors", "--events", study.folder / "words.csv", "--run", run, "--activations",
                     study.folder / "a.npy", "--n-scans", study.n_scans[run], "--tr", study.tr, "--hrf", hrf, "-o", out,
                     "--force", *begins)
                wanted = study.regressors(run, study.layers[1][run], hrf, start)
                worst.add("regressors", np.abs(np.load(out) - wanted) / np.abs(wanted).max(0))


def confounds_of(table):
    names = [n for n in table if n.startswith(("trans_", "cosine", "rot_")) or n in ("csf", "white_matter")]
    return prepare_output(table[names], demean=False)[1].values


def check_cleaning(study, bins, worst):
    """Compares and returns the cleaned runs with and without scrubbing."""
    plain, scrubbed = [], []
    for run, (image, (path, table)) in enumerate(zip(study.images, study.tables)):
        raw = apply_mask(image, study.mask, dtype=image.get_data_dtype(), ensure_finite=True)
        kept = np.flatnonzero(~(table["framewise_displacement"].fillna(0).values > 0.5))
        for case, (high_pass, detrend, columns, scrub) in enumerate([
                (1 / 128, True, None, False), (1 / 128, True, COLUMNS, False), (None, True, COLUMNS, False),
                (1 / 128, True, COLUMNS, True), (None, True, COLUMNS, True), (1 / 128, False, None, True)]):
            flags = ["--standardize"] + ["--detrend"] * detrend
            flags += ["--high-pass", high_pass] if high_pass else []
            flags += ["--confounds", path] if columns or scrub else []
            flags += ["--columns", columns] if columns else []
            flags += ["--scrub", "framewise_displacement:0.5"] if scrub else []
            out = study.folder / f"case-{case}_run-{run + 1}.npy"
            call(bins / "lpp-clean", study.folder / f"sub-1_run-{run + 1}_bold.nii", "--mask", study.folder / "mask.nii",
                 "--tr", study.tr, "-o", out, "--force", *flags)
            wanted = np.full(raw.shape, np.nan)
            rows = kept if scrub else np.arange(len(raw))
            wanted[rows] = signal.clean(
                raw.copy(), detrend=detrend, standardize="zscore", high_pass=high_pass, t_r=study.tr,
                confounds=confounds_of(table) if columns else None, sample_mask=kept.copy() if scrub else None,
                extrapolate=False)
            found = np.load(out)
            if not (np.isnan(found) == np.isnan(wanted)).all():
                sys.exit(f"{out}: other scans are missing than nilearn leaves out")
            worst.add(f"cleaned f{8 * raw.dtype.itemsize}", np.abs(found - wanted)[rows])
            if columns and high_pass:
                (scrubbed if scrub else plain).append((out, found))
    return plain, scrubbed


def nested_scores(features, targets, trim, k, gap, test, metric, scope, inner):
    """Scores of each fold, (folds, voxels)."""
    rows = Rows(features, targets, trim, k)
    out = []
    for place in range(len(rows.pieces)) if test is None else test:
        train = ~rows.of(place, gap)
        for other in test or []:
            train &= ~rows.of(other)
        validated = [v for v in range(len(rows.pieces)) if v != place and v not in (test or [])]
        best = rows.best_penalties(train, validated[:1] if inner == "first" else validated, gap, metric, scope)
        inside = rows.of(place)
        out.append(score(metric, rows.y[inside], rows.x[inside] @ fitted(rows.x[train], rows.y[train], best)))
    return np.array(out)


def check_fits(study, bins, cleaned, worst):
    files, targets = [str(path) for path, _ in cleaned], [values.astype("f4") for _, values in cleaned]
    single = study.n_runs == 1
    cases = [
        ("glover", 4, 0, None, "pearson", "global", "first"), ("spm", 3, 6, None, "pearson", "global", "all"),
        ("glover+derivative", 4, 3, None, "r2", "global", "all"), ("fir:1,2,3,4", 5, 7, None, "pearson", "target", "all"),
    ]
    if not single:
        cases += [
            ("glover", 1, 0, None, "pearson", "global", "first"), ("spm", 1, 0, None, "r2", "target", "all"),
            ("fir:0,1,3", 1, 0, [1], "pearson", "global", "all"), ("glover", 1, 0, [0, 2], "r2", "global", "first"),
        ]
    trim = 5
    (study.folder / "lpp.toml").write_text(f"trim_scans = {trim}\n")
    for hrf, k, gap, test, metric, scope, inner in cases:
        folds = f"test:{','.join(f'story{run}' for run in test)}" if test else f"chunks:{k}" if k > 1 else "runs"
        out = study.folder / "out.npy"
        call(bins / "lpp-fit", *study.words_of_fit(files), "--alphas", ",".join(repr(float(a)) for a in ALPHAS),
             "--precision", "f64", "--hrf", hrf, "--folds", folds, "--gap", gap,
             "--metric", metric, "--alpha-scope", scope, "--inner", inner, "--keep-folds", "-o", out, "--force")
        wanted = []
        for layer in study.layers:
            features = [study.regressors(run, a, hrf, study.starts[run]) for run, a in enumerate(layer)]
            wanted.append(nested_scores(features, targets, trim, k, gap, test, metric, scope, inner))
        wanted = np.array(wanted)  # layers, folds, voxels
        means = wanted.mean(1)
        worst.add("scores", np.abs(np.load(out) - means))
        kept = np.load(study.folder / "out_folds.npy")
        assert kept.dtype == np.float16 and kept.shape == wanted.swapaxes(0, 1).shape, kept.shape
        worst.add("fold scores", np.abs(kept.astype(float) - wanted.swapaxes(0, 1)))
        best = means.argmax(0)
        runs = np.load(study.folder / "out_runs.npy")
        worst.add("run scores", np.abs(runs - wanted[best, :, np.arange(len(best))].T))
        info = json.loads((study.folder / "out.json").read_text())
        assert (info["metric"], info["hrf"], info["folds"]) == (metric, hrf, folds), info


def check_seed(seed, bins, worst):
    for n_runs in (4, 1):
        with tempfile.TemporaryDirectory() as name:
            study = Study(pathlib.Path(name), seed, n_runs)
            check_regressors(study, bins, worst)
            plain, scrubbed = check_cleaning(study, bins, worst)
            check_fits(study, bins, plain, worst)
            check_fits(study, bins, scrubbed, worst)


if __name__ == "__main__":
    compare(TOLERANCES, check_seed)
