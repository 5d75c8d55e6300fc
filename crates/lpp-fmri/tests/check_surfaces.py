#!/usr/bin/env python3
"""Compares surfaces and grayordinates as lpp-fmri reads and writes them with nibabel.

    check_surfaces.py EXAMPLE [--surface PROGRAM] [--seeds 5]

EXAMPLE is the built example: cargo build --release -p lpp-fmri --example surface_values, then
target/release/examples/surface_values; PROGRAM is lpp-surface. Needs nibabel and nilearn. It reads the GIFTI test files that nibabel ships, and files with
fresh random contents: GIFTI of all encodings and types, CIFTI-2 series and maps, FreeSurfer curvature of both forms.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel import cifti2, gifti
from nibabel.freesurfer import write_morph_data
from nilearn.surface import vol_to_surf

NO_VALUES = {"NIFTI_INTENT_POINTSET", "NIFTI_INTENT_TRIANGLE", "NIFTI_INTENT_LABEL"}


def ours(example, file, folder, copy=None):
    """Our values of a file, or the error."""
    out = folder / "out.npy"
    out.unlink(missing_ok=True)
    arguments = [example, file, out] + ([copy] if copy else [])
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    return np.load(out) if done.returncode == 0 else done.stdout.strip()


def of_gifti(file):
    """All values of a GIFTI file by nibabel, a map a row."""
    arrays = [a.data for a in nib.load(file).darrays if nib.nifti1.intent_codes.niistring[a.intent] not in NO_VALUES]
    return np.array([column for a in arrays for column in (a.T if a.ndim == 2 else [a])], dtype=np.float32)


def same(name, found, expected):
    if isinstance(found, str):
        raise SystemExit(f"{name}: {found}")
    if found.shape != expected.shape or not np.array_equal(found, expected.astype(np.float32), equal_nan=True):
        raise SystemExit(f"{name}: differs from nibabel")
    print(f"{name}: {found.shape} equal")


def shipped(example, folder):
    """nibabel's own files: those with values are equal, meshes and external data are refused."""
    data = Path(nib.__file__).parent / "gifti" / "tests" / "data"
    for file in sorted([*data.glob("*.gii"), *data.glob("*.gii.gz")]):
        found = ours(example, file, folder)
        expected = None if "external" in file.name else of_gifti(file)
        if expected is None or expected.size == 0:
            if not isinstance(found, str) or file.name not in found:
                raise SystemExit(f"{file.name}: not refused")
            print(f"{file.name}: refused ({found[found.index(': ') + 2:]})")
        else:
            same(file.name, found, expected)


def fresh_gifti(example, folder, rng):
    encodings = ["GIFTI_ENCODING_ASCII", "GIFTI_ENCODING_B64BIN", "GIFTI_ENCODING_B64GZ"]
    for encoding in encodings:
        for dtype in ("float32", "int32", "uint8"):
            n_maps, n_vertices = rng.integers(1, 9), rng.integers(2, 700)
            values = (rng.standard_normal((n_maps, n_vertices)) * 50).astype(dtype)
            image = gifti.GiftiImage()
            for row in values:
                array = gifti.GiftiDataArray(row, intent="NIFTI_INTENT_TIME_SERIES", datatype=f"NIFTI_TYPE_{dtype.upper()}")
                array.encoding = nib.gifti.gifti.gifti_encoding_codes[encoding]
                image.add_gifti_data_array(array)
            file, copy = folder / "fresh.func.gii", folder / "copy.func.gii"
            nib.save(image, file)
            # ASCII loses digits; what nibabel reads back counts.
            same(f"{encoding} {dtype}", ours(example, file, folder, copy), of_gifti(file))
            same("  our copy", of_gifti(copy), of_gifti(file))


def brain(rng):
    """Brain models of two cortices with holes and of voxels."""
    n_mesh = int(rng.integers(50, 400))
    cortex = [
        cifti2.BrainModelAxis.from_surface(np.sort(rng.choice(n_mesh, n_mesh - 20, replace=False)), n_mesh, name)
        for name in ("CortexLeft", "CortexRight")
    ]
    affine = np.array([[-2, 0, 0, 20], [0, 2, 0, -30], [0, 0, 2, -10], [0, 0, 0, 1]], float) + rng.normal(0, 0.01, (4, 4))
    affine[3] = [0, 0, 0, 1]
    mask = rng.random((9, 8, 7)) > 0.8
    voxels = [
        cifti2.BrainModelAxis.from_mask(mask & (np.arange(9)[:, None, None] % 3 == part), name, affine)
        for part, name in enumerate(("thalamus_left", "thalamus_right", "brain_stem"))
    ]
    return cortex[0] + cortex[1] + voxels[0] + voxels[1] + voxels[2]


