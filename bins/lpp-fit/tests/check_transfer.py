"""Compare lpp-fit --keep-model and --apply with nilearn and scikit-learn on pairs of made studies of fresh seeds.

    cargo build --release -p lpp-fit
    python bins/lpp-fit/tests/check_transfer.py --bin target/release [--seeds 5] [--first 1]

Needs what check_nilearn.py needs. The two studies of a pair have other repetition times, runs, words and masks on one grid, or
other brain models on one mesh. scikit-learn chooses the penalty over the runs or chunks of the source, fits all of them, and
predicts the runs of the target. Another mesh, another space and another kind of mask must be refused in one line. Prints the
largest deviation of each kind and exits with 1 if a tolerance is exceeded:

- weights: 2e-7 of the largest weight, since scans are standardised in single precision; of a fit in single precision, 1e-5;
- scores, and those of each run: 2e-7, the rounding of what is stored; in single precision, 1e-4;
- maps of grayordinates, by nibabel: the scores at their places, to the bit.
"""
import json
import pathlib
import subprocess
import tempfile

import nibabel
import numpy as np
from nibabel import cifti2

from reference import ALPHAS, Rows, Study, call, compare, fitted, score, zscored

TOLERANCES = {"weights f64": 2e-7, "weights f32": 1e-5, "scores f64": 2e-7, "scores f32": 1e-4, "maps": 0}
TRIM = 4
N_MESH = 48
CASES = [  # response, pieces a run, gap, metric, scope of penalties, validation
    ("glover", 1, 0, "pearson", "global", "first"), ("spm", 1, 0, "pearson", "target", "all"),
    ("glover+derivative", 1, 0, "r2", "global", "all"), ("glover", 3, 5, "pearson", "global", "all"),
    ("fir:0,1,3", 1, 0, "r2", "target", "all"),
]


class Driven(Study):
    """A made study whose scans follow its first layer with weights that all studies share."""

    def write_scans(self, rng):
        super().write_scans(rng)
        self.inside = self.mask.get_fdata().ravel() > 0
        self.write_driven(rng)
        (self.folder / "lpp.toml").write_text(f"trim_scans = {TRIM}\n[corpus]\nname = \"{self.folder.name}\"\n")

    def write_driven(self, rng):
        shared = np.random.default_rng(7).normal(size=(5, self.inside.size))[:, self.inside]
        self.targets = []
        for run in range(self.n_runs):
            driven = zscored(self.regressors(run, self.layers[0][run], "glover", self.starts[run])) @ shared
            scans = (driven + 3 * rng.normal(size=driven.shape)).astype("f4")
            self.targets.append(scans)
            np.save(self.folder / f"run-{run}.npy", scans)

    def command(self, output, *flags):
        runs = [self.folder / f"run-{run}.npy" for run in range(self.n_runs)]
        return [*self.words_of_fit(runs), "-o", self.folder / output, "--force", *flags]

    def fit(self, bins, *flags):
        call(bins / "lpp-fit", *self.command("out.npy", *flags))

    def features(self, layer, hrf):
        return [self.regressors(run, values, hrf, self.starts[run]) for run, values in enumerate(self.layers[layer])]


