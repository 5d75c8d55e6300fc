"""Equality with scikit-learn and himalaya."""

import numpy as np
import pytest

from lpp_ridge import GroupRidgeCV, RidgeCV, nested_scores

TOLERANCE = {np.float32: 1e-4, np.float64: 1e-8}
ALPHAS = [0.1, 1.0, 10.0, 100.0, 1000.0]


def runs(dtype=np.float64, lengths=(40, 35, 45, 38), p=12, v=20, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((p, v))
    X = [rng.standard_normal((n, p)) for n in lengths]
    Y = [x @ weights + 4 * rng.standard_normal((len(x), v)) for x in X]
    standard = lambda a: ((a - a.mean(0)) / a.std(0)).astype(dtype)  # noqa: E731
    return [standard(x) for x in X], [standard(y) for y in Y]


def stacked(*args, **kwargs):
    X, Y = runs(*args, **kwargs)
    labels = np.repeat(np.arange(len(X)), [len(x) for x in X])
    return np.concatenate(X), np.concatenate(Y), labels


def test_nested_scores_equal_a_loop_over_scikit_learn():
    Ridge = pytest.importorskip("sklearn.linear_model").Ridge
    X, Y = runs()

    def correlations(train, test, alpha):
        model = Ridge(alpha=alpha, fit_intercept=False)
        model.fit(np.concatenate([X[r] for r in train]), np.concatenate([Y[r] for r in train]))
        p, y = model.predict(X[test]), Y[test]
        p, y = p - p.mean(0), y - y.mean(0)
        return (p * y).sum(0) / np.sqrt((p**2).sum(0) * (y**2).sum(0))

    found = nested_scores(X, Y, ALPHAS)
    for test in range(4):
        train = [r for r in range(4) if r != test]
        inner = [correlations(train[1:], train[0], alpha) for alpha in ALPHAS]
        best = ALPHAS[int(np.argmax(np.mean(inner, axis=1)))]
        assert (found.best_alphas[test] == best).all()
        np.testing.assert_allclose(found.fold_scores[test], correlations(train, test, best), atol=1e-10)
    np.testing.assert_allclose(found.scores, found.fold_scores.mean(0))


@pytest.mark.parametrize("p", [12, 300])
def test_coefficients_equal_scikit_learn_at_the_penalty_chosen(p):
    Ridge = pytest.importorskip("sklearn.linear_model").Ridge
    X, Y, labels = stacked(p=p)
    model = RidgeCV(alphas=ALPHAS).fit(X, Y, groups=labels)
    expected = Ridge(alpha=model.alpha_, fit_intercept=False).fit(X, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [12, 300])
@pytest.mark.parametrize("local_alpha", [False, True])
def test_ridge_equals_himalaya(dtype, p, local_alpha):
    himalaya_ridge = pytest.importorskip("himalaya.ridge")
    kernel_ridge = pytest.importorskip("himalaya.kernel_ridge")
    scoring = pytest.importorskip("himalaya.scoring")
    model_selection = pytest.importorskip("sklearn.model_selection")
    X, Y, labels = stacked(dtype=dtype, p=p)
    splits = list(model_selection.LeaveOneGroupOut().split(X, Y, labels))
    # In single precision himalaya's own kernel regression is 7e-4 from its double precision at the smallest penalty.
    alphas = ALPHAS[1:] if dtype is np.float32 and p > len(X) else ALPHAS
    ours = RidgeCV(alphas=alphas, metric="r2", alpha_per_target=local_alpha).fit(X, Y, groups=labels)
    params = {"local_alpha": local_alpha, "score_func": scoring.r2_score}
    if p < len(X):
        peer = himalaya_ridge.RidgeCV(
            alphas=np.asarray(alphas, dtype), fit_intercept=False, cv=_Splits(splits), solver_params=params
        )
    else:
        peer = kernel_ridge.KernelRidgeCV(alphas=np.asarray(alphas, dtype), cv=_Splits(splits), solver_params=params)
    peer.fit(X, Y)
    np.testing.assert_allclose(ours.predict(X), peer.predict(X), atol=TOLERANCE[dtype])
    np.testing.assert_allclose(ours.best_alphas_, np.broadcast_to(peer.best_alphas_, 20), rtol=1e-6)
    np.testing.assert_allclose(ours.cv_scores_, peer.cv_scores_, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("p", [12, 300])
def test_single_precision_agrees_with_double(p):
    X, Y, labels = stacked(p=p)
    double = RidgeCV(alphas=ALPHAS, alpha_per_target=True).fit(X, Y, groups=labels)
    single = RidgeCV(alphas=ALPHAS, alpha_per_target=True, precision="f32").fit(X, Y, groups=labels)
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.predict(X), double.predict(X), atol=1e-5)
    np.testing.assert_array_equal(single.best_alphas_, double.best_alphas_)


@pytest.mark.parametrize("metric", ["pearson", "r2"])
def test_scores_of_held_out_samples_equal_scikit_learn(metric):
    X, Y, labels = stacked()
    train, test = labels != 2, labels == 2
    model = RidgeCV(alphas=ALPHAS, metric=metric).fit(X[train], Y[train], groups=labels[train])
    predicted = model.predict(X[test])
    if metric == "r2":
        expected = pytest.importorskip("sklearn.metrics").r2_score(Y[test], predicted, multioutput="raw_values")
    else:
        expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(Y[test].T, predicted.T, strict=True)]
    np.testing.assert_allclose(model.scores(X[test], Y[test]), expected, atol=1e-12)
    assert model.score(X[test], Y[test]) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bands_equal_himalaya_at_the_same_candidates(dtype):
    himalaya_ridge = pytest.importorskip("himalaya.ridge")
    scoring = pytest.importorskip("himalaya.scoring")
    model_selection = pytest.importorskip("sklearn.model_selection")
    X, Y, labels = stacked(dtype=dtype)
    splits = list(model_selection.LeaveOneGroupOut().split(X, Y, labels))
    groups = np.repeat([0, 1], [5, 7])
    gammas = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    ours = GroupRidgeCV(groups, n_iter=gammas, alphas=ALPHAS).fit(X, Y, groups=labels)
    peer = himalaya_ridge.GroupRidgeCV(
        groups=groups,
        cv=_Splits(splits),
        solver_params={
            "n_iter": gammas.astype(dtype),
            "alphas": np.asarray(ALPHAS, dtype),
            "score_func": scoring.r2_score,
            "progress_bar": False,
            "warn": False,
        },
    )
    peer.fit(X, Y)
    np.testing.assert_allclose(ours.predict(X), peer.predict(X), atol=TOLERANCE[dtype])
    np.testing.assert_allclose(ours.deltas_, peer.deltas_, atol=1e-5)
    np.testing.assert_allclose(ours.best_alphas_, peer.best_alphas_, rtol=1e-5)
    np.testing.assert_allclose(ours.cv_scores_, peer.cv_scores_.max(axis=0), atol=TOLERANCE[dtype])


def test_a_band_of_weight_zero_is_left_out():
    X, Y, labels = stacked()
    ours = GroupRidgeCV(np.repeat([0, 1], [5, 7]), n_iter=[[1.0, 0.0]], alphas=ALPHAS).fit(X, Y, groups=labels)
    alone = RidgeCV(alphas=ALPHAS, metric="r2", alpha_per_target=True).fit(X[:, :5], Y, groups=labels)
    np.testing.assert_allclose(ours.coef_[:, :5], alone.coef_, atol=1e-10)
    assert (ours.coef_[:, 5:] == 0).all() and np.isneginf(ours.deltas_[1]).all()


class _Splits:
    """A splitter of given splits."""

    def __init__(self, splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.splits)
