"""Run whole made studies on surfaces and grayordinates through the programs, and compare with nibabel, nilearn and NumPy.

    cargo build --release
    python bins/lpp-fit/tests/check_surface_study.py --bin target/release [--seeds 5] [--first 1] [--keep DIR]

Needs nilearn 0.10.4, nibabel, numpy, pandas and safetensors. Each study has runs of random signals with planted responses,
vertices without signal, other repetition times and other brain models. Checked are, for CIFTI and for pairs of GIFTI files:

- the mask: the places that vary in more than half of the runs;
- cleaned signals: those of nilearn, 5e-5 in single precision;
- scores: those of the same arrays without any surface, to the bit;
- maps of scores and of the analysis, opened by nibabel: the scores at their places, NaN elsewhere, the runs' own brain models;
- sides and homotopic pairs of the tables: means over structures and over namesakes, 1e-6; parcels of 20 mm on the meshes, 1e-6;
- the report: maps on the meshes that the study names;
- the study as BIDS derivatives: runs, masks and maps of layers by nibabel, and the runs read back;
- atlases of surfaces on other places, regions of interest, and lpp-run from the runs to the report;
- what cannot be right is refused in one line that names the file.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import nibabel as nib
import numpy as np
import pandas
from nibabel import cifti2, gifti
from nilearn import signal
from nilearn.glm.first_level import compute_regressor
from safetensors.numpy import save_file

N_SUBJECTS, N_RUNS, N_MESH = 3, 3, 32492
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
MODELS = {"small": (10**6, 3), "middle": (10**7, 4), "large": (10**8, 4)}


def wavy(rng, n_mesh):
    """A closed mesh of any number of vertices: a spiral on a sphere, as a strip of triangles."""
    turns = np.arange(n_mesh)
    z = 1 - 2 * (turns + 0.5) / n_mesh
    angle = turns * np.pi * (3 - np.sqrt(5))
    places = np.c_[np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z] * 40
    steps = [(0, 21, 34), (0, 34, 13)]
    triangles = np.concatenate([np.c_[turns + a, turns + b, turns + c] for a, b, c in steps])
    return places.astype("f4"), triangles[(triangles < n_mesh).all(axis=1)].astype("i4")


class Study:
    """A made study in a folder."""

    def __init__(self, folder, seed, kind):
        self.folder, self.kind, rng = folder, kind, np.random.default_rng(seed)
        self.tr = float(rng.choice([1.5, 2.0]))
        self.n_scans = [int(n) for n in rng.integers(80, 110, N_RUNS)]
        self.places(rng)
        self.write_words(rng)
        self.write_scans(rng)
        self.write_meshes(rng)
        (folder / "lpp.toml").write_text('languages = ["en"]\n[paths]\nsurface = "mesh"\n')

    def places(self, rng):
        n_mesh = N_MESH if self.kind == "cifti" else 2000
        self.n_mesh = n_mesh
        if self.kind == "surface":
            self.vertices = [np.arange(n_mesh), np.arange(n_mesh)]
            self.voxels = {}
        else:
            self.vertices = [np.sort(rng.choice(600, int(rng.integers(300, 400)), replace=False)) for _ in range(2)]
            ijk = lambda i: np.array([[i + d, 60, 30 + e] for d in range(3) for e in range(4)])
            self.voxels = {"CIFTI_STRUCTURE_BRAIN_STEM": ijk(44), "CIFTI_STRUCTURE_PUTAMEN_LEFT": ijk(55),
                           "CIFTI_STRUCTURE_PUTAMEN_RIGHT": ijk(33)}
        sides = [np.full(len(self.vertices[0]), "L"), np.full(len(self.vertices[1]), "R")]
        for name in self.voxels:
            sides.append(np.full(12, {"LEFT": "L", "RIGHT": "R"}.get(name.rsplit("_", 1)[1], "M")))
        self.side = np.concatenate(sides)
        names = [np.full(len(v), s) for v, s in zip(self.vertices, ["CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT"])]
        self.structure = np.concatenate(names + [np.full(12, name) for name in self.voxels])
        self.n = len(self.side)
        # Some places never vary, one varies in one run of all.
        self.dead = rng.choice(self.n, 20, replace=False)

    def axis(self):
        axis = None
        for v, name in zip(self.vertices, ["CortexLeft", "CortexRight"]):
            own = cifti2.BrainModelAxis.from_surface(v, self.n_mesh, name)
            axis = own if axis is None else axis + own
        for name, ijk in self.voxels.items():
            axis = axis + cifti2.BrainModelAxis(name, voxel=ijk, affine=AFFINE, volume_shape=(91, 109, 91))
        return axis

    def write_words(self, rng):
        rows, self.design = [], {name: [] for name in MODELS}
        tensors = {name: {} for name in MODELS}
        for run, n in enumerate(self.n_scans):
            onsets = np.sort(rng.uniform(0, (n - 6) * self.tr, n))
            rows += [(run, i, "w", t, t + 0.3) for i, t in enumerate(onsets)]
            for name, (_, width) in MODELS.items():
                for layer in range(2):
                    x = rng.normal(size=(n, width)).astype("f4")
                    tensors[name][f"run-{run}/layer-{layer}"] = x
                    if layer == 1:
                        frames = (np.arange(n) + 0.5) * self.tr
                        columns = [compute_regressor((onsets, np.full(n, 0.3), x[:, c]), "glover", frames, oversampling=10)[0][:, 0]
                                   for c in range(width)]
                        self.design[name].append(np.array(columns).T)
        pandas.DataFrame(rows, columns=["run", "word_index", "word", "onset_s", "offset_s"]).to_csv(
            self.folder / "words_en.csv", index=False)
        (self.folder / "activations").mkdir()
        for name, (size, _) in MODELS.items():
            save_file(tensors[name], self.folder / f"activations/{name}_en.safetensors",
                      metadata={"model": name, "family": "gpt2", "lang": "en", "seed": "0", "n_parameters": str(size)})

    def write_scans(self, rng):
        weights = {name: rng.normal(size=(width, self.n)) for name, (_, width) in MODELS.items()}
        rows, self.runs = [], {}
        for subject in range(1, N_SUBJECTS + 1):
            for run, n in enumerate(self.n_scans):
                planted = sum(x[run] @ weights[name] for name, x in self.design.items())
                scans = 1000 + 10 * planted / planted.std() + rng.normal(size=(n, self.n)) * 8
                scans[:, self.dead] = 0
                path = self.save(subject, run, scans.astype("f4"))
                self.runs[subject, run] = path, scans.astype("f4")
                rows.append((f"{subject:02}", run + 1, self.kind, "fsLR", path.relative_to(self.folder)))
        table = pandas.DataFrame(rows, columns=["subject", "run", "kind", "space", "path"])
        table.to_csv(self.folder / "runs.csv", index=False)

    def save(self, subject, run, scans):
        base = self.folder / f"func/sub-{subject:02}_task-story_run-{run + 1}"
        base.parent.mkdir(exist_ok=True)
        if self.kind == "cifti":
            path = pathlib.Path(f"{base}_space-fsLR_den-91k_bold.dtseries.nii")
            series = cifti2.SeriesAxis(0, self.tr, len(scans), "SECOND")
            nib.save(cifti2.Cifti2Image(scans, (series, self.axis())), path)
            return path
        for side, columns in zip("LR", np.split(scans, 2, axis=1)):
            path = f"{base}_hemi-{side}_space-fsLR_bold"
            save_gifti(f"{path}.func.gii", columns, side)
            pathlib.Path(f"{path}.json").write_text(json.dumps({"RepetitionTime": self.tr}))
        return pathlib.Path(f"{base}_hemi-L_space-fsLR_bold.func.gii")

    def write_meshes(self, rng):
        (self.folder / "mesh").mkdir()
        places, triangles = wavy(rng, self.n_mesh)
        for side, shift in zip("LR", [-45, 45]):
            for kind in ["midthickness", "inflated"]:
                arrays = [gifti.GiftiDataArray(places + np.array([shift, 0, 0], "f4"), "NIFTI_INTENT_POINTSET"),
                          gifti.GiftiDataArray(triangles, "NIFTI_INTENT_TRIANGLE")]
                nib.save(gifti.GiftiImage(darrays=arrays), self.folder / f"mesh/tpl-fsLR_den-32k_hemi-{side}_{kind}.surf.gii")

    def pairs(self, inside):
        """Columns of masked arrays of namesakes, and of mirrored voxels."""
        column = np.cumsum(inside) - 1
        n_left = len(self.vertices[0])
        right = {v: n_left + i for i, v in enumerate(self.vertices[1])}
        found = [(i, right[v]) for i, v in enumerate(self.vertices[0]) if v in right]
        start, at = n_left + len(self.vertices[1]), {}
        for name, ijk in self.voxels.items():
            for voxel in ijk:
                at[tuple(voxel)] = (start, name)
                start += 1
        for (i, j, k), (where, name) in at.items():
            other = at.get((90 - i, j, k))
            if name.endswith("_LEFT") and other and other[1] == name.replace("LEFT", "RIGHT"):
                found.append((where, other[0]))
        return np.array([(column[a], column[b]) for a, b in found if inside[a] and inside[b]])


def save_gifti(path, rows, side):
    meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": {"L": "CortexLeft", "R": "CortexRight"}[side]})
    arrays = [gifti.GiftiDataArray(np.ascontiguousarray(row), "NIFTI_INTENT_TIME_SERIES", "NIFTI_TYPE_FLOAT32") for row in rows]
    nib.save(gifti.GiftiImage(meta=meta, darrays=arrays), path)


class Check:
    """Compares one study."""

    def __init__(self, study, programs):
        self.study, self.programs, self.wrong, self.worst = study, programs, [], {}

    def run(self, program, *arguments, fails=None):
        command = [self.programs / program, *map(str, arguments), "-q"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.study.folder)
        said = done.stderr.strip()
        if fails is None and done.returncode != 0:
            raise SystemExit(f"{program} {' '.join(map(str, arguments))}: {said}")
        if fails is not None:
            one = [line for line in said.splitlines() if line.startswith("error")]
            if done.returncode != 1 or len(one) != 1 or any(part not in one[0] for part in fails):
                self.wrong.append(f"{program}: expected a refusal with {fails}, found {done.returncode}: {said}")
        return done.stdout

    def close(self, what, found, expected, tolerance):
        found, expected = np.asarray(found, float), np.asarray(expected, float)
        if found.shape != expected.shape or (np.isnan(found) != np.isnan(expected)).any():
            self.wrong.append(f"{what}: shapes {found.shape} and {expected.shape}, or other NaN")
            return
        off = float(np.nanmax(np.abs(found - expected), initial=0))
        self.worst[what] = max(off, self.worst.get(what, 0))
        if off > tolerance:
            self.wrong.append(f"{what}: off by {off:.3g}")

    def table(self, name):
        return pandas.read_csv(self.study.folder / f"results/{name}_en.csv")

    def map(self, stem):
        """A map at all places of the runs, by nibabel."""
        if self.study.kind == "cifti":
            image = nib.load(f"{stem}.dscalar.nii")
            if image.header.get_axis(1) != self.study.axis():
                self.wrong.append(f"{stem}: other brain models than the runs")
            return image.get_fdata()[0]
        sides = [nib.load(f"{stem}_hemi-{side}.func.gii") for side in "LR"]
        for image, name in zip(sides, ["CortexLeft", "CortexRight"]):
            if image.meta["AnatomicalStructurePrimary"] != name:
                self.wrong.append(f"{stem}: the structure of {name}")
        return np.concatenate([image.darrays[0].data for image in sides])

    def scans(self):
        """Mask, cleaned signals and average."""
        study = self.study
        self.run("lpp-mask")
        mask = nib.load(study.folder / "masks/mask_lpp_en_space-fsLR.dscalar.nii").get_fdata()[0]
        self.inside = mask > 0
        expected = np.ones(study.n, bool)
        expected[study.dead] = False
        self.close("mask", self.inside, expected, 0)
        path, scans = study.runs[1, 0]
        self.run("lpp-clean", path, "--detrend", "--standardize", "--high-pass", "0.0078125", "-o", "clean.npy")
        wanted = signal.clean(scans[:, self.inside], detrend=True, standardize="zscore", high_pass=1 / 128, t_r=study.tr)
        self.close("cleaned", np.load(study.folder / "clean.npy"), wanted, 5e-5)
        self.run("lpp-average", "--isc-trials", "2")

    def scores(self):
        folder, best = self.study.folder, {}
        averages = [folder / f"average_subject/en/run-{run}.npy" for run in range(N_RUNS)]
        for name in MODELS:
            self.run("lpp-fit", "--model", name)
            scores = np.load(folder / f"scores/{name}_en.npy")
            self.run("lpp-fit", "--model", name, "--y", *averages, "-o", folder / "plain.npy", "--force")
            self.close("scores", scores, np.load(folder / "plain.npy"), 0)
            best[name] = np.nanmax(scores, axis=0)
            whole = np.full(self.study.n, np.nan)
            whole[self.inside] = best[name]
            self.close("score maps", self.map(folder / f"scores/{name}_en"), whole, 0)
        self.run("lpp-fit", "--model", "small", "--subject", "02")
        subject = np.load(folder / "scores/sub-02/small_en.npy")
        self.close("maps of a subject", self.map(folder / "scores/sub-02/small_en")[self.inside], np.nanmax(subject, axis=0), 0)
        return best

    def tables(self, best):
        self.run("lpp-analyze", "all")
        side, pairs = self.study.side[self.inside], self.study.pairs(self.inside)
        for row in self.table("lateralization").itertuples():
            for what, letter in [("left", "L"), ("right", "R")]:
                wanted = np.nanmean(best[row.model][side == letter])
                self.close(f"{what} of the tables", getattr(row, f"{what}_all"), wanted, 1e-6)
        rows = self.table("corrected_laterality")
        for row in rows[(rows.voxels == "all")].itertuples():
            if row.model in best:
                wanted = np.nanmean(best[row.model][pairs[:, 0]] - best[row.model][pairs[:, 1]])
                self.close("pairs of the tables", row.mirror_difference, wanted, 1e-6)
        self.parcels(pairs, best)
        slopes = self.table("voxel_slopes")
        self.close("maps of the analysis", self.map(self.study.folder / "results/voxel_slope_en")[self.inside],
                   slopes.slope_per_ln_parameter, 1e-6)
        structures = self.study.structure[self.inside]
        regions = self.table("atlas_regions")
        mean = np.mean([best[name] for name in MODELS], axis=0)
        for row in regions.itertuples():
            name = "CIFTI_STRUCTURE_" + row.region.upper().replace(" ", "_")
            self.close("regions", [row.n_voxels, row.score], [(structures == name).sum(), np.nanmean(mean[structures == name])], 1e-6)
        if self.study.kind == "cifti" and len(regions) != 5:
            self.wrong.append(f"{len(regions)} regions instead of 5 structures")

    def parcels(self, pairs, best):
        """Cubes of 20 mm on the middle surface, and the correlation of their mean score with their ISC."""
        study = self.study
        places = np.full((study.n, 3), np.nan)
        start = 0
        for side, vertices in zip("LR", study.vertices):
            mesh = nib.load(study.folder / f"mesh/tpl-fsLR_den-32k_hemi-{side}_midthickness.surf.gii")
            places[start:start + len(vertices)] = mesh.darrays[0].data[vertices]
            start += len(vertices)
        for ijk in study.voxels.values():
            places[start:start + len(ijk)] = nib.affines.apply_affine(AFFINE, ijk)
            start += len(ijk)
        cubes = {}
        for left, right in pairs:
            cubes.setdefault(tuple(np.floor(places[self.inside][left] / 20)), []).append((left, right))
        cubes = [np.array(cube) for cube in cubes.values() if len(cube) >= 8]
        rows = self.table("corrected_parcels")
        self.close("parcels", rows.n_parcels, np.full(len(rows), len(cubes)), 0)
        isc = np.load(study.folder / "isc/isc_en.npy").astype(float).mean(0)
        over = lambda values: np.array([np.nanmean(values[cube].astype(float)) for cube in cubes])
        score = np.mean([over(best[name]) for name in MODELS], axis=0)
        found = rows[rows.maps == "mean score against ISC"].r
        self.close("r over parcels", found, [np.corrcoef(score, over(isc))[0, 1]], 1e-6)

    def atlas(self, best, rng):
        """An atlas of all places, on meshes of its own places, and a region of interest."""
        study, folder = self.study, self.study.folder
        bands = rng.integers(0, 4, study.n_mesh)
        names = {0: ("???", (0, 0, 0, 0))} | {k: (f"L_area{k}", (1, 0, 0, 1)) for k in (1, 2, 3)}
        names |= {k + 10: (f"R_area{k}", (0, 1, 0, 1)) for k in (1, 2, 3)}
        if study.kind == "cifti":
            # All vertices of both meshes, which the runs do not have, and the stem of the runs.
            names[20] = ("stem", (0, 0, 1, 1))
            all_vertices = [cifti2.BrainModelAxis.from_surface(np.arange(study.n_mesh), study.n_mesh, n) for n in ["CortexLeft", "CortexRight"]]
            stem = cifti2.BrainModelAxis("CIFTI_STRUCTURE_BRAIN_STEM", voxel=study.voxels["CIFTI_STRUCTURE_BRAIN_STEM"],
                                         affine=AFFINE, volume_shape=(91, 109, 91))
            labels = np.r_[bands, np.where(bands > 0, bands + 10, 0), np.full(12, 20)]
            file = folder / "a.dlabel.nii"
            axis = all_vertices[0] + all_vertices[1] + stem
            nib.save(cifti2.Cifti2Image(labels[None].astype("f4"), (cifti2.LabelAxis(["a"], [names]), axis)), file)
        else:
            for side, shift in [("L", 0), ("R", 10)]:
                table = gifti.GiftiLabelTable()
                for key, (name, _) in names.items():
                    if key == 0 or (key > 10) == (shift > 0):
                        label = gifti.GiftiLabel(key=key)
                        label.label = name
                        table.labels.append(label)
                labels = np.where(bands > 0, bands + shift, 0).astype("i4")
                array = gifti.GiftiDataArray(labels, "NIFTI_INTENT_LABEL", "NIFTI_TYPE_INT32")
                nib.save(gifti.GiftiImage(labeltable=table, darrays=[array]), folder / f"a_hemi-{side}.label.gii")
            file = folder / "a_hemi-L.label.gii"
        self.run("lpp-import", "atlas", file, "--study", ".")
        whole = np.concatenate([bands[study.vertices[0]], np.where(bands[study.vertices[1]] > 0, bands[study.vertices[1]] + 10, 0)])
        stem = np.where(study.structure[len(whole):] == "CIFTI_STRUCTURE_BRAIN_STEM", 20, 0)
        labels = np.r_[whole, stem].astype(int)[self.inside]
        region = np.zeros((1, study.n))
        region[0, : len(study.vertices[0]) // 3] = 1
        (folder / "roi_masks").mkdir()
        axis = study.axis()
        nib.save(cifti2.Cifti2Image(region, (cifti2.ScalarAxis(["roi"]), axis)), folder / "roi_masks/third.dscalar.nii")
        self.run("lpp-analyze", "all")
        mean = np.mean([best[name] for name in MODELS], axis=0)
        regions = self.table("atlas_regions")
        self.close("labels of the atlas", regions.label, np.unique(labels[labels > 0]), 0)
        for row in regions.itertuples():
            wanted = [(labels == row.label).sum(), np.nanmean(mean[labels == row.label])]
            self.close("regions of the atlas", [row.n_voxels, row.score], wanted, 1e-6)
            if (row.region, row.side) != (names[row.label][0], {0: "left", 1: "right", 2: "midline"}[row.label // 10]):
                self.wrong.append(f"the region {row.region} on the {row.side}")
        for row in self.table("atlas").itertuples():
            k = int(row.parcel[-1])
            wanted = [np.nanmean(mean[labels == k]), np.nanmean(mean[labels == k + 10])]
            self.close("pairs of the atlas", [row.score_left, row.score_right], wanted, 1e-6)
        pairs, inside = self.study.pairs(self.inside), region[0, self.inside] > 0
        right = np.zeros(len(inside), bool)
        right[[r for l, r in pairs if inside[l]]] = True
        for row in self.table("rois").itertuples():
            wanted = np.nanmean(best[row.model][inside if row.hemisphere == "left" else right]) if row.model in best else np.nan
            if row.model in best:
                self.close("regions of interest", row.score, wanted, 1e-6)

    def workflow(self):
        """lpp-run does the rest of a study of which the programs did some steps by hand."""
        folder = self.study.folder
        (folder / "lpp.toml").write_text('languages = ["en"]\nmodels = { en = ["small", "large"] }\n[paths]\nsurface = "mesh"\n')
        self.run("lpp-run", "--no-fetch")
        self.run("lpp-run", "verify")

    def report(self):
        self.run("lpp-report")
        figures = [path.name for path in (self.study.folder / "figures").glob("*_surface_en.svg")]
        if len(figures) < 3 or not (self.study.folder / "report/report.html").stat().st_size > 10_000:
            self.wrong.append(f"figures on the mesh: {figures}")
        below = [path.name for path in (self.study.folder / "figures").glob("*_subcortex_en.svg")]
        if (len(below) >= 3) != (self.study.kind == "cifti"):
            self.wrong.append(f"figures of the voxels: {below}")

    def export(self):
        """Cleaned runs and scores of a subject as BIDS derivatives."""
        study, folder = self.study, self.study.folder
        self.run("lpp-import", "export", folder / "bids", "--study", ".")
        func = folder / "bids/sub-02/func"
        scores = np.load(folder / "scores/sub-02/small_en.npy")
        wanted = np.full((len(scores), study.n), np.nan)
        wanted[:, self.inside] = scores
        self.close("exported maps", self.exported(func / "sub-02_task-story_{}space-fsLR_desc-small_statmap", "dscalar.nii"), wanted, 0)
        for run in range(N_RUNS):
            wanted = np.zeros((study.n_scans[run], study.n))
            wanted[:, self.inside] = self.cleaned(run)
            stem = func / f"sub-02_task-story_run-{run + 1}_{{}}space-fsLR_desc-clean_bold"
            self.close("exported runs", self.exported(stem, "dtseries.nii"), wanted, 0)
        mask = nib.load(func / "sub-02_task-story_space-fsLR_desc-brain_mask.dscalar.nii").get_fdata()[0]
        self.close("exported mask", mask, self.inside, 0)
        copy = folder / "copy"
        copy.mkdir()
        (copy / "lpp.toml").write_text('languages = ["en"]\n')
        self.run("lpp-import", "bids", folder / "bids", "--desc", "clean", "--study", copy)
        back = pandas.read_csv(copy / "runs.csv")
        self.close("runs read back", np.c_[back.tr_s, back.n_scans], np.c_[np.full(N_RUNS, study.tr), study.n_scans], 1e-9)

    def cleaned(self, run):
        found = list((self.study.folder).rglob(f"sub-02/**/run-{run}.npy"))
        assert len(found) == 1, found
        return np.load(found[0])

    def exported(self, stem, ending):
        """All rows of an exported file, by nibabel."""
        if self.study.kind == "cifti":
            image = nib.load(f"{stem}.{ending}".format(""))
            axes = [image.header.get_axis(axis) for axis in (0, 1)]
            if axes[1] != self.study.axis():
                self.wrong.append(f"{stem}: other brain models than the runs")
            if ending == "dtseries.nii" and (axes[0].step, axes[0].unit) != (self.study.tr, "SECOND"):
                self.wrong.append(f"{stem}: a repetition time of {axes[0].step} {axes[0].unit}")
            return image.get_fdata()
        sides = [nib.load(f"{stem}.func.gii".format(f"hemi-{side}_")) for side in "LR"]
        return np.concatenate([np.array([array.data for array in image.darrays]) for image in sides], axis=1)

    def refusals(self):
        study, folder = self.study, self.study.folder
        path, scans = study.runs[1, 1]
        table = (folder / "runs.csv").read_text()
        rows = table.splitlines()
        (folder / "runs.csv").write_text("\n".join(rows[:-1] + [rows[-1].replace("fsLR,", "fsaverage,", 1)]) + "\n")
        self.run("lpp-average", "--force", fails=["runs.csv", "two kinds", "fsaverage"])
        (folder / "runs.csv").write_text("\n".join(rows + [f"01,9,volume,,func/a_bold.nii.gz"]) + "\n")
        self.run("lpp-mask", "--force", fails=["runs.csv", "two kinds", "volume"])
        (folder / "runs.csv").write_text(table)
        self.run("lpp-clean", path, "--smoothing-fwhm", "4", "-o", "x.npy", fails=["smoothing of 4 mm"])
        self.run("lpp-rois", "-o", "rois", fails=["mask_lpp_en", "spheres"])
        if study.kind == "cifti":
            axis = study.axis()[: study.n - 12]
            other = folder / "func/other_bold.dtseries.nii"
            nib.save(cifti2.Cifti2Image(scans[:, : study.n - 12], (cifti2.SeriesAxis(0, study.tr, len(scans), "SECOND"), axis)), other)
            self.run("lpp-clean", other, "-o", "x.npy", fails=["other_bold.dtseries.nii", "PUTAMEN_RIGHT"])
        else:
            right = folder / "func/other_hemi-R_bold.func.gii"
            left, half = folder / "func/other_hemi-L_bold.func.gii", study.n // 2
            save_gifti(left, scans[:, :half], "L")
            self.run("lpp-clean", left, "-o", "x.npy", "--tr", study.tr, fails=["other_hemi-R_bold.func.gii"])
            save_gifti(right, scans[:-1, half:], "R")
            self.run("lpp-clean", left, "-o", "x.npy", "--tr", study.tr, fails=["other_hemi-R_bold.func.gii", "scans"])
            save_gifti(right, scans[:, half:-1], "R")
            self.run("lpp-clean", left, "-o", "x.npy", "--tr", study.tr, fails=["CORTEX_RIGHT", f"{half - 1}"])
            save_gifti(right, scans[:, half:], "L")
            self.run("lpp-clean", left, "-o", "x.npy", "--tr", study.tr, fails=["CortexLeft", "exchanged"])
            self.run("lpp-clean", right, "-o", "x.npy", "--tr", study.tr, fails=["one hemisphere", "hemi-L"])
        shutil.rmtree(folder / "mesh")
        (folder / "mesh").mkdir()
        places, triangles = wavy(None, 500)
        for side, shift in zip("LR", [-45, 45]):
            arrays = [gifti.GiftiDataArray(places + np.array([shift, 0, 0], "f4"), "NIFTI_INTENT_POINTSET"),
                      gifti.GiftiDataArray(triangles, "NIFTI_INTENT_TRIANGLE")]
            nib.save(gifti.GiftiImage(darrays=arrays), folder / f"mesh/small_hemi-{side}_pial.surf.gii")
        self.run("lpp-report", "--force", fails=["mesh", "500 vertices", "--surface"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path)
    args = parser.parse_args()
    worst, wrong = {}, []
    for seed in range(args.first, args.first + args.seeds):
        for kind in ["cifti", "surface"]:
            with tempfile.TemporaryDirectory() as temporary:
                folder = args.keep / f"{kind}-{seed}" if args.keep else pathlib.Path(temporary)
                folder.mkdir(parents=True, exist_ok=True)
                check = Check(Study(folder.resolve(), seed, kind), args.bin.resolve())
                check.scans()
                best = check.scores()
                check.tables(best)
                check.report()
                check.export()
                check.atlas(best, np.random.default_rng(seed))
                check.workflow()
                check.refusals()
            wrong += [f"{kind}, seed {seed}: {what}" for what in check.wrong]
            worst |= {what: max(off, worst.get(what, 0)) for what, off in check.worst.items()}
    for what, off in worst.items():
        print(f"{what}: {off:.3g} at most")
    print("\n".join(wrong) or f"{args.seeds} seeds agree")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
