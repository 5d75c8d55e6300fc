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
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import nibabel
import numpy as np
import pandas
from nilearn import signal
from nilearn.glm.first_level import compute_regressor
from nilearn.interfaces.fmriprep.load_confounds_utils import prepare_output
from nilearn.masking import apply_mask
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

ALPHAS = np.logspace(-1, 4, 7)
HRFS = {"glover": "glover", "spm": "spm", "glover+derivative": "glover + derivative", "fir:0,1,3": "fir",
        "fir:1,2,3,4": "fir"}
TOLERANCES = {"regressors": 1e-12, "cleaned f32": 5e-5, "cleaned f64": 2e-7, "scores": 2e-7, "fold scores": 5e-4,
              "run scores": 2e-7}
COLUMNS = "trans_*,rot_?,csf,white_matter,cosine*"


class Study:
    """A made study in a folder."""

    def __init__(self, folder, seed, n_runs):
        rng = np.random.default_rng(seed)
        self.folder, self.n_runs = folder, n_runs
        self.tr = float(rng.choice([0.8, 1.5, 2.0, 2.2]))
        self.n_scans = [int(n) for n in rng.integers(90, 150, n_runs)]
        if n_runs == 1:
            self.n_scans = [int(rng.integers(300, 400))]
        # With several runs, a table of runs says when some of them begin.
        begins = [None if n_runs == 1 or rng.random() < 0.4 else float(rng.uniform(-1, 1)) for _ in range(n_runs)]
        self.starts = [0.5 * self.tr if start is None else start for start in begins]
        if n_runs > 1:
            rows = [("1", run + 1, f"story{run}", "volume", f"sub-1_run-{run + 1}_bold.nii", start)
                    for run, start in enumerate(begins)]
            table = pandas.DataFrame(rows, columns=["subject", "run", "story", "kind", "path", "start_s"])
            table.to_csv(folder / "runs.csv", index=False)
        self.words, self.layers = [], [[], []]
        for run, n in enumerate(self.n_scans):
            n_words = int(n * self.tr / 0.6)
            onsets = np.sort(rng.uniform(0, (n - 6) * self.tr, n_words))
            offsets = onsets + rng.choice([0, 0.2, 0.5], n_words) * rng.uniform(0.5, 1, n_words)
            self.words.append((onsets, offsets))
            self.layers[0].append(rng.normal(size=(n_words, 5)).astype("f4"))
            self.layers[1].append(rng.normal(size=(n_words, 4)).astype("f4"))
        self.write_words()
        self.write_activations()
        self.write_scans(rng)

    def write_words(self):
        rows = [(run, place, "w", on, off) for run, (onsets, offsets) in enumerate(self.words)
                for place, (on, off) in enumerate(zip(onsets, offsets))]
        frame = pandas.DataFrame(rows, columns=["run", "word_index", "word", "onset_s", "offset_s"])
        frame.to_csv(self.folder / "words.csv", index=False)

    def write_activations(self):
        header, data = {"__metadata__": {"model": "made", "lang": "en"}}, b""
        for layer, runs in enumerate(self.layers):
            for run, values in enumerate(runs):
                raw = np.ascontiguousarray(values, "<f4").tobytes()
                header[f"run-{run}/layer-{layer}"] = {
                    "dtype": "F32", "shape": values.shape, "data_offsets": [len(data), len(data) + len(raw)]}
                data += raw
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        (self.folder / "made.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)

    def write_scans(self, rng):
        shape, affine = (6, 5, 4), np.diag([4.0, 4, 4, 1])
        affine[:3, 3] = -10
        inside = rng.random(shape) < 0.25
        inside[2:4, 2, 2] = True
        self.mask = nibabel.Nifti1Image(inside.astype("u1"), affine)
        nibabel.save(self.mask, self.folder / "mask.nii")
        weights = rng.normal(size=(5, int(np.prod(shape)))) * 6
        self.images, self.tables = [], []
        for run, n in enumerate(self.n_scans):
            driven = self.regressors(run, self.layers[0][run], "glover") @ weights
            motion = np.cumsum(rng.normal(size=(n, 6)) * 0.02, 0)
            table = pandas.DataFrame(motion, columns=["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"])
            for name in ("trans_x", "trans_y"):
                table[f"{name}_derivative1"] = table[name].diff()
                table[f"{name}_power2"] = table[name] ** 2
            table["csf"] = 500 + rng.normal(size=n).cumsum()
            table["white_matter"] = 900 + rng.normal(size=n)
            time = np.arange(n) + 0.5
            for k in range(3):
                table[f"cosine0{k}"] = np.cos(np.pi * (k + 1) * time / n)
            table["global_signal"] = rng.normal(size=n)
            displacement = np.r_[np.nan, np.abs(np.diff(motion, axis=0)).sum(1)]
            # nilearn 0.10.4 interpolates scan s only if scan n − 1 − s stays.
            for scan in rng.choice(np.arange(1, n // 2), 5, replace=False):
                displacement[scan] = 2.0
            table["framewise_displacement"] = displacement
            path = self.folder / f"sub-1_run-{run + 1}_desc-confounds_timeseries.tsv"
            table.to_csv(path, sep="\t", index=False, na_rep="n/a")
            noise = rng.normal(size=(n, driven.shape[1])) * 12
            confounded = motion @ rng.normal(size=(6, driven.shape[1])) * 40
            values = 800 + driven + noise + confounded + np.linspace(0, 30, n)[:, None]
            dtype = "f4" if run % 2 == 0 else "f8"
            image = nibabel.Nifti1Image(values.T.reshape(*shape, n).astype(dtype), affine)
            image.header.set_zooms((4, 4, 4, self.tr))
            image.header.set_xyzt_units("mm", "sec")
            nibabel.save(image, self.folder / f"sub-1_run-{run + 1}_bold.nii")
            self.images.append(image)
            self.tables.append((path, table))

    def regressors(self, run, activations, hrf, start=None):
        """Features by nilearn: all of the first response, then all of the next one."""
        times = np.arange(self.n_scans[run]) * self.tr + (0.5 * self.tr if start is None else start)
        delays = [int(d) for d in hrf[4:].split(",")] if hrf.startswith("fir") else None
        onsets, offsets = self.words[run]
        columns = [compute_regressor((onsets, offsets - onsets, column.astype(float)), HRFS[hrf],
                                     times, fir_delays=delays)[0] for column in activations.T]
        return np.concatenate([np.stack([c[:, k] for c in columns], 1) for k in range(columns[0].shape[1])], 1)


def call(program, *arguments):
    command = [str(program), *map(str, arguments), "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


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


def pieces_of(targets, trim, k):
    """Rows of each piece: (run, first, last + 1, rows that are there)."""
    pieces = []
    for run, scans in enumerate(targets):
        for part in np.array_split(np.arange(trim, len(scans) - trim), k):
            pieces.append((run, part[0], part[-1] + 1, part[~np.isnan(scans[part]).all(1)]))
    return pieces


def zscored(values):
    values = values.astype(float)
    return (values - values.mean(0)) / values.std(0)


def score(metric, y, predicted):
    if metric == "r2":
        return r2_score(y, predicted, multioutput="raw_values")
    y, predicted = y - y.mean(0), predicted - predicted.mean(0)
    return (y * predicted).sum(0) / np.sqrt((y**2).sum(0) * (predicted**2).sum(0))


def fitted(x, y, alphas):
    """One penalty per target."""
    coefficients = np.zeros((x.shape[1], y.shape[1]))
    for alpha in np.unique(alphas):
        which = alphas == alpha
        coefficients[:, which] = Ridge(alpha=alpha, fit_intercept=False, solver="cholesky").fit(x, y[:, which]).coef_.T
    return coefficients


def nested_scores(features, targets, trim, k, gap, test, metric, scope, inner):
    """Scores of each fold, (folds, voxels); a piece is standardised over all of its rows."""
    pieces = pieces_of(targets, trim, k)
    x = np.concatenate([zscored(features[run][rows]) for run, _, _, rows in pieces])
    y = np.concatenate([zscored(targets[run][rows]) for run, _, _, rows in pieces])
    run_of = np.concatenate([np.full(len(rows), run) for run, _, _, rows in pieces])
    scan_of = np.concatenate([rows for *_, rows in pieces])
    inside = [(run_of == run) & (scan_of >= first) & (scan_of < last) for run, first, last, _ in pieces]
    near = [(run_of == run) & (scan_of >= first - gap) & (scan_of < last + gap) for run, first, last, _ in pieces]
    out = []
    for place in range(len(pieces)) if test is None else test:
        train = ~near[place]
        for other in test or []:
            train &= ~inside[other]
        validated = [v for v in range(len(pieces)) if v != place and v not in (test or [])]
        curves = []
        for v in validated[:1] if inner == "first" else validated:
            fit_rows, score_rows = train & ~near[v], train & inside[v]
            curves.append([score(metric, y[score_rows], x[score_rows] @ fitted(
                x[fit_rows], y[fit_rows], np.full(y.shape[1], alpha))) for alpha in ALPHAS])
        curve = np.mean(curves, 0)
        best = np.full(y.shape[1], ALPHAS[curve.mean(1).argmax()]) if scope == "global" else ALPHAS[curve.argmax(0)]
        out.append(score(metric, y[inside[place]], x[inside[place]] @ fitted(x[train], y[train], best)))
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
        call(bins / "lpp-fit", "--study", study.folder, "--model", "made", "--activations",
             study.folder / "made.safetensors", "--words", study.folder / "words.csv", "--mask",
             study.folder / "mask.nii", "--y", *files, "--tr", study.tr, "--alphas",
             ",".join(repr(float(a)) for a in ALPHAS), "--precision", "f64", "--hrf", hrf, "--folds", folds, "--gap", gap,
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


class Worst(dict):
    def add(self, kind, deviations):
        deviations = np.asarray(deviations, float)
        # A comparison with NaN on one side only must not pass.
        self[kind] = max(self.get(kind, 0.0), np.inf if np.isnan(deviations).any() else deviations.max())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    worst = Worst()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        for n_runs in (4, 1):
            with tempfile.TemporaryDirectory() as name:
                study = Study(pathlib.Path(name), seed, n_runs)
                check_regressors(study, arguments.bin, worst)
                plain, scrubbed = check_cleaning(study, arguments.bin, worst)
                check_fits(study, arguments.bin, plain, worst)
                check_fits(study, arguments.bin, scrubbed, worst)
        print(f"seed {seed}: " + ", ".join(f"{kind} {value:.1e}" for kind, value in worst.items()), flush=True)
    failed = [kind for kind, tolerance in TOLERANCES.items() if not worst[kind] <= tolerance]
    sys.exit(f"beyond the tolerance: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
