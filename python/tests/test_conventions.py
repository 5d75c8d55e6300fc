"""The conventions of scikit-learn."""

import pickle

import numpy as np
import pytest

from lpp_ridge import GroupRidgeCV, RidgeCV

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


@pytest.mark.parametrize("cv", ["runs", 4, KFold(4), list(KFold(4).split(np.zeros(120)))])
def test_every_kind_of_folds_gives_the_same_answer(cv):
    X, Y = data()
    runs = np.repeat([7, 3, 5, 1], 30)
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
    np.testing.assert_allclose(model.predict(frame), RidgeCV().fit(X, Y).predict(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_layout_and_precision_follow_the_arrays(dtype, order):
    X, Y = (np.asarray(a, dtype=dtype, order=order) for a in data())
    model = RidgeCV().fit(X, Y)
    assert model.coef_.dtype == dtype and model.coef_.shape == (4, 6)
    np.testing.assert_allclose(model.coef_, RidgeCV().fit(*data()).coef_, rtol=1e-4, atol=1e-5)


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
        ({"cv": 1}, "cv"),
        ({"cv": "loo"}, "cv"),
    ]:
        with pytest.raises(ValueError, match=message):
            RidgeCV(**params).fit(X, Y)
    with pytest.raises(ValueError, match="groups"):
        GroupRidgeCV(groups=[0, 1]).fit(X, Y)


def test_a_constant_target_is_nan_and_disturbs_nobody():
    X, Y = data()
    Y = np.column_stack([Y[:, 0], np.full(120, 437.3), Y[:, 1:]])
    model = RidgeCV(alphas=[0.1, 10.0]).fit(X, Y)
    alone = RidgeCV(alphas=[0.1, 10.0]).fit(X, np.delete(Y, 1, axis=1))
    assert np.isnan(model.coef_[1]).all() and np.isnan(model.cv_scores_[1])
    np.testing.assert_array_equal(np.delete(model.coef_, 1, axis=0), alone.coef_)
