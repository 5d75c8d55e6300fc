"""Compare the programs of lpp-fmri with the reference libraries on fresh random cases.

    cargo build --release -p lpp-regressors -p lpp-rois -p lpp-mask -p lpp-resample -p lpp-clean -p lpp-average
    cargo build --release -p lpp-fmri --example joblib_digest
    python crates/lpp-fmri/tests/check_oracles.py --generators DIR --bin target/release [--seeds 20] [--first 1] [--topics T ...]

DIR holds the reference generators (gen_TOPIC.py for the TOPICS below); Python needs the pinned libraries.
Prints the largest deviation of each topic and exits with 1 if a tolerance is exceeded.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return done.stdout


def regressor(case, folder, bins, work):
    """Features relative to their column's maximum, and columns of the operator."""
    load = lambda group, key: np.load(os.path.join(folder, case[group][key]))
    onsets, offsets = load("inputs", "onsets"), load("inputs", "offsets")
    events, out = os.path.join(work, "events.csv"), os.path.join(work, "x.npy")
    with open(events, "w") as f:
        f.write("onset,offset\n" + "".join(f"{on!r},{off!r}\n" for on, off in zip(onsets.tolist(), offsets.tolist())))

    def features(activations):
        path = os.path.join(work, "a.npy")
        np.save(path, activations)
        run(os.path.join(bins, "lpp-regressors"), "--events", events, "--activations", path, "--force", "-q",
            "--n-scans", case["params"]["n_scans"], "--tr", case["params"]["t_r"], "-o", out)
        return np.load(out)

    expected, tolerance = load("expected", "features"), case["tolerance"]
    error = np.abs(features(load("inputs", "activations")) - expected) / np.abs(expected).max(0)
    columns = load("expected", "operator_first_columns")
    operator = features(np.ascontiguousarray(np.eye(len(onsets))[:, : columns.shape[1]]))
    return {"features / column maximum": (error.max(), tolerance["features_rtol_of_column_max"]),
            "operator": (np.abs(operator - columns).max(), tolerance["operator_atol"])}


def roi(case, folder, bins, work):
    """Spheres voxel for voxel, on the mask's affine."""
    import nibabel

    centres = os.path.join(work, "coords.csv")
    names = [f"s{i}" for i in range(len(case["params"]["coordinates"]))]
    with open(centres, "w") as f:
        f.write("name,x,y,z\n")
        for name, xyz in zip(names, case["params"]["coordinates"]):
            f.write(",".join([name, *map(str, xyz)]) + "\n")
    mask = os.path.join(folder, case["inputs"]["mask"])
    run(os.path.join(bins, "lpp-rois"), "--mask", mask, "-o", work, "--coords", centres, "--force", "-q",
        "--radius", case["params"]["radius"])
    images = [nibabel.load(os.path.join(work, f"{name}.nii.gz")) for name in names]
    assert all(np.array_equal(image.affine, nibabel.load(mask).affine) for image in images)
    found = np.array([np.asanyarray(image.dataobj) for image in images])
    expected = np.load(os.path.join(folder, case["expected"]["volumes"]))
    return {"voxels that differ": (int((found != expected).sum()), 0)}


def joblib(case, folder, bins, work):
    """Type, shape and digest of every array of a dump."""
    printed = run(os.path.join(bins, "examples", "joblib_digest"), os.path.join(folder, case["inputs"]["file"]))
    expected = [f"{a['index']} {a['dtype']} {a['shape']} {a['sha256']}" for a in case["expected"]["arrays"]]
    found = printed.splitlines()
    different = sum(f != e for f, e in zip(found, expected)) + abs(len(found) - len(expected))
    return {"arrays that differ": (different, 0)}


