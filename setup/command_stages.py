"""Folders in which the commands of the book and of help texts can run: small studies and files under the names that they use."""
import csv
import json
import shutil
import subprocess
import wave
from pathlib import Path

import joblib
import nibabel
import numpy as np

import small_scans

LETTERS = "the dog sees a cat . the cat sees a dog . a dog and a cat"


class Stages:
    """Makes each folder once; commands of one source share a folder and run in order."""

    # Sources, or the beginning of a command, and the stage that they need; by default a finished study.
    NEEDS = {
        "lpp-simulate compare": "finished",
        "lpp-simulate": "empty",
        "lpp-import": "imports",
        "docs/import.md": "imports",
        "docs/transfer.md": "transfer",
        "lpp-resample --study": "scans",
        "lpp-mask --study": "scans",
        "lpp-average --study": "scans",
        "lpp-average --mask": "arrays",
        "lpp-mask sub-": "unmasked",
    }
    # What runs before a command that needs results.
    BEFORE = {"lpp-import export": [("lpp-run", "init", "--study", "my-study"), ("lpp-run", "--study", "my-study")]}

    def __init__(self, binaries, work):
        self.binaries, self.work = binaries, work
        self.made = {}

    def of(self, source, line):
        """The folder for a command."""
        known = [key for key in self.NEEDS if line.startswith(key) or key == source]
        kind = self.NEEDS[max(known, key=len)] if known else "finished"
        key = (source, kind)
        if key not in self.made:
            folder = self.work / f"{len(self.made)}-{kind}"
            self.made[key] = folder
            getattr(self, kind)(folder)
        for start, programs in self.BEFORE.items():
            for words in programs if line.startswith(start) else []:
                self.run(*words, cwd=self.made[key])
        return self.made[key]

    def run(self, *words, cwd):
        program, *rest = words
        done = subprocess.run([self.binaries / program, *rest, "-q"], cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stdout}")

    def empty(self, folder):
        folder.mkdir()

    def finished(self, folder):
        """A finished study, which is also `my-study`, `study` and so on, with files beside it."""
        base = self.work / "finished"
        if not base.exists():
            self.run("lpp-simulate", "--study", "finished", "--asymmetry", "growth", "--words-per-run", "300", "--models", "gpt2:4,gpt2:12,llama:32", cwd=self.work)
            shutil.copytree(base / "models/sim-gpt2-4", base / "models/gpt2")
            for step in ("step1000", "step4000"):
                shutil.copytree(base / "models/sim-gpt2-4", base / f"models/pythia-70m_{step}")
            self.run("lpp-run", "--study", "finished", cwd=self.work)
            self.run("lpp-extract", "--study", "finished", "--model", "gpt2", cwd=self.work)
            self.run("lpp-fit", "--study", "finished", "--model", "gpt2", cwd=self.work)
            beside(base)
        shutil.copytree(base, folder)
        for name in ("my-study", "study", "demo-study"):
            (folder / name).symlink_to(".")

    def arrays(self, folder):
        """The same with cleaned runs as arrays alone."""
        self.finished(folder)
        rng, n_voxels = np.random.default_rng(1), np.load(folder / "isc/isc_en.npy").shape[1]
        for image in folder.glob("sub-*/*.nii.gz"):
            np.save(image.with_name(image.name.replace(".nii.gz", ".npy")), rng.standard_normal((60, n_voxels)).astype("f4"))
            image.unlink()

    def unmasked(self, folder):
        """The same before the mask is made."""
        self.finished(folder)
        (folder / "mask.nii.gz").unlink()

    def imports(self, folder):
        """An fMRIPrep folder, word times of an aligner, own features and an atlas."""
        folder.mkdir()
        self.run("lpp-simulate", "--study", "made", "--bids", "--runs", "4", "--tr", "1.5", "--lang", "de", "--subjects", "3", "--words-per-run", "150", "--models", "gpt2:4", cwd=folder)
        (folder / "derivatives").mkdir()
        (folder / "made/fmriprep").rename(folder / "derivatives/fmriprep")
        # Of the two spaces, only the images of one have a brain.
        for image in (folder / "derivatives").rglob("*space-T1w*"):
            image.unlink()
        for image in (folder / "derivatives").rglob("*space-MNI152NLin2009cAsym*"):
            image.rename(image.with_name(image.name.replace("space-MNI152NLin2009cAsym", "space-T1w")))
        (folder / "align").mkdir()
        (folder / "own").mkdir()
        rng = np.random.default_rng(1)
        events = sorted((folder / "derivatives/fmriprep/sub-01").rglob("*_events.tsv"))
        for path in events:
            with open(path, encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, delimiter="\t"))
            text_column = next(name for name in rows[0] if name not in ("onset", "duration"))
            words = [(float(row["onset"]), float(row["duration"]), row[text_column]) for row in rows if row[text_column] != "n/a"]
            (folder / f"align/{path.name.replace('_events.tsv', '.TextGrid')}").write_text(text_grid(words), encoding="utf-8")
            story = "_".join(part for part in path.name.split("_") if part.startswith(("ses-", "run-")))
            np.save(folder / f"own/{story}.npy", rng.standard_normal((len(words), 5)).astype("f4"))
        image = nibabel.load(next((folder / "derivatives/fmriprep").rglob("*space-T1w*desc-brain_mask.nii.gz")))
        parcels(image, folder)

    def transfer(self, folder):
        """Two studies in two languages with one model."""
        folder.mkdir()
        for study, lang in (("first", "en"), ("second", "fr")):
            self.run("lpp-simulate", "--study", study, "--lang", lang, "--words-per-run", "150", "--models", "gpt2:8", cwd=folder)
            (folder / study / "models/sim-gpt2-8").rename(folder / study / "models/Qwen2-0.5B")
            self.run("lpp-extract", "--study", study, "--lang", lang, "--model", "Qwen2-0.5B", cwd=folder)
        self.run("lpp-fit", "--study", "second", "--lang", "fr", "--model", "Qwen2-0.5B", cwd=folder)

    def scans(self, folder):
        """Preprocessed scans of three subjects as the published data set has them, under the name DIR."""
        study = folder / "DIR"
        study.mkdir(parents=True)
        small_scans.write_scans(study, ["EN057", "EN058", "EN059"], seed=1)
        if "average" in folder.name:
            return
        self.run("lpp-resample", "--study", "DIR", "--lang", "en", cwd=folder)
        self.run("lpp-mask", "--study", "DIR", "--lang", "en", cwd=folder)


