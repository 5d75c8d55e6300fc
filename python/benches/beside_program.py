"""Time of `lpp_ridge.nested_scores` beside the program lpp-ridge on the same arrays.

    cargo build --release -p lpp-ridge-cli
    pip install dist/lpp_ridge-*.whl
    python python/benches/beside_program.py --bin target/release --work FOLDER [--features 768 5120] [--targets 25870] [--repeat 3]

Nine runs of 293 scans, 16 penalties, f32, the settings of the reference study, and the exhaustive search. Both sides take the
same .npy files, read by NumPy here, and run in turn; wall seconds and processor seconds of all threads are medians, reading
included. `RAYON_NUM_THREADS` sets the threads of both. The program runs once on the engine of the wheel and once on OpenBLAS.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import lpp_ridge

N_RUNS, N_SCANS = 9, 293
SEARCHES = ("screened", "exhaustive")


def make(work, n_features, n_targets):
    """Standardised runs as .npy files."""
    rng = np.random.default_rng(n_features)
    weights = rng.standard_normal((n_features, n_targets), dtype=np.float32) * (rng.random(n_targets) < 0.5)
    files = {"x": [], "y": []}
    for run in range(N_RUNS):
        x = rng.standard_normal((N_SCANS, n_features), dtype=np.float32)
        noise = rng.standard_normal((N_SCANS, n_targets), dtype=np.float32)
        for name, array in (("x", x), ("y", x @ weights / n_features**0.5 + 3 * noise)):
            path = work / f"{name}_{n_features}_{n_targets}_{run}.npy"
            if not path.exists():
                np.save(path, ((array - array.mean(0)) / array.std(0)).astype(np.float32))
            files[name].append(path)
    return files


def timed(work, who):
    """Wall and processor seconds of a call and of the processes that it starts."""
    before, start = resource.getrusage(who), time.perf_counter()
    result = work()
    wall, after = time.perf_counter() - start, resource.getrusage(who)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def wheel(files, search):
    def work():
        runs = [[np.load(path) for path in files[name]] for name in "xy"]
        return lpp_ridge.nested_scores(*runs, search=search).scores

    return timed(work, resource.RUSAGE_SELF)


def program(args, files, search, engine):
    out = args.work / "scores.npy"
    command = [args.bin / "lpp-ridge", "--force", "--alpha-search", search, "--engine", engine, "-o", out]
    command += ["--x", *files["x"], "--y", *files["y"]]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}

    def work():
        subprocess.run(list(map(str, command)), check=True, env=environment, stdout=subprocess.DEVNULL)
        return np.load(out)

    return timed(work, resource.RUSAGE_CHILDREN)


def case(args, files, n_features, search):
    ways = {
        "wheel": lambda: wheel(files, search),
        "program, pure": lambda: program(args, files, search, "pure"),
        "program, openblas": lambda: program(args, files, search, "openblas"),
    }
    times = {name: [] for name in ways}
    for _ in range(args.repeat):
        scores = {}
        for name, way in ways.items():
            wall, processor, scores[name] = way()
            times[name].append((wall, processor))
        for name in ways:
            np.testing.assert_allclose(scores[name], scores["wheel"], atol=1e-5)
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    cells = [f"{wall:.2f} / {processor:.2f}" for wall, processor in medians.values()]
    ratios = [f"{medians['wheel'][1] / medians[name][1]:.2f}" for name in list(ways)[1:]]
    print(f"| {n_features} | {search} | " + " | ".join(cells + ratios) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder of the programs")
    parser.add_argument("--work", type=Path, required=True, help="folder for the arrays")
    parser.add_argument("--features", type=int, nargs="+", default=[768, 5120])
    parser.add_argument("--targets", type=int, default=25_870)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, lpp_ridge {lpp_ridge.__version__}, {os.cpu_count()} cores")
    print("| features | search | wheel: wall / processor s | program, pure | program, openblas | × pure | × openblas |")
    print("|---|---|---|---|---|---|---|")
    for n_features in args.features:
        files = make(args.work, n_features, args.targets)
        for search in SEARCHES:
            case(args, files, n_features, search)


if __name__ == "__main__":
    main()
