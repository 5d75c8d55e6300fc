"""Time lpp-ridge beside scikit-learn and himalaya on the same files at the scale of the study.

    cargo build --release -p lpp-ridge-cli
    python benches/peers/ridge.py --bin target/release --work FOLDER [--features 768 5120] [--repeat 3] [--torch]

Makes nine runs of features and 25,870 targets (f32, .npy, kept in FOLDER for the next time), then times, in turn:

- scikit-learn: the original's loop over `Ridge` in f64, 16 penalties on the inner runs of a fold and one refit on all its
  training runs: stacking, fit, prediction, and `numpy.corrcoef` voxel by voxel. One inner fit is timed and multiplied by the
  153 of a layer, which are alike.
- himalaya, NumPy backend (and torch on the CPU with --torch), f32: `RidgeCV` or `KernelRidgeCV` with one penalty for all
  targets and the fold's one validation split, then prediction and correlation. One fold is timed and multiplied by 9.
- lpp-ridge, exhaustive and by default (screened): the whole program, reading and writing files included.

Prints medians, ratios, and the share of the speed of a single-precision matrix product in the same run that the needed
operations reach. All use all cores.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if name in os.environ:
        raise SystemExit(f"{name} is set, which forces kernels on NumPy; unset it")

import numpy as np

SCANS = [262, 278, 320, 283, 245, 323, 305, 272, 348]
ALPHAS = np.logspace(2, 7, 16)


def make(folder, n_features, n_targets, seed=0):
    """Features of falling variance along random directions, as activations have; targets with signals of random strength."""
    from scipy.ndimage import gaussian_filter1d

    names = [[os.path.join(folder, f"{kind}{n}_run-{r}.npy") for r in range(9)] for kind, n in (("x", n_features), (f"y{n_targets}_for_x", n_features))]
    if all(os.path.exists(name) for group in names for name in group):
        return names
    rng = np.random.default_rng(seed)
    rank = min(n_features, 400)
    mixing = rng.standard_normal((rank, n_features)).astype("f4") * (np.arange(1, rank + 1)[:, None] ** -0.5).astype("f4")
    weights = rng.standard_normal((rank, n_targets)).astype("f4") * (np.arange(1, rank + 1)[:, None] ** -0.5).astype("f4")
    weights *= rng.uniform(0, 0.5, n_targets).astype("f4") / np.sqrt((weights**2).sum(0))
    z = lambda a: ((a - a.mean(0)) / a.std(0)).astype("f4")
    for run, n in enumerate(SCANS):
        latent = z(gaussian_filter1d(rng.standard_normal((n, rank)), 1.2, axis=0))
        np.save(names[0][run], z(latent @ mixing + 0.3 * rng.standard_normal((n, n_features)).astype("f4")))
        noise = gaussian_filter1d(rng.standard_normal((n, n_targets)).astype("f4"), 0.8, axis=0)
        np.save(names[1][run], z(latent @ weights + noise / noise.std(0)))
    return names


def correlate(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a**2).sum(0) * (b**2).sum(0))


def load(names, dtype):
    return [np.load(name).astype(dtype) for name in names]


def scikit_learn(x_names, y_names, dtype):
    """One fit of the loop, on the inner runs of a middle fold."""
    from sklearn.linear_model import Ridge

    x, y = load(x_names, dtype), load(y_names, dtype)
    inner = [1, 2, 3, 5, 6, 7, 8]

    def once():
        start = time.perf_counter()
        model = Ridge(alpha=ALPHAS[7], fit_intercept=False)
        model.fit(np.vstack([x[r] for r in inner]), np.vstack([y[r] for r in inner]))
        predicted = model.predict(x[0])
        np.mean([np.corrcoef(y[0][:, voxel], predicted[:, voxel])[0, 1] for voxel in range(predicted.shape[1])])
        return (time.perf_counter() - start) * 153

    return once


def himalaya(x_names, y_names, backend):
    """One fold: penalties, refit, prediction, correlation."""
    from himalaya.backend import set_backend
    from himalaya.kernel_ridge import KernelRidgeCV
    from himalaya.ridge import RidgeCV
    from himalaya.scoring import correlation_score

    set_backend(backend)
    x, y = load(x_names, "f4"), load(y_names, "f4")
    train_x, train_y = np.vstack(x[:4] + x[5:]), np.vstack(y[:4] + y[5:])
    first = len(x[0])
    cv = [(np.arange(first, len(train_x)), np.arange(first))]
    shared = {"alphas": ALPHAS, "cv": cv, "solver_params": {"local_alpha": False, "score_func": correlation_score}}
    few = train_x.shape[1] <= len(train_x)
    model = RidgeCV(fit_intercept=False, **shared) if few else KernelRidgeCV(kernel="linear", **shared)

    def once():
        start = time.perf_counter()
        model.fit(train_x, train_y)
        correlate(np.asarray(model.predict(x[4])), y[4])
        return (time.perf_counter() - start) * 9

    return once


def ours(binary, x_names, y_names, out, search):
    def once():
        start = time.perf_counter()
        done = subprocess.run([binary, "--x", *x_names, "--y", *y_names, "-o", out, "--json", "-q", "--force", "--alpha-search", search],
                              check=True, capture_output=True, text=True)
        once.summary = json.loads(done.stdout)
        return time.perf_counter() - start

    return once


def product_speed(n=4096):
    """Operations per second of a single-precision product, all cores: the best of three."""
    a = np.random.default_rng(0).standard_normal((n, n)).astype("f4")
    times = []
    for _ in range(3):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 2 * n**3 / min(times)


def needed(n_features, n_targets):
    """Operations over all targets of an exhaustive search: each fold's penalties, one test run, and right-hand sides."""
    total, count = sum(SCANS), 0
    for test, n_test in enumerate(SCANS):
        n_validation = SCANS[1 if test == 0 else 0]
        primal = n_features <= total - n_test - n_validation
        count += 16 * n_validation * (n_features if primal else total - n_test - n_validation)
        count += n_test * (n_features if primal else total - n_test)
    # XᵀY for the validation and again for the test runs: keeping it would take as much memory as the targets times p / n.
    return 2 * n_targets * (count + (2 * total * n_features if primal else 0))


