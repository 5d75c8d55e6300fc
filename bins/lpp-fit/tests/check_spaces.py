"""Compare lpp-fit --partition, --swaps, --dimensions and --project with NumPy on made studies of fresh seeds.

    cargo build --release -p lpp-fit
    python bins/lpp-fit/tests/check_spaces.py --bin target/release [--seeds 3] [--first 1]

Needs numpy, nibabel and safetensors. Each fit is written out anew with plain normal equations. Prints the largest deviation of each
kind and exits with 1 if a tolerance is exceeded:

- parts of R², in double precision: 1e-6, what is stored;
- left minus right under every exchange of runs, over all and reliable pairs and matched voxels: 2e-6 (correlations in single precision);
- participation ratio and TwoNN: 1e-5 relative, what is stored;
- projection: a small model padded with noise columns stays the last of six, with all features and projected, for every seed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import nibabel as nib
import numpy as np
from safetensors.numpy import save_file

RUNS, SCANS, SHAPE = 6, 70, (8, 5, 3)
ALPHAS = [0.1, 1.0, 10.0, 100.0, 1000.0]
RATIOS = [0.1, 1.0, 10.0]


def z(a):
    return (a - a.mean(0)) / a.std(0)


def slow(rng, n, k, memory=0.6):
    x = np.zeros((n + 30, k))
    for t in range(1, n + 30):
        x[t] = memory * x[t - 1] + rng.standard_normal(k)
    return z(x[30:])


def call(*words):
    done = subprocess.run([*map(str, words), "--threads", "1", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr}")


class Study:
    """Scans that follow a layer and two controls, on a box that is symmetric about x = 0."""

    def __init__(self, folder, rng):
        self.folder, self.n = folder, int(np.prod(SHAPE))
        for name in ("masks", "average_subject/en", "activations", "isc"):
            (folder / name).mkdir(parents=True)
        (folder / "lpp.toml").write_text('tr_s = 2.0\ntrim_scans = 0\nalphas = "1,10,100,1000"\n')
        affine = np.diag([4.0, 4, 4, 1])
        affine[0, 3] = -2.0 * (SHAPE[0] - 1)
        nib.save(nib.Nifti1Image(np.ones(SHAPE, "u1"), affine), folder / "masks/mask_lpp_en.nii.gz")
        (folder / "words_en.csv").write_text("run,word_index,word,onset_s,offset_s\n" + "".join(
            f"{r},{i},a,{i}.0,{i}.5\n" for r in range(RUNS) for i in range(3)))
        shared = [slow(rng, SCANS, 3) for _ in range(RUNS)]
        self.spaces = [[z(np.c_[s[:, :m], slow(rng, SCANS, k)]) for s in shared] for m, k in ((3, 4), (2, 2), (1, 3))]
        weights = [rng.standard_normal((x[0].shape[1], self.n)) * w for x, w in zip(self.spaces, (0.5, 0.3, 0.3))]
        self.y = [z(sum(x[r] @ w for x, w in zip(self.spaces, weights)) + 2 * slow(rng, SCANS, self.n)).astype("f4")
                  for r in range(RUNS)]
        for r, y in enumerate(self.y):
            np.save(folder / f"average_subject/en/run-{r}.npy", y)
        for name, x, kind in zip(("m", "one", "two"), self.spaces, ("", "control", "control")):
            self.activations(name, [x], kind)

    def activations(self, name, layers, kind="", **more):
        tensors = {f"run-{r}/layer-{i}": np.ascontiguousarray(x, "f4") for i, l in enumerate(layers) for r, x in enumerate(l)}
        meta = dict(model=name, rows="scans", lang="en", family=name, n_parameters="1000000", **more)
        save_file(tensors, self.folder / f"activations/{name}_en.safetensors", meta | ({"kind": kind} if kind else {}))

    def fit(self, bins, model, *flags):
        call(bins / "lpp-fit", "--study", self.folder, "--model", model, "--lang", "en", "--no-canary", *flags)

    def load(self, name, what=""):
        array = np.load(self.folder / f"scores/{name}_en{what}.npy").astype(float)
        side = self.folder / f"scores/{name}_en{what}.json"
        return array, json.loads(side.read_text()) if side.exists() else None


def weights_of(k, y, alpha):
    return np.linalg.solve(k + alpha * np.eye(len(k)), y)


def r2(y, p):
    return 1 - ((y - p) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)


def correlation(y, p):
    y, p = y - y.mean(0), p - p.mean(0)
    return (y * p).sum(0) / np.sqrt((y * y).sum(0) * (p * p).sum(0))


def union(spaces, y, mean_width):
    """R² of each test run, the best of all weights and penalties on the other runs in turn."""
    grid = [[1.0]] if len(spaces) == 1 else None
    if len(spaces) == 2:
        grid = [[1.0, q] for q in [0.0, *RATIOS]] + [[0.0, 1.0]]
    if len(spaces) == 3:
        grid = [[1.0, q, s] for q in [0.0, *RATIOS] for s in [0.0, *RATIOS]]
        grid += [[0.0, 1.0, q] for q in [0.0, *RATIOS]] + [[0.0, 0.0, 1.0]]
    at = [np.arange(r * SCANS, (r + 1) * SCANS) for r in range(RUNS)]
    x, targets = [np.vstack(s) for s in spaces], np.vstack(y).astype(float)
    kernels = [sum(w * mean_width / s.shape[1] * s @ s.T for w, s in zip(row, x)) for row in grid]
    out = []
    for test in range(RUNS):
        def validated(k, a):
            inner = [r for r in range(RUNS) if r != test]
            rest = {r: np.concatenate([at[q] for q in inner if q != r]) for r in inner}
            return np.mean([r2(targets[at[r]], k[np.ix_(at[r], t)] @ weights_of(k[np.ix_(t, t)], targets[t], a)).mean()
                            for r, t in rest.items()])

        best = max((validated(k, a), -i, -j) for i, k in enumerate(kernels) for j, a in enumerate(ALPHAS))
        k, a = kernels[-best[1]], ALPHAS[-best[2]]
        train = np.concatenate([at[r] for r in range(RUNS) if r != test])
        out.append(r2(targets[at[test]], k[np.ix_(at[test], train)] @ weights_of(k[np.ix_(train, train)], targets[train], a)))
    return np.array(out)


def partition(study):
    mean = np.mean([s[0].shape[1] for s in study.spaces])
    of = {0: 0}
    for set_ in range(1, 8):
        of[set_] = union([s for i, s in enumerate(study.spaces) if set_ >> i & 1], study.y, mean)
    a, b, c, ab, ac, bc, abc = (of[i] for i in (1, 2, 4, 3, 5, 6, 7))
    return np.stack([abc - bc, abc - ac, ac + bc - c - abc, abc - ab, ab + bc - b - abc, ab + ac - a - abc,
                     a + b + c - ab - ac - bc + abc], 1)


def pairs():
    box = np.arange(int(np.prod(SHAPE))).reshape(SHAPE)
    half = SHAPE[0] // 2
    return box[:half].ravel(), box[::-1][:half].ravel()


def matched(scores, by_run, run):
    """L - R of a run at equal ceilings, voxels matched by the runs of the other parity."""
    left, right = pairs()
    ceiling = lambda r: np.where(r > 0, np.sqrt(2 * np.abs(r) / (1 + np.abs(r))), np.nan)
    choose = ceiling(by_run[[r for r in range(RUNS) if r % 2 != run % 2]].mean(0))
    known = np.nan_to_num(ceiling(by_run[[r for r in range(RUNS) if r % 2 == run % 2]].mean(0)))
    every = sorted((abs(choose[l] - choose[r]), l, r) for l in left for r in right
                   if abs(choose[l] - choose[r]) <= 0.02 * (choose[l] + choose[r]) / 2)
    taken, chosen = set(), []
    for _, l, r in every:
        if l not in taken and r not in taken:
            taken |= {l, r}
            chosen.append((l, r))
    l, r = np.array(chosen).T
    sl, sr, cl, cr = scores[l].mean(), scores[r].mean(), known[l].mean(), known[r].mean()
    return sl - sr - (sl + sr) / (cl + cr) * (cl - cr)


def swaps(study, info, alpha_index, isc, halves):
    """Each measure of each pattern, the mean over runs."""
    left, right = pairs()
    x, box = [np.asarray(s, float) for s in study.spaces[0]], np.arange(study.n)
    mirror = box.copy()
    mirror[left], mirror[right] = right, left
    paper = isc.mean(0) > np.percentile(isc.mean(0), 75)
    mean = halves.mean((0, 1))
    both = (mean[left] + mean[right]) / 2
    chosen = dict(all=np.ones(len(left), bool), reliable=paper[left] & paper[right], reliable_pairs=both > np.percentile(both, 75))
    grid = ALPHAS[1:]
    rows = []
    for pattern in range(2 ** (RUNS - 1)):
        swap = [pattern >> r & 1 for r in range(RUNS)]
        y = [study.y[r][:, mirror if swap[r] else box].astype(float) for r in range(RUNS)]
        by_run = np.stack([halves.mean(0)[r][mirror if swap[r] else box] for r in range(RUNS)])
        out = {name: [] for name in (*chosen, "matched")}
        for t in range(RUNS):
            rest = [r for r in range(RUNS) if r != t]
            g = sum(x[r].T @ x[r] for r in rest) + grid[alpha_index[t]] * np.eye(x[0].shape[1])
            s = correlation(y[t], x[t] @ np.linalg.solve(g, sum(x[r].T @ y[r] for r in rest)))
            for name, keep in chosen.items():
                out[name].append((s[left] - s[right])[keep].mean())
            out["matched"].append(matched(s, by_run, t))
        rows.append({name: np.mean(values) for name, values in out.items()})
    return {name: np.array([row[name] for row in rows]) for name in info["measures"][:4]}


def two_nn(x):
    d = np.sort(np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1)), 1)
    mu = np.sort(np.log(d[:, 2] / d[:, 1]))
    n = len(mu)
    keep = np.arange(n) < 0.9 * n
    f = -np.log(1 - (np.arange(n)[keep] + 1) / n)
    return (mu[keep] * f).sum() / (mu[keep] ** 2).sum()


def participation(x):
    value = np.linalg.eigvalsh(np.cov(x.T))
    return value.sum() ** 2 / (value ** 2).sum()


def padded_model_stays_last(study, bins, rng):
    """Six models see ever more of what drives the scans; the smallest is padded with noise to twice the width."""
    source = [slow(rng, SCANS, 24) for _ in range(RUNS)]
    drive = rng.standard_normal((24, study.n))
    for r in range(RUNS):
        np.save(study.folder / f"average_subject/en/run-{r}.npy", z(source[r] @ drive + 3 * slow(rng, SCANS, study.n)).astype("f4"))
    for m in range(6):
        seen = [np.c_[s[:, :4 * (m + 1)], slow(rng, SCANS, 24 - 4 * (m + 1) or 1)] for s in source]
        study.activations(f"size{m}", [[np.c_[x, slow(rng, SCANS, 24)] for x in seen] if m == 0 else seen])
    ranks = []
    for flags, name in [((), "size{}")] + [(("--project", 24, "--project-seed", s), f"size{{}}_proj24_seed{s}") for s in (1, 2, 3)]:
        means = []
        for m in range(6):
            study.fit(bins, f"size{m}", *flags)
            scores, info = study.load(name.format(m))
            assert info["n_hidden"] == [24 if flags else (48 if m == 0 else 24 if m < 5 else 25)], info["n_hidden"]
            means.append(scores.mean())
        ranks.append(int(np.argsort(means).argsort()[0]))
    return max(ranks)


arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("target/release"))
arguments.add_argument("--seeds", type=int, default=3)
arguments.add_argument("--first", type=int, default=1)
a = arguments.parse_args()
worst, tolerances = {}, {"parts": 1e-6, "exchanges": 2e-6, "dimensions": 1e-5, "rank of the padded model": 0}
for seed in range(a.first, a.first + a.seeds):
    rng = np.random.default_rng(seed)
    note = lambda kind, found: worst.__setitem__(kind, max(worst.get(kind, 0), float(found)))
    with tempfile.TemporaryDirectory() as folder:
        study = Study(pathlib.Path(folder), rng)
        halves = np.clip(0.3 + 0.15 * rng.standard_normal(study.n) + 0.05 * rng.standard_normal((4, RUNS, study.n)), -0.5, 0.9)
        isc = 0.3 + 0.1 * rng.standard_normal((4, study.n))
        np.save(study.folder / "isc/isc_en.npy", isc.astype("f4"))
        np.save(study.folder / "isc/isc_en_voxelwise.npy", halves.astype("f4"))
        study.fit(a.bin, "m", "--layer", 0, "--partition", "one,two", "--partition-ratios", ",".join(map(str, RATIOS)),
                  "--swaps", "--dimensions", "--precision", "f64", "--alpha-search", "exhaustive")
        parts, info = study.load("m", "_partition_runs")[0], study.load("m", "_partition")[1]
        assert info["parts"] == ["m", "one", "m&one", "two", "m&two", "one&two", "m&one&two"], info["parts"]
        note("parts", np.abs(parts - partition(study)).max())
        found, info = study.load("m", "_swaps")
        expected = swaps(study, info, study.load("m")[1]["alpha_index"][0], isc.astype("f4").astype(float),
                         halves.astype("f4").astype(float))
        for column, name in enumerate(("all", "reliable", "reliable_pairs", "matched")):
            assert info["measures"][column] == name, info["measures"]
            note("exchanges", np.abs(found[:, column] - expected[name]).max())
        words = np.vstack(study.spaces[0]).astype("f4").astype(float)
        dims = study.load("m", "_dimensions")[0][0]
        for value, wanted in zip(dims[1:], (participation(words), two_nn(words))):
            note("dimensions", abs(value / wanted - 1))
        note("rank of the padded model", padded_model_stays_last(study, a.bin, rng))
failed = False
for kind, value in worst.items():
    verdict = "ok" if value <= tolerances[kind] else "FAIL"
    failed |= verdict == "FAIL"
    print(f"{verdict:5}{kind}: {value:.3g} (at most {tolerances[kind]:g})")
sys.exit(failed)