class Grayordinates(Driven):
    """The same on two hemispheres and in the brain stem. Each study lists other vertices of the mesh, and other voxels."""

    def write_driven(self, rng):
        self.listed = rng.random(2 * N_MESH + 12) < 0.8
        self.inside = self.listed & (rng.random(self.listed.size) < 0.7)
        self.write_mask(N_MESH, "fsLR")
        super().write_driven(rng)

    def write_mask(self, n_mesh, space):
        left, right, voxels = (np.flatnonzero(part) for part in np.split(self.listed, [N_MESH, 2 * N_MESH]))
        places = np.stack([voxels, voxels % 3, voxels % 2], 1)
        self.axis = cifti2.BrainModelAxis.from_surface(left, n_mesh, "CortexLeft")
        self.axis += cifti2.BrainModelAxis.from_surface(right, n_mesh, "CortexRight")
        self.axis += cifti2.BrainModelAxis("CIFTI_STRUCTURE_BRAIN_STEM", voxel=places, affine=np.diag([2.0, 2, 2, 1]),
                                           volume_shape=(12, 3, 2))
        values = self.inside[self.listed][None].astype("f4")
        self.mask_file = self.folder / f"mask_space-{space}.dscalar.nii"
        nibabel.save(cifti2.Cifti2Image(values, (cifti2.ScalarAxis(["mask"]), self.axis)), self.mask_file)

    def check_map(self, best, worst):
        image = nibabel.load(self.folder / "out.dscalar.nii")
        assert image.header.get_axis(1) == self.axis, "other brain models than those of the mask"
        whole = np.full(len(self.axis), np.nan, "f4")
        whole[self.inside[self.listed]] = best
        found = image.get_fdata()[0]
        assert (np.isnan(found) == np.isnan(whole)).all(), "other places have no score"
        worst.add("maps", np.nan_to_num(np.abs(found - whole)))


def refit(study, layer, case):
    """Weights of all runs, the penalty chosen over the pieces."""
    hrf, k, gap, metric, scope, inner = case
    rows = Rows(study.features(layer, hrf), study.targets, TRIM, k)
    validated = range(1 if inner == "first" else len(rows.pieces))
    best = rows.best_penalties(np.full(len(rows.x), True), validated, gap, metric, scope)
    return fitted(rows.x, rows.y, best)


def kept_weights(path):
    """The coefficients of a safetensors file."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    entry = json.loads(raw[8:start])["coefficients"]
    first, last = entry["data_offsets"]
    return np.frombuffer(raw[start + first:start + last], {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]).reshape(entry["shape"])


def columns_in_common(source, target):
    places = [np.flatnonzero(study.inside) for study in (source, target)]
    both = np.intersect1d(*places)
    return [np.searchsorted(p, both) for p in places]


def refused(bins, target, model, *said):
    done = subprocess.run([str(a) for a in [bins / "lpp-fit", *target.command("no.npy", "--apply", model, "-q")]],
                          capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 1 and all(part in lines[0] for part in said), done.stderr


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
        refused(bins, target, source.folder / "out_model", "its features count scans")
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
    if isinstance(target, Grayordinates):
        target.check_map(found.max(0), worst)
    # Of single precision, another layer may be the best of a voxel with two equal ones.
    if precision == "f64":
        best = means[:, of_target].argmax(0)
        runs = np.load(target.folder / "out_runs.npy")[:, of_target]
        worst.add("scores f64", np.abs(runs - wanted[best, :, of_target].T))
    if case == CASES[0]:
        assert means[0, of_target].mean() > 0.2, "the shared weights were not recovered"


def check_other_places(bins, source, target, volume):
    """Weights know their mesh."""
    source.fit(bins, "--keep-model", "--no-canary")
    model = source.folder / "out_model"
    target.write_mask(N_MESH + 1, "fsLR")
    refused(bins, target, model, "mask_space-fsLR.dscalar.nii", f"a mesh of {N_MESH + 1} vertices", str(model))
    target.write_mask(N_MESH, "fsaverage")
    refused(bins, target, model, "mask_space-fsaverage.dscalar.nii", "meshes of the space fsaverage", str(model))
    refused(bins, volume, model, "mask.nii", "a mask of a volume", str(model))


def check_seed(seed, bins, worst):
    with tempfile.TemporaryDirectory() as name:
        first = {}
        for kind in (Driven, Grayordinates):
            studies = []
            for place, n_runs in enumerate((4, 1, 3)):
                folder = pathlib.Path(name) / f"{kind.__name__}{place}"
                folder.mkdir()
                studies.append(kind(folder, 1000 * seed + place, n_runs))
            for case in CASES:
                for target in studies[1:]:
                    for precision in ("f64", "f32"):
                        check_pair(studies[0], target, case, precision, bins, worst)
            first[kind] = studies
        (source, target, _), (volume, *_) = first[Grayordinates], first[Driven]
        check_other_places(bins, source, target, volume)


if __name__ == "__main__":
    compare(TOLERANCES, check_seed)
