"""A response to pictures in run 0, aligned with content words, must move the headline, and not with the band of pictures in.

    check_pictures.py --bin target/release [--seed S] [--studies N]

Each study has six runs and voxels on two sides that respond to six features alike. In run 0 one feature goes up while pictures
are shown, and in half of the studies' twins the left side responds to the pictures. Compared is left minus right of the mean
score over runs 1 to 5 (run 0 itself is left out by the rows without_run): by the layer alone, and by the layer with
pictures among the controls of a joint fit. All runs validate (--inner all): with run 0 alone, where no other run has
taught the weight of pictures, penalties are chosen by their response, and the band takes a third of the effect away. The pictures of lpp-controls are compared with nilearn's regressor too.
"""
import argparse
import json
import os
import struct
import subprocess
import tempfile

import nibabel as nib
import numpy as np
from nilearn.glm.first_level.hemodynamic_models import compute_regressor
from scipy import stats

RUNS, SCANS, TR, SIDE, FEATURES = 6, 140, 2.0, 30, 6
BOXES = ((10.0, 25.0), (35.0, 55.0), (60.0, 75.0), (120.0, 150.0))


def z(a):
    return (a - a.mean(0)) / a.std(0)


def slow(rng, n):
    e = rng.standard_normal((SCANS + 30, n))
    for t in range(1, len(e)):
        e[t] += 0.7 * e[t - 1]
    return z(e[30:])


def pictures():
    onsets = np.array([a for a, _ in BOXES])
    condition = np.vstack([onsets, [b - a for a, b in BOXES], np.ones(len(BOXES))])
    times = TR * (np.arange(SCANS) + 0.5)
    return compute_regressor(condition, "glover", times)[0][:, 0]


def safetensors(path, runs, meta):
    head, at = {"__metadata__": meta}, 0
    for r, a in enumerate(runs):
        head[f"run-{r}/layer-0"] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + 4 * a.size]}
        at += 4 * a.size
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(a.astype("<f4").tobytes() for a in runs))


def write(d, features, scans):
    for folder in ("masks", "average_subject/en", "activations", "scores"):
        os.makedirs(f"{d}/{folder}", exist_ok=True)
    with open(f"{d}/lpp.toml", "w") as f:
        f.write(f'tr_s = {TR}\ntrim_scans = 0\nalphas = "1,10,100,1000"\n')
    affine = np.diag([4.0, 4, 4, 1])
    affine[0, 3] = -2.0
    nib.save(nib.Nifti1Image(np.ones((2, SIDE, 1), "u1"), affine), f"{d}/masks/mask_lpp_en.nii.gz")
    for r, y in enumerate(scans):
        np.save(f"{d}/average_subject/en/run-{r}.npy", y.astype("f4"))
    meta = {"model": "m", "family": "m", "n_parameters": "1000", "rows": "scans", "lang": "en"}
    safetensors(f"{d}/activations/m_en.safetensors", features, meta)
    # Pictures are nothing in five runs, so that another control must be beside them.
    rate = [slow(np.random.default_rng(r), 1) for r in range(RUNS)]
    safetensors(f"{d}/activations/rate_en.safetensors", rate, {**meta, "model": "rate"})
    with open(f"{d}/pictures.csv", "w") as f:
        f.write("run,onset_s,offset_s\n" + "".join(f"0,{a},{b}\n" for a, b in BOXES))


def run(binaries, program, *args):
    said = subprocess.run([f"{binaries}/{program}", *map(str, args), "--quiet"], capture_output=True, text=True)
    assert said.returncode == 0, f"{program}: {said.stderr.strip()}"


def left_minus_right(runs):
    """Of (runs, voxels), over the runs without pictures."""
    mean = runs[1:].mean(0)
    return mean[:SIDE].mean() - mean[SIDE:].mean()


def headline(binaries, features, scans):
    with tempfile.TemporaryDirectory() as d:
        write(d, features, scans)
        run(binaries, "lpp-controls", "--study", d, "--lang", "en", "--controls", "pictures", "--pictures", f"{d}/pictures.csv")
        run(binaries, "lpp-fit", "--study", d, "--lang", "en", "--model", "m", "--layer", 0, "--controls", "pictures,rate", "--no-canary",
            "--inner", "all")
        with open(f"{d}/activations/control_pictures_en.safetensors", "rb") as f:
            n = struct.unpack("<Q", f.read(8))[0]
            head, data = json.loads(f.read(n)), f.read()
        low, high = head["run-0/layer-0"]["data_offsets"]
        made = np.frombuffer(data[low:high], "<f4")
        low, high = head["run-1/layer-0"]["data_offsets"]
        assert not np.frombuffer(data[low:high], "<f4").any(), "pictures in a run without any"
        alone = np.load(f"{d}/scores/m_en_runs.npy")
        joint = np.load(f"{d}/scores/m_en_joint_runs.npy")[:, 0]
        return left_minus_right(alone), left_minus_right(joint), made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="target/release")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--studies", type=int, default=12)
    a = parser.parse_args()
    shown = pictures()
    moved = []
    for study in range(a.studies):
        rng = np.random.default_rng([a.seed, study])
        features = [slow(rng, FEATURES) for _ in range(RUNS)]
        features[0][:, 0] += 3 * z(shown)
        weights = np.tile(rng.standard_normal((FEATURES, SIDE)), 2)
        weights[0] = 1
        scans = [0.3 * f @ weights + slow(rng, 2 * SIDE) for f in features]
        with_response = [y.copy() for y in scans]
        with_response[0][:, :SIDE] -= 2 * z(shown)[:, None]
        found = [headline(a.bin, features, [z(y) for y in ys]) for ys in (scans, with_response)]
        error = abs(found[0][2] - shown).max() / abs(shown).max()
        assert error < 1e-6, f"pictures differ from nilearn's regressor by {error:.1e}"
        moved.append([found[1][k] - found[0][k] for k in (0, 1)])
    moved = np.array(moved)
    mean, error = moved.mean(0), moved.std(0, ddof=1) / np.sqrt(a.studies)
    t = stats.t.isf(0.0005, a.studies - 1)
    for name, m, e in zip(("without the band", "with the band"), mean, error):
        print(f"left minus right moves by {m:+.4f} ± {e:.4f} {name}")
    assert abs(mean[0]) > t * error[0], "a response to pictures does not move the headline"
    assert abs(mean[1]) < abs(mean[0]) / 10, "it moves it with the band of pictures in"
    print("ok")


main()
