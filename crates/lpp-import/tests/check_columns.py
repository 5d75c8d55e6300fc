#!/usr/bin/env python3
"""Compares the features that lpp-import reads from HDF5 and Parquet with what h5py and pandas read.

    check_columns.py PROGRAM [--seeds 5]

PROGRAM is the built lpp-import. Needs h5py, pandas, pyarrow and safetensors. Files have random types, byte orders, chunks, filters,
formats of the library, row groups, encodings, compressions and indices; some are the layout of the voxelwise tutorials, some have
stories as names, some have layers.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pandas
from safetensors.numpy import load_file

TYPES = ["f2", ">f2", "f4", ">f4", "f8", ">f8", "i1", "u1", "i2", ">i2", "u2", "i4", "u4", ">u4", "i8", "u8"]


def values(rng, shape, kind):
    """Random numbers that the type can hold."""
    if np.dtype(kind).kind == "f":
        return (rng.normal(size=shape) * rng.choice([1e-3, 1, 100])).astype(kind)
    limits = np.iinfo(kind)
    return rng.integers(max(limits.min, -10**6), min(limits.max, 10**6), shape).astype(kind)


def storage(rng, shape):
    """A way to store a dataset."""
    if rng.random() < 0.3:
        return {}
    chunks = tuple(int(rng.integers(1, n + 1)) for n in shape)
    filters = {"chunks": chunks, "shuffle": bool(rng.random() < 0.5), "fletcher32": bool(rng.random() < 0.3)}
    if rng.random() < 0.6:
        filters |= {"compression": "gzip", "compression_opts": int(rng.integers(0, 10))}
    if rng.random() < 0.3:
        filters["maxshape"] = (None, *shape[1:])
    return filters


def imported(program, study, *files, layer_axis=None):
    arguments = [program, "features", *files, "--study", study, "--name", "own", "--lang", "de", "--rows", "scans", "--force", "-q"]
    done = subprocess.run(arguments + (["--layer-axis", str(layer_axis)] if layer_axis is not None else []),
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return load_file(study / "activations/own_de.safetensors")


def equal(what, found, expected):
    """The layers of all runs, to the bit."""
    expected = {f"run-{run}/layer-{layer}": x for run, layers in enumerate(expected) for layer, x in enumerate(layers)}
    with np.errstate(over="ignore"):
        good = found.keys() == expected.keys() and all(np.array_equal(found[k], expected[k].astype("f4")) for k in expected)
    if not good:
        raise SystemExit(f"{what}: differs")
    print(f"  {what}: equal")


def hdf5(program, study, rng):
    libver = [None, "latest", ("earliest", "v108"), ("v110", "v110")][rng.integers(4)]
    n_runs, width = int(rng.integers(2, 5)), int(rng.integers(1, 7))
    n_layers = int(rng.integers(1, 4))
    with h5py.File(study / "layers.h5", "w", libver=libver) as file:
        for run in range(n_runs):
            n = int(rng.integers(5, 60))
            for layer in range(n_layers):
                x = values(rng, (n, width), TYPES[rng.integers(len(TYPES))])
                file.create_dataset(f"run-{run}/layer-{layer}", data=x, **storage(rng, x.shape))
    with h5py.File(study / "layers.h5") as file:
        read = [[file[f"run-{r}/layer-{l}"][()] for l in range(n_layers)] for r in range(n_runs)]
    equal(f"HDF5 {libver}, layers", imported(program, study, study / "layers.h5"), read)
    train = values(rng, (50, width), TYPES[rng.integers(len(TYPES))])
    test = values(rng, (9, width), train.dtype)
    onsets = np.r_[0, np.sort(rng.choice(np.arange(1, 50), 3, replace=False))].astype(TYPES[rng.integers(6, len(TYPES))])
    with h5py.File(study / "tutorial.hdf", "w", libver=libver) as file:
        file.create_dataset("X_train", data=train, **storage(rng, train.shape))
        file.create_dataset("X_test", data=test, **storage(rng, test.shape))
        file["run_onsets"] = onsets
    parts = [[x] for x in np.split(train, onsets[1:].astype(int))] + [[test]]
    equal("HDF5, tutorials", imported(program, study, study / "tutorial.hdf"), parts)
    cube = [values(rng, (11, 3, width), "f8") for _ in range(2)]
    with h5py.File(study / "cube.hdf5", "w", libver=libver) as file:
        for run, x in enumerate(cube):
            file.create_dataset(f"story_{10 if run else 9}", data=x, **storage(rng, x.shape))
    equal("HDF5, stories with an axis of layers", imported(program, study, study / "cube.hdf5", layer_axis=1),
          [list(np.moveaxis(x, 1, 0)) for x in cube])


def parquet(program, study, rng):
    files, read = [], []
    columns = [(f"c{i}", [k for k in TYPES if k[0] != ">"][rng.integers(11)]) for i in range(int(rng.integers(1, 8)))]
    for run in range(3):
        n = int(rng.integers(1, 80))
        frame = pandas.DataFrame({name: values(rng, n, kind) for name, kind in columns})
        if rng.random() < 0.5:
            frame.index = pandas.Index(rng.permutation(n), name=rng.choice(["frame", None]))
        path = study / f"x_run-{run}.parquet"
        frame.to_parquet(path, compression=[None, "snappy", "gzip"][rng.integers(3)], row_group_size=int(rng.integers(1, n + 1)),
                         use_dictionary=bool(rng.random() < 0.5), data_page_version=str(rng.choice(["1.0", "2.0"])))
        files.append(path)
        read.append([np.stack([column.to_numpy().astype("f4") for _, column in pandas.read_parquet(path).items()], 1)])
    equal("Parquet", imported(program, study, *files), read)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    args = parser.parse_args()
    for seed in range(args.first, args.first + args.seeds):
        print(f"seed {seed}")
        with tempfile.TemporaryDirectory() as folder:
            study, rng = Path(folder), np.random.default_rng(seed)
            for _ in range(8):
                hdf5(args.program.resolve(), study, rng)
                parquet(args.program.resolve(), study, rng)
    print(f"{args.seeds} seeds agree")
    sys.exit(0)


if __name__ == "__main__":
    main()
