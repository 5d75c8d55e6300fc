"""Nested cross-validation over runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpp_ridge import _core
from lpp_ridge._arrays import as_array, check_alphas, check_matrix, check_n_jobs, dtype_of, suffix


@dataclass(frozen=True)
class NestedScores:
    """Scores of every target on held-out runs.

    Attributes
    ----------
    scores : ndarray of shape (n_targets,)
        Mean over the folds. NaN for a target that is constant or not finite in some run.
    fold_scores : ndarray of shape (n_folds, n_targets)
        Score on each held-out run.
    best_alphas : ndarray of shape (n_folds, n_targets)
        Penalty of each fold and target.
    alphas : ndarray of shape (n_alphas,)
        The grid of penalties.
    validation_curves : ndarray of shape (n_folds, n_alphas)
        Mean validation score of each penalty.
    constant_targets, non_finite_targets : list of int
        Targets without a score.
    """

    scores: np.ndarray
    fold_scores: np.ndarray
    best_alphas: np.ndarray
    alphas: np.ndarray
    validation_curves: np.ndarray
    constant_targets: list[int]
    non_finite_targets: list[int]


def nested_scores(
    X_runs: Sequence[Any],
    Y_runs: Sequence[Any],
    alphas: float | Iterable[float] | None = None,
    *,
    metric: str = "pearson",
    alpha_per_target: bool = False,
    inner: str = "first",
    search: str = "screened",
    precision: str | None = None,
    n_jobs: int | None = None,
) -> NestedScores:
    """Score how well features predict targets, with each run left out in turn.

    For each held-out run, the penalty is chosen within the others by leaving out the first of them, or each in turn.

    Parameters
    ----------
    X_runs : sequence of array-like of shape (n_scans, n_features)
        Features of each run; at least three runs. Standardise them run by run; they are used as they are.
    Y_runs : sequence of array-like of shape (n_scans,) or (n_scans, n_targets)
        Targets of each run.
    alphas : float or iterable of float, optional
        The penalties; by default 16 from 1e2 to 1e7, as in the reference study.
    metric : {"pearson", "r2"}
        The score of predictions.
    alpha_per_target : bool
        Whether each target has its own penalty.
    inner : {"first", "all"}
        Runs used to choose the penalty.
    search : {"screened", "exhaustive"}
        Whether penalties that cannot win are dropped early ("screened").
    precision : {"f32", "f64"}, optional
        Arithmetic of the products over targets; by default that of the arrays.
    n_jobs : int, optional
        Number of threads; by default one per core.

    Returns
    -------
    NestedScores

    Examples
    --------
    >>> import numpy as np
    >>> from lpp_ridge import nested_scores
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.standard_normal((50, 3)) for _ in range(4)]
    >>> Y = [x @ [[1.0], [0.5], [0.0]] + 4 * rng.standard_normal((50, 1)) for x in X]
    >>> nested_scores(X, Y, alphas=[1.0, 10.0, 100.0, 1000.0]).scores.shape
    (1,)
    """
    grid = np.logspace(2, 7, 16) if alphas is None else alphas
    X_names, Y_names = ([f"{name}[{run}]" for run in range(len(runs))] for name, runs in (("X_runs", X_runs), ("Y_runs", Y_runs)))
    X, Y = list(map(as_array, X_runs, X_names)), list(map(as_array, Y_runs, Y_names))
    dtype = dtype_of(precision, *X, *Y)
    settings: _core.Settings = {
        "alphas": check_alphas(grid),
        "metric": str(metric),
        "alpha_per_target": bool(alpha_per_target),
        "inner": str(inner),
        "search": str(search),
        "n_jobs": check_n_jobs(n_jobs),
        "folds": None,
    }
    fit = getattr(_core, f"nested_{suffix(dtype)}")
    # Features and targets that are not finite are known to the compiled part: the former by name, the latter as NaN.
    found = fit(
        [check_matrix(x, name, dtype, finite=False) for x, name in zip(X, X_names, strict=True)],
        [check_matrix(y, name, dtype, one_axis=True, finite=False) for y, name in zip(Y, Y_names, strict=True)],
        settings,
    )
    for message in found.pop("warnings"):
        warnings.warn(message, UserWarning, stacklevel=2)
    return NestedScores(**found)