def fresh_cifti(example, folder, rng):
    for dtype in ("float32", "int16", "float64"):
        models = brain(rng)
        for kind, rows in (
            ("dtseries", cifti2.SeriesAxis(0, 0.72, int(rng.integers(2, 40)))),
            ("dscalar", cifti2.ScalarAxis(["a <b>", "c & d", "e"])),
        ):
            values = (rng.standard_normal((len(rows), len(models))) * 90).astype(dtype)
            image = cifti2.Cifti2Image(values, (rows, models))
            image.nifti_header.set_data_dtype(dtype)
            file, copy = folder / f"fresh.{kind}.nii", folder / "copy.dscalar.nii"
            nib.save(image, file)
            same(f"{kind} {dtype}", ours(example, file, folder, copy), np.asarray(nib.load(file).get_fdata()))
            ours_back = nib.load(copy)
            same("  our copy", np.asarray(ours_back.dataobj), values)
            if ours_back.header.get_axis(1) != models:
                raise SystemExit("our copy has other brain models")
            if kind == "dtseries" and ours_back.header.get_axis(0) != rows:
                raise SystemExit("our copy has other scans")


def fresh_curvature(example, folder, rng):
    values = rng.standard_normal(321).astype(np.float32)
    write_morph_data(str(folder / "lh.curv"), values)
    same("curvature", ours(example, folder / "lh.curv", folder), values[None])
    old = rng.integers(-300, 300, 50).astype(">i2")
    (folder / "lh.old").write_bytes((50).to_bytes(3, "big") + (96).to_bytes(3, "big") + old.tobytes())
    same("curvature, old", ours(example, folder / "lh.old", folder), nib.freesurfer.read_morph_data(folder / "lh.old")[None])


def fresh_projection(program, folder, rng):
    """Values between two surfaces by lpp-surface project and by nilearn's vol_to_surf."""
    affine = np.diag([2.5, 2.5, 2.5, 1]) + rng.normal(0, 0.05, (4, 4))
    affine[:3, 3] = [-40, -30, -20]
    affine[3] = [0, 0, 0, 1]
    volume = nib.Nifti1Image(rng.standard_normal((32, 24, 20, 3)).astype(np.float32), affine)
    nib.save(volume, folder / "v.nii.gz")
    outer = rng.uniform([-30, -20, -10], [30, 20, 20], (60, 3)).astype(np.float32)
    inner = (outer + rng.normal(0, 1.5, outer.shape)).astype(np.float32)
    faces = rng.integers(0, 60, (90, 3)).astype(np.int32)
    for name, points in (("pial", outer), ("white", inner)):
        arrays = [
            gifti.GiftiDataArray(points, intent="NIFTI_INTENT_POINTSET", datatype="NIFTI_TYPE_FLOAT32"),
            gifti.GiftiDataArray(faces, intent="NIFTI_INTENT_TRIANGLE", datatype="NIFTI_TYPE_INT32"),
        ]
        nib.save(gifti.GiftiImage(darrays=arrays), folder / f"{name}.gii")
    out = folder / "v.func.gii"
    surfaces = ["--white", folder / "white.gii", "--pial", folder / "pial.gii"]
    subprocess.run([program, "project", folder / "v.nii.gz", *surfaces, "-o", out, "--force", "-q"], check=True)
    expected = vol_to_surf(nib.load(folder / "v.nii.gz"), [outer, faces], inner_mesh=[inner, faces]).T
    off = np.abs(of_gifti(out) - expected).max()
    if not off < 1e-5:
        raise SystemExit(f"lpp-surface project differs from nilearn by {off}")
    print(f"projection: within {off:.1e} of nilearn")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example", type=Path)
    parser.add_argument("--surface", type=Path, metavar="PROGRAM", help="lpp-surface, to compare with nilearn")
    parser.add_argument("--seeds", type=int, default=5, help="number of fresh seeds")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shipped(args.example, folder)
        for seed in np.random.SeedSequence().generate_state(args.seeds):
            print(f"seed {seed}")
            rng = np.random.default_rng(seed)
            for part in (fresh_gifti, fresh_cifti, fresh_curvature):
                part(args.example, folder, rng)
            if args.surface:
                fresh_projection(args.surface, folder, rng)
    return 0


if __name__ == "__main__":
    sys.exit(main())
