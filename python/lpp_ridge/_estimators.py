"""Ridge regression estimators."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lpp_ridge import _core
from lpp_ridge._arrays import (
    as_array,
    check_alphas,
    check_matrix,
    check_n_iter,
    check_n_jobs,
    check_random_state,
    column_names,
    dtype_of,
    folds_of,
    suffix,
)
from lpp_ridge._base import Estimator, NotFittedError


class _Ridge(Estimator):
    """Common parts of the two estimators."""

    def _settings(self, X: np.ndarray, y: np.ndarray, groups: Any) -> _core.Settings:
        return {
            "alphas": check_alphas(self.alphas),
            "metric": str(self.metric),
            "alpha_per_target": bool(self.alpha_per_target),
            "inner": str(self.inner),
            "search": str(self.search),
            "n_jobs": check_n_jobs(self.n_jobs),
            "folds": folds_of(self.cv, X, y, groups),
        }

    def _check_training_data(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        names = column_names(X)
        X, y = as_array(X, "X"), as_array(y, "y")
        dtype = dtype_of(self.precision, X, y)
        X = check_matrix(X, "X", dtype)
        self._one_target = y.ndim == 1
        y = check_matrix(y, "y", dtype, one_axis=True)
        if len(X) != len(y):
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {[len(X), len(y)]}")
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.n_features_in_ = X.shape[1]
        return X, y

    def _keep(self, coefficients: np.ndarray, best_scores: np.ndarray) -> None:
        self.coef_ = coefficients[:, 0].copy() if self._one_target else coefficients.T
        self.intercept_ = 0.0 if self._one_target else np.zeros(coefficients.shape[1])
        self.cv_scores_ = best_scores

    def _check_new_data(self, X: Any) -> np.ndarray:
        if not hasattr(self, "coef_"):
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments before "
                "using this estimator."
            )
        self._check_names(column_names(X))
        X = check_matrix(as_array(X, "X"), "X", self.coef_.dtype.type)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                "input."
            )
        return X

    def _check_names(self, names: np.ndarray | None) -> None:
        known = getattr(self, "feature_names_in_", None)
        if known is None and names is None:
            return
        if known is None:
            warnings.warn(f"X has feature names, but {type(self).__name__} was fitted without feature names", stacklevel=4)
        elif names is None:
            warnings.warn(
                f"X does not have valid feature names, but {type(self).__name__} was fitted with feature names",
                stacklevel=4,
            )
        elif list(names) != list(known):
            raise ValueError(_difference(list(names), list(known)))

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features in the same units as in the fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._check_new_data(X) @ self.coef_.T

    def scores(self, X: Any, y: Any) -> np.ndarray:
        """Score each target with the metric of the fit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)

        Returns
        -------
        ndarray of shape (n_targets,)
            NaN for a constant target.
        """
        predicted = np.asarray(self.predict(X), dtype=float)
        predicted = predicted[:, None] if predicted.ndim == 1 else predicted
        observed = check_matrix(as_array(y, "y"), "y", np.float64, one_axis=True)
        if predicted.shape != observed.shape:
            raise ValueError(f"y has shape {observed.shape}, the predictions have {predicted.shape}")
        deviation = observed - observed.mean(axis=0)
        spread = (deviation**2).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.metric == "r2":
                return np.where(spread > 0, 1 - ((observed - predicted) ** 2).sum(axis=0) / spread, np.nan)
            centred = predicted - predicted.mean(axis=0)
            return (deviation * centred).sum(axis=0) / np.sqrt(spread * (centred**2).sum(axis=0))

    def score(self, X: Any, y: Any) -> float:
        """Mean of :meth:`scores` over the targets that have a score."""
        scores = self.scores(X, y)
        known = scores[np.isfinite(scores)]
        return float(known.mean()) if len(known) else float("nan")


def _difference(found: list[str], known: list[str]) -> str:
    """The message of scikit-learn for different names, which its tools recognise."""
    lines = ["The feature names should match those that were passed during fit."]
    unseen, missing = sorted(set(found) - set(known)), sorted(set(known) - set(found))
    for title, names in (
        ("Feature names unseen at fit time:", unseen),
        ("Feature names seen at fit time, yet now missing:", missing),
    ):
        if names:
            lines += [title, *(f"- {name}" for name in names[:5])]
            if len(names) > 5:
                lines.append("- ...")
    if not unseen and not missing:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join(lines) + "\n"


class RidgeCV(_Ridge):
    """Ridge regression for very many targets, with the penalty chosen by cross-validation.

    There is no intercept. Standardise features and targets run by run.

    Parameters
    ----------
    alphas : float or iterable of float
        The penalties.
    metric : {"pearson", "r2"}
        The score of predictions, for choosing the penalty and in :meth:`score`.
    alpha_per_target : bool
        Whether each target has its own penalty.
    cv : {"runs"}, int, splitter or list of (train, test)
        "runs" leaves out each run of ``groups`` in turn; without ``groups``, five chunks of consecutive samples. A number gives
        the number of chunks.
    inner : {"first", "all"}
        Whether the penalty is chosen on the first fold only, or on all.
    search : {"screened", "exhaustive"}
        Whether penalties that cannot win are dropped early ("screened").
    precision : {"f32", "f64"}, optional
        Arithmetic of the products over targets; by default that of the arrays.
    n_jobs : int, optional
        Number of threads; by default one per core.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        NaN for a constant target.
    intercept_ : float or ndarray of shape (n_targets,)
        Zero.
    alpha_ : float
        The shared penalty; absent if each target has its own.
    best_alphas_ : ndarray of shape (n_targets,)
        Penalty of each target.
    cv_scores_ : ndarray of shape (n_targets,)
        Mean score over the folds, with the chosen penalty.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Present if the features of the fit had names.

    Examples
    --------
    >>> import numpy as np
    >>> from lpp_ridge import RidgeCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 3))
    >>> Y = X @ rng.standard_normal((3, 1000))
    >>> runs = np.repeat([1, 2, 3, 4], 50)
    >>> model = RidgeCV(alphas=[1e-3, 1.0, 1e3]).fit(X, Y, groups=runs)
    >>> model.predict(X).shape, model.alpha_
    ((200, 1000), 0.001)
    """

    def __init__(
        self,
        alphas: float | Iterable[float] = (0.1, 1, 10),
        *,
        metric: str = "pearson",
        alpha_per_target: bool = False,
        cv: Any = "runs",
        inner: str = "all",
        search: str = "screened",
        precision: str | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.alphas = alphas
        self.metric = metric
        self.alpha_per_target = alpha_per_target
        self.cv = cv
        self.inner = inner
        self.search = search
        self.precision = precision
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Sequence[Any] | None = None) -> RidgeCV:
        """Choose the penalty and fit all samples with it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        groups : sequence of shape (n_samples,), optional
            The run of each sample.

        Returns
        -------
        RidgeCV
            The estimator itself.
        """
        X, y = self._check_training_data(X, y)
        fit = getattr(_core, f"refit_{suffix(X.dtype.type)}")
        coefficients, alphas, best_scores = fit(X, y, self._settings(X, y, groups))
        self._keep(coefficients, best_scores)
        self.best_alphas_: np.ndarray = alphas[0]
        if self.alpha_per_target:
            if hasattr(self, "alpha_"):
                del self.alpha_
        else:
            self.alpha_: float = float(np.nanmax(self.best_alphas_))
        return self


class GroupRidgeCV(_Ridge):
    """Banded ridge regression: groups of features, each with its own penalty.

    The ratios between the penalties are searched at random, as in himalaya's ``GroupRidgeCV``, or given.

    Parameters
    ----------
    groups : array-like of shape (n_features,), optional
        The group of each feature; all features are one group by default. -1 leaves a feature out.
    n_iter : int or array-like of shape (n_iter, n_groups)
        Number of ratios to try, of which the first is equal; or the ratios themselves. A ratio of 0 leaves a group out.
    alphas, metric, alpha_per_target, cv, inner, precision, n_jobs
        As for :class:`RidgeCV`.
    concentration : float or list of float
        Concentrations of the Dirichlet distributions from which ratios are drawn, used in turn.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Seed of the ratios; None draws different ratios each time.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        NaN for a constant target.
    intercept_ : float or ndarray of shape (n_targets,)
        Zero.
    deltas_ : ndarray of shape (n_groups, n_targets)
        Logarithm of the inverse of each group's penalty, as in himalaya.
    best_alphas_ : ndarray of shape (n_targets,)
        The penalty divided among the groups, as in himalaya: the inverse of the sum of ``exp(deltas_)``.
    cv_scores_ : ndarray of shape (n_targets,)
        Mean score over the folds, with the chosen penalties.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Present if the features of the fit had names.

    Examples
    --------
    >>> import numpy as np
    >>> from lpp_ridge import GroupRidgeCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 5))
    >>> Y = X[:, :2] @ rng.standard_normal((2, 1000))
    >>> model = GroupRidgeCV(groups=[0, 0, 1, 1, 1], n_iter=[[0.5, 0.5], [1.0, 0.0]]).fit(X, Y)
    >>> bool((model.coef_[:, 2:] == 0).all())  # the second group explains nothing and is left out
    True
    """

    def __init__(
        self,
        groups: Any = None,
        *,
        n_iter: Any = 100,
        alphas: float | Iterable[float] = (0.1, 1, 10),
        metric: str = "r2",
        alpha_per_target: bool = True,
        cv: Any = "runs",
        inner: str = "all",
        concentration: float | Sequence[float] = (0.1, 1.0),
        random_state: int = 0,
        precision: str | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.groups = groups
        self.n_iter = n_iter
        self.alphas = alphas
        self.metric = metric
        self.alpha_per_target = alpha_per_target
        self.cv = cv
        self.inner = inner
        self.concentration = concentration
        self.random_state = random_state
        self.precision = precision
        self.n_jobs = n_jobs

    search = "exhaustive"

    def _weights(self, n_groups: int) -> np.ndarray:
        if np.ndim(self.n_iter) == 0:
            concentrations = np.atleast_1d(np.asarray(self.concentration, dtype=float)).tolist()
            n_iter, seed = check_n_iter(self.n_iter), check_random_state(self.random_state)
            return _core.random_weights(n_iter, n_groups, concentrations, seed)
        return np.atleast_2d(np.asarray(self.n_iter, dtype=np.float64))

    def fit(self, X: Any, y: Any, groups: Sequence[Any] | None = None) -> GroupRidgeCV:
        """Choose ratios and penalties and fit all samples with them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        groups : sequence of shape (n_samples,), optional
            The run of each sample.

        Returns
        -------
        GroupRidgeCV
            The estimator itself.
        """
        X, y = self._check_training_data(X, y)
        labels = np.zeros(X.shape[1], int) if self.groups is None else np.asarray(self.groups)
        if labels.shape != (X.shape[1],):
            raise ValueError(f"groups has shape {labels.shape}, expected a label for each of {X.shape[1]} features")
        names = [label for label in np.unique(labels) if label != -1]
        if not names:
            raise ValueError("groups leaves every feature out")
        columns = [np.flatnonzero(labels == name) for name in names]
        order = np.concatenate(columns)
        in_order = len(order) == X.shape[1] and bool((np.diff(order) == 1).all())
        fit = getattr(_core, f"refit_banded_{suffix(X.dtype.type)}")
        found, penalties, best_scores = fit(
            X if in_order else X[:, order],
            y,
            self._settings(X, y, groups),
            [len(c) for c in columns],
            self._weights(len(names)),
        )
        coefficients = np.zeros((X.shape[1], y.shape[1]), X.dtype)
        coefficients[order] = found
        self._keep(coefficients, best_scores)
        with np.errstate(divide="ignore"):
            self.deltas_ = -np.log(penalties)
            self.best_alphas_ = 1 / (1 / penalties).sum(axis=0)
        return self
