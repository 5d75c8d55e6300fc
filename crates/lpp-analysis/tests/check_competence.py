#!/usr/bin/env python3
"""Compares the tables of lpp-analyze competence with NumPy, SciPy and nibabel, on simulated trainings of fresh seeds. Run by hand.

usage: check_competence.py FOLDER_OF_PROGRAMS SEED...         (programs: lpp-simulate, lpp-analyze; needs numpy, scipy, pandas, nibabel)
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import least_squares

if len(sys.argv) < 3:
    sys.exit(__doc__)
PROGRAMS = Path(sys.argv[1])


def run(program, *arguments):
    done = subprocess.run([PROGRAMS / program, *map(str, arguments), "-q"], capture_output=True, text=True)
    assert done.returncode == 0, (program, arguments, done.stderr)


def sigmoid(x, y, starts=None):
    """Location and slope of the closest sigmoid: the best of many starts, with low and high in closed form."""
    def curve(p):
        share = 1 / (1 + np.exp(-np.exp(p[1]) * (x - p[0])))
        return share, np.polyfit(share, y, 1) if np.ptp(share) > 1e-6 else (0.0, y.mean())

    def residuals(p):
        share, line = curve(p)
        return np.polyval(line, share) - y
    bounds = ([x.min() - 2, np.log(0.2)], [x.max() + 2, np.log(10)])
    starts = starts or [(x0, b) for x0 in np.linspace(x.min(), x.max(), 4) for b in np.log([0.5, 2])]
    fits = [least_squares(residuals, start, bounds=bounds, xtol=1e-12, ftol=1e-12, gtol=1e-12) for start in starts]
    best = min(fits, key=lambda fit: fit.cost)
    return best.x[0], np.exp(best.x[1])


def words(study, rng, names):
    """A table of words of each checkpoint, in three runs."""
    text = [rng.choice(["the", "owl", "flies", "away", "home"]) for _ in range(300)]
    for place, name in enumerate(names):
        bits = rng.gamma(4, 2, 300) + 6 - place * 0.3
        n_tokens = rng.integers(1, 4, 300)
        known = rng.random(300) > 0.05
        rows = pd.DataFrame({"run": np.arange(300) // 100, "word_index": np.arange(300) % 100, "word": text, "n_tokens": n_tokens,
                             "surprisal_nats": bits * np.log(2), "surprisal_bits": bits, "is_complete": known.astype(int)})
        rows.loc[~known, ["surprisal_nats", "surprisal_bits"]] = np.nan
        rows.to_csv(study / f"competence/{name}_en/words.csv", index=False)


def sides(study, name):
    """L and R of each run by x."""
    mask = nibabel.load(study / "masks/mask_lpp_en.nii.gz")
    voxels = np.argwhere(np.asanyarray(mask.dataobj) > 0)
    x = nibabel.affines.apply_affine(mask.affine, voxels)[:, 0]
    runs = np.load(study / f"scores/{name}_en_runs.npy").astype(float)
    return runs[:, x < -1e-6].mean(1), runs[:, x > 1e-6].mean(1)


def close(found, expected, limit=1e-9):
    assert np.allclose(found, expected, rtol=limit, atol=limit, equal_nan=True), (found, expected)


def check(seed):
    rng = np.random.default_rng(seed)
    lag = rng.choice([-4, -2, 0, 2, 4])
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder)
        run("lpp-simulate", "training", "--study", study, "--seed", seed, "--lag", lag, "--checkpoints", 12)
        names = ["toy_step0"] + [f"toy_step{2**k}" for k in range(12)]
        words(study, rng, names)
        run("lpp-analyze", "competence", "--study", study)
        tables = {name: pd.read_csv(study / f"results/{name}_en.csv", keep_default_na=False, na_values=[""])
                  for name in ("competence", "trajectories", "transitions", "transition_pairs", "surprisal")}
        # C1
        series = {}
        for battery in ("grammar", "chance"):
            by_set = []
            for name in names:
                pairs = pd.read_csv(study / f"competence/{name}_en/{battery}.csv")
                sets = pairs.groupby("set", sort=False).correct.mean()
                phenomena = pairs.groupby(["phenomenon", "set"]).correct.mean().groupby("phenomenon").mean()
                own = tables["competence"]
                own = own[(own.battery == battery) & (own.revision == name[4:])]
                value = lambda level, part=None: own[(own.level == level) & (own.name.isna() if part is None else own.name == part)].accuracy.item()
                close(value("battery"), sets.mean())
                close(value("phenomena"), phenomena.mean())
                for part in sets.index:
                    close(value("set", part), sets[part])
                for part in phenomena.index:
                    close(value("phenomenon", part), phenomena[part])
                by_set.append(sets.to_numpy())
            series[("competence", battery, None)] = np.array(by_set).T
        left, right = (np.array(side).T for side in zip(*(sides(study, name) for name in names)))
        for measure, values in (("l", left), ("r", right), ("l_minus_r", left - right), ("l_plus_r", left + right)):
            series[("brain", measure, "x")] = values
        text = [pd.read_csv(study / f"competence/{name}_en/words.csv") for name in names]
        series[("competence", "words", None)] = np.array([-one.groupby("run").surprisal_bits.mean() for one in text]).T
        for one, name in zip(text, names):
            row = tables["surprisal"].set_index("revision").loc[name[4:]]
            one = one.assign(count=one.groupby("word").word.transform("count")).dropna(subset="surprisal_bits")
            close(row.n_words, len(one))
            close(row.perplexity, np.exp(one.surprisal_nats.sum() / one.n_tokens.sum()))
            close(row.bits_per_byte, one.surprisal_bits.sum() / (one.word.str.len() + 1).sum())
            close(row.r_frequency, np.corrcoef(one.surprisal_bits, np.log(one["count"]))[0, 1])
            close(row.r_length, np.corrcoef(one.surprisal_bits, one.word.str.len())[0, 1])
    x = np.log(1e6 * 2.0 ** np.arange(12))
    location = {}
    for (kind, measure, side), values in series.items():
        # C2: means, units and intervals. Scores are in single precision.
        pick = lambda table, side=side: table[(table.kind == kind) & (table.measure == measure) &
                                              (table.sides.isna() if side is None else table.sides == side)]
        own = pick(tables["trajectories"])
        means = own[own.unit.isna()]
        close(means.value, values.mean(0), 1e-6)
        close(own[own.unit.notna()].value.to_numpy().reshape(len(names), -1).T, values, 1e-6)
        n = len(values)
        variance = values.var(0, ddof=1) * (1 / n + (1 / (n - 1) if kind == "brain" else 0))
        close(means.ci_high - means.value, stats.t.ppf(0.975, n - 1) * np.sqrt(variance), 1e-5)
        # C3: the gate and the curve, without step 0.
        row, values = pick(tables["transitions"]).iloc[0], values[:, 1:]
        rise = values[:, -4:].mean(1) - values[:, :4].mean(1)
        gate = stats.ttest_1samp(rise, 0)
        close([row.gate_t, row.gate_p], [gate.statistic, gate.pvalue], 1e-4)
        has_risen = gate.statistic > 0 and gate.pvalue <= 0.05
        if has_risen:
            location[(measure, side)] = sigmoid(x, values.mean(0))
            close([row.x0_ln_tokens, np.log(row.slope)], [location[(measure, side)][0], np.log(location[(measure, side)][1])], 2e-3)
            if measure in ("grammar", "l_minus_r"):
                near = [(row.x0_ln_tokens, np.log(row.slope))]
                draws = [sigmoid(x, values[rng.integers(0, n, n)].mean(0), near)[0] for _ in range(100)]
                width = 2 * stats.t.ppf(0.975, n - 1) * np.std(draws, ddof=1)
                # A deviation of 100 draws is known to 7 %.
                assert abs((row.x0_ci_high - row.x0_ci_low) / width - 1) < 0.3, (measure, row, width)
        expected = "not testable" if measure == "chance" and row.answer == "not testable" else "transition" if has_risen else "no transition"
        assert row.answer == expected, row
    # C4
    for brain in ("l_minus_r", "l_plus_r"):
        for battery in ("grammar", "words"):
            row = tables["transition_pairs"].query("brain == @brain and battery == @battery and sides == 'x'").iloc[0]
            a, b = (series[key][:, 1:].mean(0) for key in (("brain", brain, "x"), ("competence", battery, None)))
            close(row.r_levels, np.corrcoef(a, b)[0, 1], 1e-5)
            close(row.r_differences, np.corrcoef(np.diff(a), np.diff(b))[0, 1], 1e-4)
            if (battery, None) in location:
                close(row.lag, location[(brain, "x")][0] - location[(battery, None)][0], 4e-3)
                inside = row.lag_ci_low > -np.log(2) and row.lag_ci_high < np.log(2)
                excludes = row.lag_ci_low > 0 or row.lag_ci_high < 0
                assert row.answer == ("together" if inside else "apart" if excludes else "undecided"), row
    row = tables["transition_pairs"].query("brain == 'l_minus_r' and battery == 'grammar' and sides == 'x'").iloc[0]
    print(f"seed {seed}: lag of {lag} doublings, found {row.lag / np.log(2):.2f} "
          f"({row.lag_ci_low / np.log(2):.2f} to {row.lag_ci_high / np.log(2):.2f}): {row.answer}")


for seed in map(int, sys.argv[2:]):
    check(seed)