def mask(case, folder, bins, work):
    """Masks of runs, of the group, and the symmetric one, on the affine of the runs."""
    import nibabel

    images = [os.path.join(folder, image) for image in case["inputs"]["images"]]
    expected = case["expected"]
    different = {}

    def compare(what, found, name):
        affine_same = np.array_equal(found.affine, np.array(case["params"]["affine"]))
        array = np.asanyarray(found.dataobj)
        error = int((array != np.load(os.path.join(folder, name))).sum()) + (not affine_same)
        different[what] = (max(different.get(what, (0, 0))[0], error), 0)
        return array

    group, both, runs = (os.path.join(work, name) for name in ("group.nii.gz", "both.nii.gz", "runs"))
    run(os.path.join(bins, "lpp-mask"), *images, "-o", group, "--asymmetric", "--run-masks", runs, "--force", "-q")
    run(os.path.join(bins, "lpp-mask"), *images, "-o", both, "--force", "-q")
    for image, name in zip(images, expected["masks"]):
        compare("voxels of a run's mask that differ", nibabel.load(os.path.join(runs, os.path.basename(image))), name)
    compare("voxels of a group mask that differ", nibabel.load(group), expected["group"])
    symmetric = nibabel.load(both)
    assert symmetric.get_data_dtype() == np.int8
    array = compare("voxels of a symmetric mask that differ", symmetric, expected["symmetric"])
    assert array.sum() == expected["n_voxels"]
    return different


def resample(case, folder, bins, work):
    """Values relative to the case's tolerance, type, shape, affine, and the one expected failure."""
    import nibabel

    params, expected = case["params"], case["expected"]
    image = os.path.join(folder, case["inputs"]["image"])
    affine = np.array(params["target_affine"])
    interpolation = "nearest" if params["interpolation"] == "nearest" else "cubic"
    command = [os.path.join(bins, "lpp-resample"), image, "--out", work, "--interpolation", interpolation, "-q", "--force",
               "--affine", ",".join(repr(float(v)) for v in affine.ravel()), "--shape", ",".join(map(str, params["target_shape"]))]
    if "error" in expected:
        done = subprocess.run(command, capture_output=True, text=True)
        return {"missed errors": (int(done.returncode != 1 or "field of view" not in done.stderr), 0)}
    run(*command)
    found = nibabel.load(os.path.join(work, os.path.basename(image)))
    array, reference = np.asanyarray(found.dataobj), np.load(os.path.join(folder, expected["npy"]))
    assert array.dtype.name == expected["dtype"] and array.shape == reference.shape, (case["name"], array.dtype, array.shape)
    assert np.array_equal(found.affine, affine)
    assert np.array_equal(np.isnan(array), np.isnan(reference)), case["name"]
    error = np.nan_to_num(np.abs(array.astype(float) - reference.astype(float))).max()
    if case["tolerance"]["atol"] == 0:
        return {"exact cases": (error, 0)}
    span = np.nanmax(np.abs(reference))
    if expected["dtype"] == "float32":
        return {"single precision, part of the largest value": (error / span, 1e-6)}
    return {"double precision, part of the largest value": (error / span, 1e-11)}


def masker(case, folder, bins, work):
    """Extracted and cleaned time courses; constant columns, where only rounding is left, apart."""
    params, tolerance = case["params"], case["tolerance"]
    image, mask_image = (os.path.join(folder, case["inputs"][key]) for key in ("image", "mask"))
    out = os.path.join(work, "ts.npy")
    command = [os.path.join(bins, "lpp-clean"), image, "--mask", mask_image, "-o", out, "-q", "--force"]
    if params["smoothing_fwhm"]:
        command += ["--smoothing-fwhm", str(params["smoothing_fwhm"])]
    cleaning = ["--detrend", "--standardize", "--high-pass", repr(params["high_pass"]), "--tr", str(params["t_r"])]
    if "error" in case["expected"]:
        done = subprocess.run([*command, *cleaning], capture_output=True, text=True)
        return {"missed errors": (int(done.returncode != 1 or "18 scans" not in done.stderr), 0)}
    run(*command)
    extracted, raw = np.load(out), np.load(os.path.join(folder, case["expected"]["extracted"]))
    run(*command, *cleaning)
    signals, clean = np.load(out), np.load(os.path.join(folder, case["expected"]["signals"]))
    assert signals.dtype == clean.dtype and extracted.dtype == raw.dtype and signals.shape == clean.shape, case["name"]
    error = np.abs(signals - clean)
    constant = np.zeros(error.shape[1], bool)
    constant[params["constant_columns"]] = True
    kind = str(clean.dtype)
    relative = (np.abs(extracted.astype(float) - raw) / np.maximum(np.abs(raw), 1e-30)).max()
    return {f"extracted, {kind}, relative": (relative, tolerance["rtol_extracted"]),
            f"cleaned, {kind}": (error[:, ~constant].max(), tolerance["atol_signals"]),
            f"cleaned, {kind}, constant voxels": (error[:, constant].max(initial=0), tolerance["atol_constant_columns"])}