def text_grid(words):
    """An interval tier `words` in the long text form."""
    end = words[-1][0] + words[-1][1] + 1
    intervals, at = [], 0.0
    for onset, duration, word in words:
        if onset > at:
            intervals.append((at, onset, ""))
        intervals.append((max(onset, at), onset + duration, word))
        at = onset + duration
    intervals.append((at, end, ""))
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = {end}\ntiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n'
    head += f'        class = "IntervalTier"\n        name = "words"\n        xmin = 0\n        xmax = {end}\n        intervals: size = {len(intervals)}\n'
    rows = [
        f'        intervals [{i}]:\n            xmin = {low}\n            xmax = {high}\n            text = "{word}"\n'
        for i, (low, high, word) in enumerate(intervals, 1)
    ]
    return head + "".join(rows)


def parcels(image, folder):
    """A parcel on each side of a mask, and their names."""
    inside = np.asarray(image.dataobj) > 0
    x = nibabel.affines.apply_affine(image.affine, np.argwhere(inside))[:, 0]
    labels = np.zeros(inside.shape, "i2")
    labels[inside] = np.where(x < 0, 1, 2)
    nibabel.save(nibabel.Nifti1Image(labels, image.affine), folder / "parcels.nii.gz")
    (folder / "parcels.tsv").write_text("label\tname\n1\tleft half\n2\tright half\n")


