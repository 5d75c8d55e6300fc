"""Arrays as the compiled part wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_PRECISIONS = {"f32": np.float32, "f64": np.float64}


def dtype_of(precision: str | None, *arrays: Any) -> type:
    """The arithmetic asked for: that of the arrays if nothing is said."""
    if precision is None:
        single = all(getattr(a, "dtype", None) in (np.float32, np.float16) for a in arrays)
        return np.float32 if single else np.float64
    try:
        return _PRECISIONS[precision]
    except (KeyError, TypeError):
        raise ValueError(f"precision is {precision!r}, expected 'f32', 'f64' or None") from None


def suffix(dtype: type) -> str:
    """The end of the names of the compiled functions for a number type."""
    return "f32" if dtype is np.float32 else "f64"


def column_names(X: Any) -> np.ndarray | None:
    """Names of the columns of a pandas or polars frame, if all are text; None without."""
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    names = np.asarray(columns, dtype=object)
    return names if len(names) and all(isinstance(name, str) for name in names) else None


def check_matrix(values: Any, name: str, dtype: type, *, one_axis: bool = False) -> np.ndarray:
    """A finite matrix of real numbers, copied only if its type or layout asks for it."""
    if hasattr(values, "toarray") or type(values).__module__.startswith("scipy.sparse"):
        raise TypeError(f"{name} is a sparse matrix, but dense data is required; use {name}.toarray()")
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} holds {array.dtype}")
    if array.ndim == 0:
        raise ValueError(f"Expected 2D array, got scalar array instead: {name} = {array!r}")
    if array.ndim == 1 and not one_axis:
        raise ValueError(
            f"Expected 2D array, got 1D array instead: {name}. Reshape your data either using array.reshape(-1, 1) or "
            "array.reshape(1, -1)"
        )
    if array.ndim > 2:
        raise ValueError(f"Found array with dim {array.ndim}: {name}, expected <= 2.")
    try:
        array = array.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} cannot be converted to numbers: {error}") from error
    if array.ndim == 1:
        array = array[:, None]
    for axis, what in enumerate(("sample(s)", "feature(s)")):
        if array.shape[axis] == 0:
            raise ValueError(
                f"Found array with 0 {what} (shape={array.shape}) while a minimum of 1 is required: {name}."
            )
    if not np.isfinite(array).all():
        raise ValueError(f"Input {name} contains NaN or infinity: {name} must be finite.")
    return array


def check_alphas(alphas: float | Iterable[float]) -> list[float]:
    """The penalties as a list."""
    return [float(alpha) for alpha in np.atleast_1d(np.asarray(alphas, dtype=float)).ravel()]


def check_n_jobs(n_jobs: int | None) -> int | None:
    """The number of threads: None for one a core, as -1."""
    if n_jobs is None or n_jobs == -1:
        return None
    if n_jobs < 1:
        raise ValueError(f"n_jobs is {n_jobs}, expected None, -1 or a positive number")
    return int(n_jobs)


def chunks(n_rows: int, n_folds: int) -> list[tuple[list[int], list[int]]]:
    """Folds of neighbouring rows, each left out in turn."""
    if n_folds < 2:
        raise ValueError(f"cv is {n_folds}, expected at least 2 folds")
    if n_rows < n_folds * 2:
        raise ValueError(
            f"Found array with {n_rows} sample(s) while a minimum of {2 * n_folds} is required for {n_folds} folds."
        )
    edges = np.linspace(0, n_rows, n_folds + 1).astype(int)
    rows = np.arange(n_rows)
    return [
        (np.concatenate([rows[:a], rows[b:]]).tolist(), rows[a:b].tolist())
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]


def runs_left_out(labels: Sequence[Any], n_rows: int) -> list[tuple[list[int], list[int]]]:
    """Folds that leave out each run in turn."""
    labels = np.asarray(labels)
    if labels.shape != (n_rows,):
        raise ValueError(f"groups has shape {labels.shape}, expected one label for each of {n_rows} samples")
    _, first, index = np.unique(labels, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise ValueError("groups names one run, expected at least 2; use cv=5 for chunks of a run")
    order = np.argsort(first)
    return [(np.flatnonzero(index != run).tolist(), np.flatnonzero(index == run).tolist()) for run in order]


def folds_of(
    cv: Any, X: np.ndarray, y: np.ndarray, groups: Any
) -> list[tuple[list[int], list[int]]]:
    """Pairs of training and test rows, from what scikit-learn calls ``cv``."""
    n_rows = len(X)
    if isinstance(cv, str):
        if cv != "runs":
            raise ValueError(f"cv is {cv!r}, expected 'runs', a number of folds, a splitter or a list of splits")
        return chunks(n_rows, 5) if groups is None else runs_left_out(groups, n_rows)
    if cv is None:
        return chunks(n_rows, 5)
    if isinstance(cv, (int, np.integer)):
        return chunks(n_rows, int(cv))
    splits = cv.split(X, y, groups) if hasattr(cv, "split") else cv
    return [(np.asarray(train).tolist(), np.asarray(test).tolist()) for train, test in splits]
