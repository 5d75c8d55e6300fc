"""Time lpp-resample, lpp-mask and lpp-clean beside nilearn on the same files of the real size.

    cargo build --release -p lpp-resample -p lpp-mask -p lpp-clean
    python benches/peers/nilearn_preprocessing.py --bin target/release --work FOLDER [--repeat 3] [--scans 300]

Makes one 2 mm run (91 x 109 x 91, f32, gzip; 0.9 GB of memory, kept in FOLDER for the next time) and two 4 mm runs. Every
call is a process of its own, nilearn's included, from file to file; what is measured is the call, without Python's
imports. The programs use all cores, as does whatever of nilearn does. Prints the median of the repeats.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

NILEARN = {
    "resample": "img = resample_img(a[0], target_affine=np.array([[4.,0,0,-72],[0,4,0,-106],[0,0,4,-64],[0,0,0,1]]), target_shape=(37,46,38)); img.to_filename(a[1])",
    "mask": "m = compute_multi_epi_mask(a[:2], threshold=0.5); intersect_masks([m, swap_img_hemispheres(m)], threshold=1).to_filename(a[2])",
    "clean": "np.save(a[2], NiftiMasker(a[1], detrend=True, standardize=True, high_pass=1/128, t_r=2).fit_transform(a[0]))",
    "clean, smoothed": "np.save(a[2], NiftiMasker(a[1], detrend=True, standardize=True, high_pass=1/128, t_r=2, smoothing_fwhm=4).fit_transform(a[0]))",
}
PRELUDE = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from nilearn.image import resample_img, swap_img_hemispheres
from nilearn.maskers import NiftiMasker
from nilearn.masking import compute_multi_epi_mask, intersect_masks
a = sys.argv[1:]
start = time.perf_counter()
{}
print(time.perf_counter() - start)
"""


def make(path, shape, affine, scans, seed):
    """A noisy ellipsoid on a dim background; noise has few bits, so that it compresses about as scans do."""
    import gzip

    import nibabel as nib
    import numpy as np

    if os.path.exists(path):
        return path
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    inside = sum((a / 0.85) ** 2 for a in axes) < 1
    base = np.where(inside, 1000 * (1 + 0.15 * rng.standard_normal(shape)), 40).astype("f4")
    header = nib.Nifti1Header()
    header.set_data_shape((*shape, scans))
    header.set_data_dtype("f4")
    header.set_sform(affine, code=2)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    with gzip.open(path + ".tmp", "wb", 1) as f:
        f.write(header.structarr.tobytes() + bytes(4))
        for _ in range(scans):
            f.write((base + inside * np.round(rng.normal(0, 20, shape) * 8) / 8).astype("f4").tobytes("F"))
    os.rename(path + ".tmp", path)
    return path


def nilearn(what, *arguments):
    done = subprocess.run([sys.executable, "-c", PRELUDE.format(NILEARN[what]), *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout)


def program(*command):
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main():
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scans", type=int, default=300)
    parser.add_argument("--only", nargs="+", choices=list(NILEARN), default=list(NILEARN))
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    at = lambda name: os.path.join(args.work, name)
    binary = lambda name: os.path.join(args.bin, name)
    mni = np.diag([-2.0, 2, 2, 1])
    mni[:3, 3] = 90, -126, -72
    working = np.diag([4.0, 4, 4, 1])
    working[:3, 3] = -72, -106, -64
    small = [make(at(f"run-{i}_{args.scans}.nii.gz"), (37, 46, 38), working, args.scans, i) for i in range(2)]
    flags = ["--detrend", "--standardize", "--high-pass", "0.0078125", "--tr", "2", "--force", "-q"]
    mask = at("mask.nii.gz")
    program(binary("lpp-mask"), *small, "-o", mask, "--force", "-q")
    jobs = {
        "mask": ([*small, at("peer.nii.gz")], [binary("lpp-mask"), *small, "-o", at("ours.nii.gz"), "--force", "-q"]),
        "clean": ([small[0], mask, at("peer.npy")], [binary("lpp-clean"), small[0], "--mask", mask, "-o", at("ours.npy"), *flags]),
        "clean, smoothed": ([small[0], mask, at("peer.npy")],
                            [binary("lpp-clean"), small[0], "--mask", mask, "-o", at("ours.npy"), "--smoothing-fwhm", "4", *flags]),
    }
    if "resample" in args.only:
        large = make(at(f"mni_{args.scans}.nii.gz"), (91, 109, 91), mni, args.scans, 9)
        jobs["resample"] = ([large, at("peer.nii.gz")], [binary("lpp-resample"), large, "--out", at("out"), "--force", "-q"])
    print(f"{os.cpu_count()} cores, {args.scans} scans, median of {args.repeat}")
    for what in args.only:
        theirs, ours = jobs[what]
        # Taken in turn, so that a busy moment hits both.
        times = [(nilearn(what, *theirs), program(*ours)) for _ in range(args.repeat)]
        peer, own = (statistics.median(t) for t in zip(*times))
        print(f"{what}: nilearn {peer:.2f} s, lpp-rs {own:.2f} s, {peer / own:.1f} times", flush=True)


main()