def beside(study):
    """Files that examples name, in the folder of a study."""
    rng = np.random.default_rng(1)
    mask = nibabel.load(study / "masks/mask_lpp_en.nii.gz")
    for name in ("mask.nii.gz", "mask_lpp_en.nii.gz"):
        shutil.copy(study / "masks/mask_lpp_en.nii.gz", study / name)
    joblib.dump(np.load(study / "isc/isc_en.npy"), study / "isc_10trials_en.gz", compress=("gzip", 3))
    shutil.copy(next((study / "glove").iterdir()), study / "glove.6B.300d.txt")
    scans_and_surfaces(study, mask, rng)
    words_and_sounds(study, rng)
    items(study, rng)
    for run in range(3):
        np.save(study / f"x_run-{run}.npy", rng.standard_normal((40, 6)))
        np.save(study / f"y_run-{run}.npy", rng.standard_normal((40, 9)))


def scans_and_surfaces(study, mask, rng):
    inside = np.asarray(mask.dataobj) > 0
    brain = lambda n: (1000 * inside[..., None] + 20 * rng.standard_normal((*inside.shape, n))).astype("f4")

    def save(values, path):
        image = nibabel.Nifti1Image(values, mask.affine)
        image.header.set_zooms((*mask.header.get_zooms()[:3], 2.0))
        image.header.set_xyzt_units("mm", "sec")
        path.parent.mkdir(exist_ok=True)
        nibabel.save(image, path)

    save(brain(100), study / "bold.nii.gz")
    for subject in (1, 2, 3):
        for run in (1, 2, 3):
            save(brain(10), study / f"sub-{subject}/run-{run}.nii.gz")
    nibabel.save(nibabel.Nifti1Image(inside.astype("i2"), mask.affine), study / "labels.nii.gz")
    # A small octahedron around the middle of the brain, and a larger one.
    corners = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], "f4")
    faces = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], "i4")
    middle = nibabel.affines.apply_affine(mask.affine, np.argwhere(inside).mean(axis=0))
    for name, radius in (("lh.white", 15), ("lh.pial", 18)):
        nibabel.freesurfer.write_geometry(str(study / name), (middle + radius * corners).astype("f4"), faces)


def words_and_sounds(study, rng):
    shutil.copy(study / "words_en.csv", study / "words.csv")
    with open(study / "words_en.csv", encoding="utf-8", newline="") as file:
        words = list(csv.DictReader(file))
    of_run = [[word for word in words if int(word["run"]) == run] for run in range(9)]
    np.save(study / "layer-6.npy", rng.standard_normal((len(of_run[0]), 8)).astype("f4"))
    counts = "".join(f"{word},{1 + i}\n" for i, word in enumerate(sorted({word["word"] for word in words})))
    (study / "subtlex.csv").write_text("word,count\n" + counts, encoding="utf-8")
    (study / "recordings").mkdir()
    for run, said in enumerate(of_run):
        n_samples = int(8000 * (float(said[-1]["offset_s"]) + 1))
        with wave.open(str(study / f"recordings/run-{run}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, n_samples, "NONE", ""))
            file.writeframes((2000 * rng.standard_normal(n_samples)).astype("<i2").tobytes())


def items(study, rng):
    """What lpp-score is asked."""
    (study / "blimp").mkdir()
    pairs = [{"sentence_good": "the dog sees a cat", "sentence_bad": "the dog cat a sees", "UID": "order", "linguistics_term": "syntax"}] * 3
    (study / "blimp/order.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    choices = [{"text": "a cat", "label": "A"}, {"text": "a dog", "label": "B"}]
    question = {"id": "1", "question": {"stem": "what does the dog see ?", "choices": choices}, "answerKey": "A"}
    (study / "ARC-Easy-Test.jsonl").write_text(json.dumps(question) + "\n")
    (study / "story.txt").write_text(LETTERS + "\n")
    (study / "prompts.txt").write_text("the dog\na cat\n")
    np.save(study / "ids.npy", rng.integers(1, 20, (2, 12)))
