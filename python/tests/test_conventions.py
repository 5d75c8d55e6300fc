"""The conventions of scikit-learn."""

import pickle

import numpy as np
import pytest

from lpp_ridge import GroupRidgeCV, RidgeCV, _core, nested_scores

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GroupKFold, KFold, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402


@pytest.mark.parametrize("estimator", [RidgeCV(), RidgeCV(alpha_per_target=True), GroupRidgeCV(n_iter=3)])
def test_check_estimator(estimator):
    check_estimator(estimator)


def data(n=120, p=6, v=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X @ rng.standard_normal((p, v)) + rng.standard_normal((n, v))


def test_pipeline_clone_pickle_and_cross_val_score():
    X, Y = data()
    runs = np.repeat([0, 1, 2, 3], 30)
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=[0.1, 1.0, 10.0]))
    scores = cross_val_score(clone(model), X, Y, cv=GroupKFold(4), groups=runs)
    assert scores.shape == (4,) and (scores > 0.5).all()
    model.fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def as_masks(splits, n):
    return [tuple(np.isin(np.arange(n), part) for part in split) for split in splits]


@pytest.mark.parametrize(
    "cv",
    [
        "runs",
        KFold(4),
        list(KFold(4).split(np.zeros(122))),
        as_masks(KFold(4).split(np.zeros(122)), 122),
        [(train - 122, test - 122) for train, test in KFold(4).split(np.zeros(122))],
    ],
    ids=["runs", "splitter", "list", "masks", "from the end"],
)
def test_every_kind_of_folds_gives_the_same_answer(cv):
    X, Y = data(n=122)
    runs = np.repeat(["d", "b", "c", "a"], [31, 31, 30, 30])
    model = RidgeCV(alphas=[0.1, 10.0, 100.0], cv=cv, metric="r2").fit(X, Y, groups=runs)
    expected = RidgeCV(alphas=[0.1, 10.0, 100.0], cv=4, metric="r2").fit(X, Y)
    np.testing.assert_allclose(model.cv_scores_, expected.cv_scores_, atol=1e-12)
    assert model.alpha_ == expected.alpha_


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_keep_their_names(library):
    frames = pytest.importorskip(library)
    X, Y = data()
    frame = frames.DataFrame({f"f{j}": X[:, j] for j in range(6)})
    model = RidgeCV().fit(frame, Y)
    assert list(model.feature_names_in_) == [f"f{j}" for j in range(6)]
    expected = RidgeCV().fit(X, Y).predict(X)
    np.testing.assert_allclose(model.predict(frame), expected)
    np.testing.assert_allclose(RidgeCV().fit(frame, frames.DataFrame({"a": Y[:, 0]})).predict(frame)[:, 0], expected[:, 0])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frames.DataFrame({f"f{5 - j}": X[:, j] for j in range(6)}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


def test_frames_of_single_precision_stay_single():
    polars = pytest.importorskip("polars")
    X, Y = (a.astype(np.float32) for a in data())
    assert RidgeCV().fit(polars.DataFrame({f"f{j}": X[:, j] for j in range(6)}), Y).coef_.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_layout_and_precision_follow_the_arrays(dtype, order):
    X, Y = (np.asarray(a, dtype=dtype, order=order) for a in data())
    model = RidgeCV().fit(X, Y)
    assert model.coef_.dtype == dtype and model.coef_.shape == (4, 6)
    np.testing.assert_allclose(model.coef_, RidgeCV().fit(*data()).coef_, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("estimator", [RidgeCV(), GroupRidgeCV([0, 0, 0, 1, 1, 1], n_iter=2)], ids=["plain", "banded"])
def test_the_compiled_part_sees_the_memory_of_the_caller(dtype, order, estimator, monkeypatch):
    X, Y = (np.asarray(a, dtype=dtype, order=order) for a in data())
    seen = []
    for name in ("refit_f32", "refit_f64", "refit_banded_f32", "refit_banded_f64"):
        original = getattr(_core, name)
        monkeypatch.setattr(_core, name, lambda *args, original=original: seen.extend(args[:2]) or original(*args))
    estimator.fit(X, Y)
    assert [a.dtype for a in seen] == [dtype, dtype]
    assert np.shares_memory(seen[0], X) and np.shares_memory(seen[1], Y)


def test_odd_memory_gives_the_same_numbers():
    X, Y = data()
    expected = RidgeCV().fit(X, Y).coef_
    packed = np.zeros(len(X), dtype=[("tag", "i1"), ("x", "f8", (6,))])  # not aligned
    packed["x"] = X
    wide = np.zeros((len(X), 3 * 6))
    wide[:, ::3] = X
    frozen = X.copy()
    frozen.setflags(write=False)
    for odd in (packed["x"], wide[:, ::3], X[::-1].copy()[::-1], frozen, X.astype(">f8"), X.tolist()):
        np.testing.assert_array_equal(RidgeCV().fit(odd, Y).coef_, expected)


def test_wrong_data_are_named():
    X, Y = data()
    holes, masked = Y.copy(), np.ma.masked_greater(X, 1.0)
    holes[3, 1] = np.nan
    for x, y, groups, message in [
        (X, holes, None, "y contains NaN"),
        (np.where(X > 2, np.inf, X), Y, None, "X contains NaN or infinity"),
        (masked, Y, None, "masked"),
        (X[:100], Y, None, "inconsistent numbers of samples"),
        (X[:, 0], Y, None, "Expected 2D array, got 1D array"),
        (X[:, :0], Y, None, "0 feature"),
        (X, Y[:, :, None], None, "dim 3"),
        (X[:6], Y[:6], None, "6 sample"),
        (X, Y, np.zeros(120), "one run, expected at least 2"),
        (X, Y, [0, 1], "one label for each of 120 samples"),
        (X, Y, [0] + [1] * 119, "tests 1 row"),
        (X, np.ones((120, 2)), None, "every target is constant"),
        (np.ones((120, 6)), Y, None, "no penalty can be chosen"),
    ]:
        with pytest.raises(ValueError, match=message):
            RidgeCV().fit(x, y, groups=groups)


def test_nested_scores_name_wrong_runs():
    X, Y = ([a[:40], a[40:80], a[80:]] for a in data())
    for x, y, message in [
        (X, Y[:2], "targets have 2 runs, features have 3"),
        (X[:1], Y[:1], "no data|no training rows"),
        (X[:2], Y[:2], "at least 3"),
        ([*X[:2], X[2][:, :4]], Y, "run 2 has 4 features"),
        ([*X[:2], X[2][:39]], Y, "run 2 have 40 scans, its features have 39"),
        ([*X[:2], X[2] * np.nan], Y, "feature 0 of run 2 is NaN"),
        (X[0], Y[0], r"1D array instead: X_runs\[0\]"),
        ([], [], "no run"),
    ]:
        with pytest.raises(ValueError, match=message):
            nested_scores(x, y)


def test_nested_scores_count_what_has_no_score():
    X, Y = ([a[:40], a[40:80], a[80:]] for a in data())
    Y[1][:, 1], Y[2][3, 2] = 5.0, np.nan
    found = nested_scores(X, Y, alphas=[1.0, 10.0])
    assert (found.constant_targets, found.non_finite_targets) == ([1], [2])
    assert np.isnan(found.scores).tolist() == [False, True, True, False]


def test_a_seed_gives_the_same_ratios():
    X, Y = data()
    fit = lambda seed: GroupRidgeCV([0, 0, 0, 1, 1, 1], n_iter=5, random_state=seed).fit(X, Y).deltas_  # noqa: E731
    np.testing.assert_array_equal(fit(3), fit(3))
    np.testing.assert_array_equal(fit(np.random.RandomState(3)), fit(np.random.RandomState(3)))
    assert (fit(np.random.default_rng(1)) != fit(np.random.default_rng(2))).any()


def test_wrong_settings_are_named():
    X, Y = data()
    for params, message in [
        ({"metric": "mse"}, "metric"),
        ({"search": "fast"}, "search"),
        ({"inner": "some"}, "inner"),
        ({"precision": "f16"}, "precision"),
        ({"alphas": [0.0]}, "penalty"),
        ({"alphas": []}, "penalty"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"n_jobs": 1.5}, "n_jobs"),
        ({"alphas": "some"}, "alphas"),
        ({"cv": 2.5}, "cv"),
        ({"cv": [([0, 1, 200], [3, 4])]}, "split 0"),
        ({"cv": [([0, 1, 2], [2, 3])]}, "fold 0 names row 2 twice"),
        ({"cv": 1}, "cv"),
        ({"cv": "loo"}, "cv"),
    ]:
        with pytest.raises(ValueError, match=message):
            RidgeCV(**params).fit(X, Y)
    for params, message in [
        ({"groups": [0, 1]}, "groups"),
        ({"groups": [-1] * 6}, "leaves every feature out"),
        ({"n_iter": 0}, "n_iter"),
        ({"n_iter": 1.5}, "n_iter"),
        ({"n_iter": [[1.0, 1.0]]}, "2 weights"),
        ({"random_state": -1}, "random_state"),
        ({"concentration": 0.0}, "concentration"),
    ]:
        with pytest.raises(ValueError, match=message):
            GroupRidgeCV(**params).fit(X, Y)


def test_a_constant_target_is_nan_and_disturbs_nobody():
    X, Y = data()
    Y = np.column_stack([Y[:, 0], np.full(120, 437.3), Y[:, 1:]])
    model = RidgeCV(alphas=[0.1, 10.0]).fit(X, Y)
    alone = RidgeCV(alphas=[0.1, 10.0]).fit(X, np.delete(Y, 1, axis=1))
    assert np.isnan(model.coef_[1]).all() and np.isnan(model.cv_scores_[1])
    np.testing.assert_array_equal(np.delete(model.coef_, 1, axis=0), alone.coef_)
