"""Processor time of lpp-ridge beside himalaya beyond the paper's case, on one thread.

    cargo build --release -p lpp-ridge-cli
    python benches/peers/ridge_cases.py --bin target/release --work FOLDER [--targets 6000] [--scans 150] [--repeat 3]

Six runs, 12 penalties, each training run validating (``--inner all``), f32: a shared penalty and one for each target, correlation
and R², few and many features, and banded ridge regression at the same ratios. Times are processor seconds, so that a machine
that others use too gives about the same; the program's include reading its files. Both sides run in turn. Unset
OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE: they force old kernels on the peers; the kernels in use are printed.
"""

import argparse
import functools
import os
import resource
import statistics
import subprocess
import time
from pathlib import Path

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if name in os.environ:
        raise SystemExit(f"{name} is set, which forces kernels on NumPy; unset it")
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from himalaya.kernel_ridge import KernelRidgeCV  # noqa: E402
from himalaya.ridge import GroupRidgeCV, RidgeCV  # noqa: E402
from himalaya.scoring import correlation_score, r2_score  # noqa: E402
from threadpoolctl import threadpool_info  # noqa: E402

N_RUNS, ALPHAS = 6, np.logspace(-1, 6, 12).astype("f4")


class RunsLeftOut:
    """Folds over runs of equal length."""

    def __init__(self, n_runs):
        self.n_runs = n_runs

    def split(self, X, y=None, groups=None):
        parts = np.array_split(np.arange(len(X)), self.n_runs)
        for test in range(self.n_runs):
            yield np.concatenate([p for r, p in enumerate(parts) if r != test]), parts[test]

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.n_runs


def make(work, n_features, n_targets, n_scans):
    """Runs of features and targets as .npy files, and as arrays."""
    rng = np.random.default_rng(n_features)
    weights = rng.standard_normal((n_features, n_targets)).astype("f4") * (rng.random(n_targets) < 0.5)
    x, y, files = [], [], ([], [])
    for run in range(N_RUNS):
        features = rng.standard_normal((n_scans, n_features)).astype("f4")
        targets = features @ weights / n_features**0.5 + 3 * rng.standard_normal((n_scans, n_targets)).astype("f4")
        for array, arrays, paths, name in ((features, x, files[0], "x"), (targets, y, files[1], "y")):
            array = (array - array.mean(0)) / array.std(0)
            arrays.append(array)
            paths.append(work / f"{name}_{n_features}_{run}.npy")
            np.save(paths[-1], array)
    return x, y, files


def sgemm():
    """GFLOP/s of one thread on a product of the size that a block meets."""
    a, b = np.ones((293, 768), "f4"), np.ones((768, 4096), "f4")
    a @ b
    start = time.process_time()
    for _ in range(20):
        a @ b
    return 20 * 2 * 293 * 768 * 4096 / (time.process_time() - start) / 1e9


def program(binary, files, out, *flags):
    """Processor seconds of a run of lpp-ridge."""
    command = [binary, "-q", "--force", "--threads", "1", "--x", *files[0], "--y", *files[1], "-o", out / "scores.npy", "--inner", "all"]
    command += ["--alphas", ",".join(map(str, ALPHAS)), *flags]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def himalaya(x, y, score, per_target, n_folds):
    """Processor seconds of the same nested validation by himalaya, from its first folds."""
    start = time.process_time()
    for test in range(n_folds):
        train_x = np.concatenate([a for r, a in enumerate(x) if r != test])
        train_y = np.concatenate([a for r, a in enumerate(y) if r != test])
        params = {"local_alpha": per_target, "score_func": score}
        folds = RunsLeftOut(N_RUNS - 1)
        if train_x.shape[1] < len(train_x):
            model = RidgeCV(alphas=ALPHAS, fit_intercept=False, cv=folds, solver_params=params)
        else:
            model = KernelRidgeCV(alphas=ALPHAS, cv=folds, solver_params=params)
        model.fit(train_x, train_y)
        score(y[test], model.predict(x[test]))
    return (time.process_time() - start) * N_RUNS / n_folds


def himalaya_bands(x, y, groups, gammas, n_folds):
    """Processor seconds of banded ridge regression by himalaya, from its first folds."""
    start = time.process_time()
    for test in range(n_folds):
        train = [r for r in range(N_RUNS) if r != test]
        model = GroupRidgeCV(
            groups=groups,
            cv=RunsLeftOut(N_RUNS - 1),
            solver_params={"n_iter": gammas, "alphas": ALPHAS, "score_func": r2_score, "progress_bar": False, "warn": False},
        )
        model.fit(np.concatenate([x[r] for r in train]), np.concatenate([y[r] for r in train]))
        model.predict(x[test])
    return (time.process_time() - start) * N_RUNS / n_folds


def compare(ours, peer, repeat):
    """Prints a row for each of our ways, which take turns with the peer: medians of seconds and of the ratios of a turn."""
    turns = [([way() for way in ours.values()], peer()) for _ in range(repeat)]
    for i, name in enumerate(ours):
        a, b = (statistics.median(turn) for turn in zip(*((way[i], peer) for way, peer in turns), strict=True))
        ratio = statistics.median(peer / way[i] for way, peer in turns)
        print(f"{name:44}{a:8.2f}{b:10.2f}{ratio:8.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--targets", type=int, default=6000)
    parser.add_argument("--scans", type=int, default=150)
    parser.add_argument("--features", type=int, nargs="+", default=[300, 2500])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peer-folds", type=int, default=N_RUNS, help="folds of himalaya that are timed; all take the same work")
    parser.add_argument("--bands", type=int, default=1500, help="features of each of two bands; 0 leaves banded fits out")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    binary = args.bin / "lpp-ridge"
    kernels = {f"{i['internal_api']} {i.get('architecture')}, {i['num_threads']} thread" for i in threadpool_info()}
    print(f"NumPy: {', '.join(sorted(kernels))}; sgemm {sgemm():.0f} GFLOP/s of processor time")
    print(f"{'processor seconds':44}{'ours':>8}{'himalaya':>10}{'ratio':>8}")
    for n_features in args.features:
        x, y, files = make(args.work, n_features, args.targets, args.scans)
        for metric, score in (("pearson", correlation_score), ("r2", r2_score)):
            for scope in ("global", "target"):
                peer = lambda: himalaya(x, y, score, scope == "target", args.peer_folds)  # noqa: E731, B023
                ours = {}
                for search in ("screened", "exhaustive") if scope == "global" else ("exhaustive",):
                    flags = ("--metric", metric, "--alpha-scope", scope, "--alpha-search", search)
                    name = f"p = {n_features}, {metric}, {scope}, {search}"
                    ours[name] = functools.partial(program, binary, files, args.work, *flags)
                compare(ours, peer, args.repeat)
    if args.bands:
        n_targets = args.targets // 3
        x, y, files = make(args.work, 2 * args.bands, n_targets, args.scans)
        gammas = np.random.default_rng(0).dirichlet([1, 1], 10).astype("f4")
        ratios = ",".join(":".join(map(str, row)) for row in gammas)
        flags = ("--bands", f"{args.bands},{args.bands}", "--ratios", ratios, "--metric", "r2", "--alpha-scope", "target")
        groups = np.repeat([0, 1], args.bands)
        name = f"2 bands of {args.bands}, 10 ratios, {n_targets} targets"
        ours = {name: functools.partial(program, binary, files, args.work, *flags)}
        compare(ours, lambda: himalaya_bands(x, y, groups, gammas, args.peer_folds), 1)


main()