def average_isc(case, folder, bins, work):
    """Average subject, correlations of the halves, and which subjects and penalties they come from."""
    import shutil

    params, expected, tolerance = case["params"], case["expected"], case["tolerance"]
    subjects = []
    for number, runs in enumerate(case["inputs"]["subjects"]):
        subjects.append(os.path.join(work, case["name"], f"sub-{number}"))
        os.makedirs(subjects[-1])
        for index, path in enumerate(runs):
            shutil.copy(os.path.join(folder, path), os.path.join(subjects[-1], f"run-{index}.npy"))
    out = os.path.join(work, case["name"], "out")
    said = json.loads(run(os.path.join(bins, "lpp-average"), "--subject", *subjects, "-o", out, "-q", "--json",
                          "--isc-trials", params["n_trials"], "--seed", params["seed"]))
    assert said["permutations"] == expected["permutations"], case["name"]
    found, reference = np.array(said["alpha_index"]), np.array(expected["best_alpha_index"])
    distances = [distance_of_means(case, folder, trial, fold, found[trial, fold], reference[trial, fold])
                 for trial, fold in np.argwhere(found != reference)]
    average = max(np.abs(np.load(os.path.join(out, f"run-{r}.npy")) - np.load(os.path.join(folder, path))).max()
                  for r, path in enumerate(expected["average"]))
    isc = np.abs(np.load(os.path.join(out, "isc.npy")) - np.load(os.path.join(folder, expected["isc"]))).max()
    assert sorted(os.listdir(out)) == sorted(f"{n}.npy{e}" for n in ["isc", "isc_jackknife", "isc_voxelwise", *(f"run-{r}" for r in range(9))]
                                             for e in ("", ".json"))
    return {"average subject": (average, tolerance["average_atol"]), "correlations": (isc, tolerance["isc_atol"]),
            "distance in f64 of two penalties' means where another one is chosen": (max(distances, default=0), 1e-6)}


def distance_of_means(case, folder, trial, fold, one, other):
    """How far apart the mean validation correlations of two penalties are, in f64, where the reference itself works in f32.

    Means that differ by less than 1e-6 are a tie that rounding decides: scikit-learn chooses otherwise in f32 than in f64.
    """
    from sklearn.linear_model import Ridge

    signals = [[np.load(os.path.join(folder, path)).astype(float) for path in runs] for runs in case["inputs"]["subjects"]]
    order = case["expected"]["permutations"][trial]
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    x, y = ([np.mean([signals[s][run] for s in half], axis=0)[10:-10] for run in range(9)] for half in halves)
    validation, *inner = (run for run in range(9) if run != fold)

    def mean(alpha):
        model = Ridge(alpha=np.logspace(2, 7, 16)[alpha], fit_intercept=False)
        predicted = model.fit(np.vstack([x[r] for r in inner]), np.vstack([y[r] for r in inner])).predict(x[validation])
        return np.mean([np.corrcoef(p, t)[0, 1] for p, t in zip(predicted.T, y[validation].T)])

    return abs(mean(one) - mean(other))


TOPICS = (regressor, roi, joblib, mask, resample, masker, average_isc)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generators", required=True)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--topics", nargs="+", choices=[topic.__name__ for topic in TOPICS])
    args = parser.parse_args()
    worst, n_cases = {}, 0
    for seed in range(args.first, args.first + args.seeds):
        for check in (t for t in TOPICS if args.topics is None or t.__name__ in args.topics):
            topic = check.__name__
            with tempfile.TemporaryDirectory() as work:
                run(sys.executable, os.path.join(args.generators, f"gen_{topic}.py"), "--seed", seed, "--out", work)
                folder = os.path.join(work, topic)
                with open(os.path.join(folder, "manifest.json")) as manifest:
                    cases = json.load(manifest)["cases"]
                for case in cases:
                    n_cases += 1
                    for what, (error, tolerance) in check(case, folder, args.bin, work).items():
                        key = (topic, what, tolerance)
                        worst[key] = max(worst.get(key, 0), error)
    for (topic, what, tolerance), error in worst.items():
        print(f"{topic}: {what}: {error:.3g} (tolerance {tolerance:g})")
    print(f"{n_cases} cases of {args.seeds} seeds")
    sys.exit(n_cases == 0 or any(error > tolerance for (_, _, tolerance), error in worst.items()))


if __name__ == "__main__":
    main()
