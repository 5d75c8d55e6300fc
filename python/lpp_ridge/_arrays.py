"""Conversion and checks of arrays for the compiled part."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Folds = list[tuple[list[int], list[int]]]

_PRECISIONS = {"f32": np.float32, "f64": np.float64}


def dtype_of(precision: str | None, *arrays: np.ndarray) -> type:
    """The requested arithmetic, by default that of the arrays."""
    if precision is None:
        single = all(a.dtype in (np.float32, np.float16) for a in arrays)
        return np.float32 if single else np.float64
    try:
        return _PRECISIONS[precision]
    except (KeyError, TypeError):
        raise ValueError(f"precision is {precision!r}, expected 'f32', 'f64' or None") from None


def suffix(dtype: type) -> str:
    """Suffix of the compiled functions for a number type."""
    return "f32" if dtype is np.float32 else "f64"


def column_names(X: Any) -> np.ndarray | None:
    """Column names of a pandas or polars frame, if all are strings; otherwise None."""
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    names = np.asarray(columns, dtype=object)
    return names if len(names) and all(isinstance(name, str) for name in names) else None


def as_array(values: Any, name: str) -> np.ndarray:
    """Convert to an array, without a copy if it is one."""
    if hasattr(values, "toarray"):
        raise TypeError(f"{name} is a sparse matrix, but dense data is required; use {name}.toarray()")
    if np.ma.is_masked(values):
        raise ValueError(f"{name} is a masked array with values left out; fill them or drop their samples")
    return np.asarray(values)


def check_matrix(array: np.ndarray, name: str, dtype: type, *, one_axis: bool = False, finite: bool = True) -> np.ndarray:
    """Check a matrix of real numbers; copied only if its type or layout requires it."""
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
    if not array.flags.aligned:  # a field of a packed record: the compiled part steps by whole numbers
        array = array.copy()
    if array.ndim == 1:
        array = array[:, None]
    for axis, what in enumerate(("sample(s)", "feature(s)")):
        if array.shape[axis] == 0:
            raise ValueError(
                f"Found array with 0 {what} (shape={array.shape}) while a minimum of 1 is required: {name}."
            )
    if finite and not np.isfinite(array).all():
        raise ValueError(f"Input {name} contains NaN or infinity: {name} must be finite.")
    return array


def check_alphas(alphas: float | Iterable[float]) -> list[float]:
    """The penalties as a list."""
    try:
        return np.atleast_1d(np.asarray(alphas, dtype=float)).ravel().tolist()
    except (TypeError, ValueError) as error:
        raise ValueError(f"alphas is {alphas!r}, expected positive numbers") from error


def check_n_jobs(n_jobs: int | None) -> int | None:
    """The number of threads; None or -1 for one per core."""
    if n_jobs is None or n_jobs == -1:
        return None
    if not _is_whole(n_jobs) or n_jobs < 1:
        raise ValueError(f"n_jobs is {n_jobs!r}, expected None, -1 or a positive whole number")
    return operator.index(n_jobs)


def check_n_iter(n_iter: Any) -> int:
    """A number of candidates."""
    if not _is_whole(n_iter) or n_iter < 1:
        raise ValueError(f"n_iter is {n_iter!r}, expected a positive whole number or an array of ratios")
    return operator.index(n_iter)


def check_random_state(random_state: Any) -> int:
    """A seed: a number, one drawn from a generator, or a new one each time for None."""
    if random_state is None:
        random_state = np.random.default_rng()
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**32, dtype=np.uint64))
    if not _is_whole(random_state) or not 0 <= random_state < 2**64:
        raise ValueError(f"random_state is {random_state!r}, expected None, a whole number from 0 on or a generator of NumPy")
    return operator.index(random_state)


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def chunks(n_rows: int, n_folds: int) -> Folds:
    """Folds of consecutive rows, each left out in turn, as in scikit-learn's ``KFold``."""
    if n_folds < 2:
        raise ValueError(f"cv is {n_folds}, expected at least 2 folds")
    if n_rows < n_folds * 2:
        raise ValueError(
            f"Found array with {n_rows} sample(s) while a minimum of {2 * n_folds} is required for {n_folds} folds."
        )
    rows = np.arange(n_rows)
    return [(np.delete(rows, test).tolist(), test.tolist()) for test in np.array_split(rows, n_folds)]


def runs_left_out(labels: Sequence[Any], n_rows: int) -> Folds:
    """Folds that leave out each run in turn."""
    runs = np.asarray(labels)
    if runs.shape != (n_rows,):
        raise ValueError(f"groups has shape {runs.shape}, expected one label for each of {n_rows} samples")
    _, first, index = np.unique(runs, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise ValueError("groups names one run, expected at least 2; use cv=5 for chunks of a run")
    order = np.argsort(first)
    return [(np.flatnonzero(index != run).tolist(), np.flatnonzero(index == run).tolist()) for run in order]


def folds_of(cv: Any, X: np.ndarray, y: np.ndarray, groups: Any) -> Folds:
    """Pairs of training and test rows, from a ``cv`` as in scikit-learn."""
    n_rows = len(X)
    if isinstance(cv, str):
        if cv != "runs":
            raise ValueError(f"cv is {cv!r}, expected 'runs', a number of folds, a splitter or a list of splits")
        return chunks(n_rows, 5) if groups is None else runs_left_out(groups, n_rows)
    if cv is None:
        return chunks(n_rows, 5)
    if _is_whole(cv):
        return chunks(n_rows, int(cv))
    try:
        splits = [(train, test) for train, test in (cv.split(X, y, groups) if hasattr(cv, "split") else cv)]
    except TypeError as error:
        raise ValueError(f"cv is {cv!r}, expected 'runs', a number of folds, a splitter or a list of splits") from error
    return [(_rows(train, n_rows, fold), _rows(test, n_rows, fold)) for fold, (train, test) in enumerate(splits)]


def _rows(chosen: Any, n_rows: int, fold: int) -> list[int]:
    """Rows as indices from 0, given as indices, as negative indices or as a mask."""
    chosen = np.asarray(chosen)
    try:
        return np.arange(n_rows)[chosen if chosen.size else chosen.astype(int)].tolist()
    except IndexError as error:
        raise ValueError(f"split {fold} of cv: {error}") from error
