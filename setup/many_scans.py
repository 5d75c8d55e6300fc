"""A made-up layer and resampled scans of many made-up subjects at the real size, for timing: many_scans.py STUDY N_SUBJECTS [N_DIFFERENT].

The layer, of two models made_1 and made_2, has 768 features of some hundred dimensions of falling weight, as activations of
language models have. Each subject hears what the average subject of the study hears (average_subject/en), with noise of its own. Only N_DIFFERENT
subjects are different, the others are links to their files: the programs read and work on all of them all the same.
Needs NumPy.
"""
import csv
import gzip
import json
import os
import struct
import sys
from pathlib import Path

import numpy as np

WIDTH, RANK = 768, 400
BASE, CHANGE = 1000.0, 10.0  # signal of the brain, and its standard deviation


def read_mask(path):
    """Header of a NIfTI-1 file, and which of its voxels are set, in the order of the file."""
    content = gzip.decompress(path.read_bytes())
    head = bytearray(content[:352])
    n_voxels = int(np.prod(struct.unpack_from("<3h", head, 42)))
    kind = {2: np.uint8, 256: np.int8, 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8"}[struct.unpack_from("<h", head, 70)[0]]
    start = int(struct.unpack_from("<f", head, 108)[0])
    return head, np.frombuffer(content, kind, n_voxels, start) != 0


def header_of_scans(head, n_scans):
    head = bytearray(head)
    struct.pack_into("<h", head, 40, 4)
    struct.pack_into("<h", head, 48, n_scans)
    struct.pack_into("<2h", head, 70, 16, 32)  # f32
    struct.pack_into("<f", head, 92, 2.0)  # s
    struct.pack_into("<3f", head, 108, 352, 1, 0)
    return bytes(head)


def write_layer(study, name, seed):
    """Activations of words: a vector for each different word, of falling weights, and some noise for each word spoken."""
    with (study / "words_en.csv").open() as file:
        words = [(row["run"], row["word"].lower()) for row in csv.DictReader(file)]
    rng = np.random.default_rng(seed)
    weights = np.arange(1, RANK + 1) ** -0.5
    vectors = {word: rng.standard_normal(RANK) * weights for word in sorted({word for _, word in words})}
    mixing = rng.standard_normal((RANK, WIDTH))
    tensors = {}
    for run in sorted({run for run, _ in words}, key=int):
        values = np.array([vectors[word] for of, word in words if of == run]) @ mixing
        values += 0.3 * values.std() * rng.standard_normal(values.shape)
        tensors[f"run-{run}/layer-0"] = values.astype("<f4")
    save_safetensors(study / "activations" / f"{name}_en.safetensors", tensors)


def save_safetensors(path, tensors):
    header, end = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            out.write(values.tobytes())


def main():
    study, n_subjects = Path(sys.argv[1]), int(sys.argv[2])
    n_different = min(int(sys.argv[3]) if len(sys.argv) > 3 else 7, n_subjects)
    for seed in (1, 2):
        write_layer(study, f"made_{seed}", seed)
    head, brain = read_mask(study / "masks/mask_lpp_en.nii.gz")
    # Columns of the average subject are voxels in C order, files are in Fortran order.
    shape = struct.unpack_from("<3h", head, 42)
    order = np.arange(brain.size).reshape(shape, order="F").ravel()[brain.reshape(shape, order="F").ravel()]
    runs = [np.load(path) for path in sorted((study / "average_subject/en").glob("run-*.npy"))]
    for subject in range(n_subjects):
        name = f"sub-EN{subject + 1:03}"
        folder = study / "resampled/en" / name
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(subject)
        for number, run in enumerate(runs):
            end = f"_task-lppEN_run-{number + 6:02}_space-MNIColin27_res-4mm_desc-preproc_bold.nii.gz"
            file = folder / (name + end)
            if file.exists():
                continue
            if subject >= n_different:
                first = f"sub-EN{subject % n_different + 1:03}"
                os.link(study / "resampled/en" / first / (first + end), file)
                continue
            volumes = np.zeros((len(run), brain.size), np.float32)
            heard = (run - run.mean(0)) / np.maximum(run.std(0), 1e-6)
            volumes[:, order] = BASE + CHANGE * (heard + 2 * rng.standard_normal(run.shape, np.float32))
            with gzip.GzipFile(file, "wb", compresslevel=1, mtime=0) as out:
                out.write(header_of_scans(head, len(run)))
                out.write(volumes.tobytes())


main()
