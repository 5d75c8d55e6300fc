#!/usr/bin/env python3
"""Compares what lpp-import makes of fresh random files with what NumPy and nibabel wrote into them.

    check_fresh_seeds.py PROGRAM [--seeds 5]

PROGRAM is the built lpp-import. Needs numpy and nibabel. Words are written as TextGrid (both forms, three encodings), CSV,
TSV, transcripts and subtitles; features as arrays of all types and orders, archives and tables; runs as volumes, surfaces and
grayordinates in a folder of derivatives; an atlas on a mirrored grid.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel import cifti2, gifti

LETTERS = list("abcdefghijklmnopqrstuvwxyzäöüßé'沙漠")


def run(program, study, *arguments):
    command = [program, *map(str, arguments), "--study", study]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def expect(what, good):
    if not good:
        raise SystemExit(f"{what}: differs")
    print(f"  {what}: equal")


# words


def spoken(rng):
    """Words of a run with times in whole milliseconds."""
    n = int(rng.integers(30, 120))
    words = ["".join(rng.choice(LETTERS, rng.integers(1, 9))) for _ in range(n)]
    steps = rng.integers(1, 400, 2 * n)
    times = np.cumsum(steps)
    return [(word, times[2 * i] / 1000, times[2 * i + 1] / 1000) for i, word in enumerate(words)]


def text_grid(words, short):
    """A TextGrid with silences between the words."""
    intervals, edge = [], 0.0
    for word, start, end in words:
        intervals += [(edge, start, "#")] if start > edge else []
        intervals.append((start, end, word))
        edge = end
    if short:
        body = "".join(f'{a}\n{b}\n"{text}"\n' for a, b, text in intervals)
        return f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n{edge}\n<exists>\n1\n"IntervalTier"\n"w"\n0\n{edge}\n{len(intervals)}\n{body}'
    body = "".join(
        f'        intervals [{i}]:\n            xmin = {a} \n            xmax = {b} \n            text = "{text}" \n'
        for i, (a, b, text) in enumerate(intervals, 1)
    )
    return (
        f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = {edge} \ntiers? <exists> \nsize = 1 \n'
        f'item []: \n    item [1]:\n        class = "IntervalTier" \n        name = "w" \n        xmin = 0 \n        xmax = {edge} \n'
        f"        intervals: size = {len(intervals)} \n{body}"
    )


def clock(seconds, comma):
    ms = round(1000 * seconds)
    text = f"{ms // 3600000:02}:{ms // 60000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
    return text.replace(".", ",") if comma else text


def rows_of(words, separator, header, scale, quote=""):
    lines = [separator.join(header)]
    lines += [separator.join([f"{quote}{w}{quote}", repr(a * scale), repr(b * scale)]) for w, a, b in words]
    return "\n".join(lines) + "\n"


FORMS = {
    "long.TextGrid": lambda w: text_grid(w, False).encode(),
    "short.TextGrid": lambda w: text_grid(w, True).encode(),
    "le.TextGrid": lambda w: b"\xff\xfe" + text_grid(w, False).encode("utf-16-le"),
    "be.TextGrid": lambda w: b"\xfe\xff" + text_grid(w, True).encode("utf-16-be"),
    "s.csv": lambda w: rows_of(w, ",", ["word", "onset", "offset"], 1, '"').encode(),
    "ms.tsv": lambda w: rows_of(w, "\t", ["text", "start", "end"], 1000).encode("utf-8-sig"),
    "named.csv": lambda w: rows_of(w, ";", ["token", "start_ms", "end_ms"], 1000).encode(),
    "flat.json": lambda w: json.dumps({"words": [{"word": " " + t, "start": a, "end": b} for t, a, b in w]}).encode(),
    "segments.json": lambda w: json.dumps(
        {"segments": [{"text": "", "words": [{"word": t, "start": a, "end": b} for t, a, b in w[i : i + 7]]} for i in range(0, len(w), 7)]}
    ).encode(),
    "srt": lambda w: "\n".join(f"{i}\n{clock(a, True)} --> {clock(b, True)}\n{t}\n" for i, (t, a, b) in enumerate(w, 1)).encode(),
    "vtt": lambda w: ("WEBVTT\n\n" + "\n".join(f"{clock(a, False)} --> {clock(b, False)} line:0\n<v X>{t}\n" for t, a, b in w)).encode(),
}


def check_words(program, study, rng):
    for form, written in FORMS.items():
        runs = {number: spoken(rng) for number in (9, 10, 11)}
        files = [study / f"tale-{number}.{form}" for number in runs]
        for file, words in zip(files, runs.values()):
            file.write_bytes(written(words))
        unit = ["--unit", "ms"] if form == "ms.tsv" and rng.random() < 0.5 else []
        run(program, study, "words", *reversed(files), "--lang", "xx", "--force", *unit)
        with open(study / "words_xx.csv", encoding="utf-8", newline="") as table:
            found = [(int(r["run"]), r["word"], float(r["onset_s"]), float(r["offset_s"])) for r in csv.DictReader(table)]
        expected = [(place, *word) for place, words in enumerate(runs.values()) for word in words]
        same = len(found) == len(expected) and all(
            f[:2] == e[:2] and abs(f[2] - e[2]) < 1e-9 and abs(f[3] - e[3]) < 1e-9 for f, e in zip(found, expected)
        )
        expect(f"words of {form}", same)


# features


def tensors(file):
    """The tensors of a safetensors file of f32."""
    data = file.read_bytes()
    n = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + n])
    header.pop("__metadata__")
    return {
        name: np.frombuffer(data[8 + n :][entry["data_offsets"][0] : entry["data_offsets"][1]], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }


def same_layers(study, runs):
    found = tensors(study / "activations" / "own_xx.safetensors")
    expected = {f"run-{r}/layer-{x}": layer.astype(np.float32) for r, layers in enumerate(runs) for x, layer in enumerate(layers)}
    return found.keys() == expected.keys() and all(np.array_equal(found[name], value) for name, value in expected.items())


def check_features(program, study, rng):
    arguments = ["--name", "own", "--rows", "scans", "--lang", "xx", "--force"]
    shapes = [(int(rng.integers(5, 40)), 6) for _ in range(3)]
    for dtype in ("<f2", "<f4", ">f4", "<f8", ">f8", "<i2", ">i4", "<i8", "|u1", "|b1"):
        runs = [(100 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]
        for number, values in enumerate(runs):
            np.save(study / f"x_run-{number}.npy", np.asfortranarray(values) if number == 1 else values)
        run(program, study, "features", *(study / f"x_run-{n}.npy" for n in range(3)), *arguments)
        expect(f"arrays of {dtype}", same_layers(study, [[values] for values in runs]))
    for save in (np.savez, np.savez_compressed):
        runs = [[rng.standard_normal(shape) for _ in range(2)] for shape in shapes]
        save(study / "x.npz", **{f"run-{r}/layer-{x}": layer for r, layers in enumerate(runs) for x, layer in enumerate(layers)})
        run(program, study, "features", study / "x.npz", *arguments)
        expect(save.__name__, same_layers(study, runs))
        axis = int(rng.integers(0, 3))
        save(study / "x.npz", **{f"run-{r}": np.stack(layers, axis) for r, layers in enumerate(runs)})
        run(program, study, "features", study / "x.npz", *arguments, "--layer-axis", axis)
        expect(f"{save.__name__}, layers on axis {axis}", same_layers(study, runs))
    for number, layers in enumerate(runs):
        np.savetxt(study / f"x_{number}.csv", layers[0], delimiter=",", header=",".join("abcdef"), comments="", fmt="%.17g")
    run(program, study, "features", *(study / f"x_{n}.csv" for n in range(3)), *arguments)
    expect("tables", same_layers(study, [[layers[0]] for layers in runs]))


# runs


def save_volume(file, n_scans, tr_s, rng):
    image = nib.Nifti1Image(rng.standard_normal((3, 4, 2, n_scans)).astype(np.float32), np.diag([3, 3, 3, 1]))
    unit, factor = [("sec", 1), ("msec", 1000), ("usec", 1e6)][rng.integers(3)]
    image.header.set_xyzt_units("mm", unit)
    image.header.set_zooms((3, 3, 3, tr_s * factor))
    nib.save(image, file)


def save_surfaces(file, n_scans, rng):
    for side in "LR":
        image = gifti.GiftiImage()
        for _ in range(n_scans):
            values = rng.standard_normal(12).astype(np.float32)
            image.add_gifti_data_array(gifti.GiftiDataArray(values, intent="NIFTI_INTENT_TIME_SERIES"))
        nib.save(image, str(file).replace("hemi-L", f"hemi-{side}"))


def save_grayordinates(file, n_scans, tr_s, rng):
    models = cifti2.BrainModelAxis.from_surface(np.arange(9), 12, "CortexLeft")
    image = cifti2.Cifti2Image(rng.standard_normal((n_scans, 9)).astype(np.float32), (cifti2.SeriesAxis(0, tr_s, n_scans), models))
    nib.save(image, file)


def check_bids(program, study, rng):
    tr_s = float(rng.choice([0.72, 1.49, 2.2]))
    folder = study / "derivatives"
    n_scans = {}
    for subject in ("s1", "s10", "s9"):
        func = folder / f"sub-{subject}" / "func"
        func.mkdir(parents=True)
        for label in range(8, 12):
            start = f"sub-{subject}_task-t_run-{label}"
            n_scans[subject, label] = int(rng.integers(5, 30))
            n = n_scans[subject, label]
            save_volume(func / f"{start}_space-T1w_desc-preproc_bold.nii.gz", n, tr_s, rng)
            save_surfaces(func / f"{start}_space-fsaverage5_hemi-L_bold.func.gii", n, rng)
            save_grayordinates(func / f"{start}_space-fsLR_den-91k_bold.dtseries.nii", n, tr_s, rng)
            (func / f"{start}_desc-confounds_timeseries.tsv").write_text("csf\n")
    (folder / "task-t_bold.json").write_text(json.dumps({"RepetitionTime": tr_s}))
    for space, kind in (("T1w", "volume"), ("fsaverage5", "surface"), ("fsLR", "cifti")):
        run(program, study, "bids", folder, "--space", space, "--force")
        with open(study / "runs.csv", encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table))
        labels = [(row["subject"], int(row["run"])) for row in rows]
        good = labels == [(subject, label) for subject in ("s1", "s9", "s10") for label in range(8, 12)]
        good &= all(int(row["n_scans"]) == n_scans[label] for row, label in zip(rows, labels))
        good &= all(abs(float(row["tr_s"]) - tr_s) < 1e-6 and row["kind"] == kind for row in rows)
        good &= all((study / row["path"]).is_file() and (study / row["confounds"]).is_file() for row in rows)
        expect(f"runs of {space}, TR {tr_s}", good)


def check_atlas(program, study, rng):
    affine = np.diag([float(rng.choice([-2, 2])), 2, 2, 1])
    affine[0, 3] = -affine[0, 0] * 4.5
    labels = rng.integers(0, 4, (10, 5, 6)).astype(np.int16)
    x = np.arange(10) * affine[0, 0] + affine[0, 3]
    labels[x > 0] += 4 * (labels[x > 0] > 0)
    nib.save(nib.Nifti1Image(labels, affine), study / "p.nii.gz")
    (study / "p.txt").write_text("".join(f"{n} {'left' if n < 4 else 'right'}-{n} 1 2 3 0\n" for n in range(1, 8)))
    run(program, study, "atlas", study / "p.nii.gz", "--labels", study / "p.txt", "--force")
    with open(study / "atlas" / "labels.csv", encoding="utf-8", newline="") as table:
        rows = {int(row["label"]): (row["side"], int(row["n_voxels"])) for row in csv.DictReader(table)}
    expected = {n: ("left" if n < 4 else "right", int((labels == n).sum())) for n in np.unique(labels) if n}
    expect("atlas", rows == expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="number of fresh seeds")
    args = parser.parse_args()
    for seed in np.random.SeedSequence().generate_state(args.seeds):
        print(f"seed {seed}")
        rng = np.random.default_rng(seed)
        for part in (check_words, check_features, check_bids, check_atlas):
            with tempfile.TemporaryDirectory() as study:
                part(args.program.absolute(), Path(study), rng)
    return 0


if __name__ == "__main__":
    sys.exit(main())
