"""Made studies, and what nilearn and scikit-learn make of them: what check_nilearn.py and check_transfer.py share."""
import argparse
import json
import pathlib
import subprocess
import sys
import warnings

import nibabel
import numpy as np
import pandas
from nilearn.glm.first_level import compute_regressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

ALPHAS = np.logspace(-1, 4, 7)
HRFS = {"glover": "glover", "spm": "spm", "glover+derivative": "glover + derivative", "fir:0,1,3": "fir",
        "fir:1,2,3,4": "fir"}


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
        self.mask_file = self.folder / "mask.nii"
        nibabel.save(self.mask, self.mask_file)
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

    def words_of_fit(self, runs):
        """Flags of lpp-fit for the words, features and scans."""
        return ["--study", self.folder, "--model", "made", "--activations", self.folder / "made.safetensors", "--words",
                self.folder / "words.csv", "--mask", self.mask_file, "--y", *runs, "--tr", self.tr]


def call(program, *arguments):
    command = [str(program), *map(str, arguments), "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


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


class Rows:
    """The rows of all pieces of runs; a piece is standardised over all of its rows."""

    def __init__(self, features, targets, trim, k):
        self.pieces = pieces_of(targets, trim, k)
        self.x = np.concatenate([zscored(features[run][rows]) for run, _, _, rows in self.pieces])
        self.y = np.concatenate([zscored(targets[run][rows]) for run, _, _, rows in self.pieces])
        self.run_of = np.concatenate([np.full(len(rows), run) for run, _, _, rows in self.pieces])
        self.scan_of = np.concatenate([rows for *_, rows in self.pieces])

    def of(self, place, gap=0):
        """Which rows are of a piece, or within a gap of it."""
        run, first, last, _ = self.pieces[place]
        return (self.run_of == run) & (self.scan_of >= first - gap) & (self.scan_of < last + gap)

    def best_penalties(self, train, validated, gap, metric, scope):
        """The penalty of each voxel with the best mean score over the pieces that validate."""
        curves = []
        for place in validated:
            fit_rows, score_rows = train & ~self.of(place, gap), train & self.of(place)
            curves.append([score(metric, self.y[score_rows], self.x[score_rows] @ fitted(
                self.x[fit_rows], self.y[fit_rows], np.full(self.y.shape[1], alpha))) for alpha in ALPHAS])
        curve = np.mean(curves, 0)
        return np.full(self.y.shape[1], ALPHAS[curve.mean(1).argmax()]) if scope == "global" else ALPHAS[curve.argmax(0)]


class Worst(dict):
    def add(self, kind, deviations):
        deviations = np.asarray(deviations, float)
        # A comparison with NaN on one side only must not pass.
        self[kind] = max(self.get(kind, 0.0), np.inf if np.isnan(deviations).any() else deviations.max())


def compare(tolerances, check_seed):
    """Calls `check_seed(seed, bins, worst)` for each seed of the command line, and exits with 1 beyond a tolerance."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    worst = Worst()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        check_seed(seed, arguments.bin, worst)
        print(f"seed {seed}: " + ", ".join(f"{kind} {value:.1e}" for kind, value in worst.items()), flush=True)
    failed = [kind for kind, tolerance in tolerances.items() if not worst[kind] <= tolerance]
    sys.exit(f"beyond the tolerance: {', '.join(failed)}" if failed else 0)