def kernels():
    """Prints which kernels NumPy runs on."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        print("kernels of NumPy: unknown, threadpoolctl is not installed")
        return
    for info in threadpool_info():
        print(f"NumPy: {info['internal_api']} {info.get('version')}, kernels {info.get('architecture')}, {info['num_threads']} threads")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--features", type=int, nargs="+", default=[768, 5120])
    parser.add_argument("--targets", type=int, default=25870)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--torch", action="store_true", help="himalaya's torch backend too")
    parser.add_argument("--single", action="store_true", help="scikit-learn in f32, as the original's inter-subject correlation, whose features "
                        "are as many as its targets (--features 25870)")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    kernels()
    binary, out = os.path.join(args.bin, "lpp-ridge"), os.path.join(args.work, "scores.npy")
    print(f"{os.cpu_count()} cores, {args.targets} targets, median of {args.repeat}")
    for n_features in args.features:
        x, y = make(args.work, n_features, args.targets)
        rows = {"lpp-ridge, exhaustive": ours(binary, x, y, out, "exhaustive"), "lpp-ridge, default": ours(binary, x, y, out, "screened"),
                "himalaya, NumPy, f32": himalaya(x, y, "numpy")}
        rows[f"scikit-learn, {'f32' if args.single else 'f64'}"] = scikit_learn(x, y, "f4" if args.single else "f8")
        if args.torch:
            rows["himalaya, torch, f32"] = himalaya(x, y, "torch")
        times = {name: [] for name in rows}
        peaks = []
        for _ in range(args.repeat):  # in turn, so that a busy moment hits all
            peaks.append(product_speed())
            for name, once in rows.items():
                times[name].append(once())
        medians = {name: statistics.median(t) for name, t in times.items()}
        exhaustive, default = medians["lpp-ridge, exhaustive"], medians["lpp-ridge, default"]
        peak = statistics.median(peaks)
        share = needed(n_features, args.targets) / exhaustive / peak
        print(f"\np = {n_features}: a product runs at {peak / 1e9:.0f} GFLOP/s; "
              f"{needed(n_features, args.targets) / 1e12:.2f} Tflop are needed, {share:.0%} of that speed")
        print(f"{'':28}{'s a layer':>10}{'/ exhaustive':>14}{'/ default':>12}")
        for name, median in medians.items():
            print(f"{name:28}{median:10.1f}{median / exhaustive:14.1f}{median / default:12.1f}", flush=True)
        choices = [rows[name].summary["alpha_index"] for name in ("lpp-ridge, exhaustive", "lpp-ridge, default")]
        mean = rows["lpp-ridge, default"].summary["mean_score"]
        print(f"penalties of the folds {choices[1]}, the same exhaustively: {choices[0] == choices[1]}; mean score {mean:.3f}")


main()
