"""Models around a model pass scikit-learn's checks and give valid probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.utils.estimator_checks import check_estimator

from primitives.wrappers import (
    OpinionPoolClassifier,
    RepeatedClassifier,
    RepeatedRegressor,
    SubsampledClassifier,
    SubsampledRegressor,
    TemperatureScaledClassifier,
    log_pooled,
    random_states,
    reseeded,
    scaled,
)

VOTE = VotingClassifier(
    [("linear", LogisticRegression()), ("bayes", GaussianNB())], voting="soft", weights=[0.7, 0.3]
)
MODELS = [
    OpinionPoolClassifier(VOTE, temperature=0.7, weights=[0.9, 0.4]),
    TemperatureScaledClassifier(LogisticRegression(), temperature=0.7),
    RepeatedClassifier(ExtraTreesClassifier(5, random_state=0)),
    RepeatedRegressor(ExtraTreesRegressor(5, random_state=0)),
    SubsampledClassifier(KNeighborsClassifier()),
    SubsampledRegressor(SVR()),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_scikit_learns_own_checks_pass(model: object) -> None:
    results = check_estimator(model, on_skip=None, on_fail=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert failed == {}


def test_a_temperature_of_one_changes_nothing() -> None:
    shares = np.random.default_rng(0).dirichlet([0.3] * 4, size=20)
    assert scaled(shares, 1.0) is shares


@given(st.floats(0.3, 3.0), st.integers(0, 99))
def test_scaling_keeps_shares_and_their_order(temperature: float, seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet([0.3] * 4, size=20)
    found = scaled(shares, temperature)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(found.argmax(axis=1), shares.argmax(axis=1))
    surer = found.max(axis=1) - shares.max(axis=1)
    assert (surer * (1 - temperature) >= -1e-12).all()


def test_two_pools_are_averaged() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = np.where(X.sum(axis=1) + rng.normal(size=60) > 0, "yes", "no")
    weights, biases = [0.9, 0.4], [0.3, -0.3]
    model = OpinionPoolClassifier(VOTE, 0.7, weights, biases).fit(X, y)
    linear, bayes = (one.predict_proba(X) for one in model.estimator_.estimators_)
    powers = linear**0.9 * bayes**0.4 * np.exp(biases)
    by_logarithms = powers / powers.sum(axis=1, keepdims=True)
    expected = (scaled(0.7 * linear + 0.3 * bayes, 0.7) + by_logarithms) / 2
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.classes_[expected.argmax(axis=1)])


@given(st.integers(1, 4), st.integers(0, 99))
def test_pooling_by_equal_weights_is_the_geometric_mean(members: int, seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet([2.0] * 3, size=(members, 20)) * 0.9 + 0.1 / 3
    geometric = np.exp(np.log(shares).mean(axis=0))
    geometric /= geometric.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(log_pooled(shares, [1 / members] * members, 0.0), geometric)


def test_repeats_differ_in_their_random_states_and_are_averaged() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = X.sum(axis=1)
    trees = make_pipeline(StandardScaler(), ExtraTreesRegressor(3, random_state=7))
    model = RepeatedRegressor(trees, n_fits=3).fit(X[:40], y[:40])
    told = np.array([one.predict(X[40:]) for one in model.estimators_])
    np.testing.assert_array_equal(told[0], trees.fit(X[:40], y[:40]).predict(X[40:]))
    assert len(np.unique(told[:, 0])) == 3
    np.testing.assert_allclose(model.predict(X[40:]), told.mean(axis=0))
    labels = np.where(y > 0, "up", "down")
    voters = make_pipeline(StandardScaler(), ExtraTreesClassifier(3, random_state=7))
    voting = RepeatedClassifier(voters, n_fits=3).fit(X[:40], labels[:40])
    shares = np.array([one.predict_proba(X[40:]) for one in voting.estimators_])
    np.testing.assert_allclose(voting.predict_proba(X[40:]), shares.mean(axis=0))
    chosen = voting.classes_[shares.mean(axis=0).argmax(axis=1)]
    np.testing.assert_array_equal(voting.predict(X[40:]), chosen)


def test_random_states_that_are_integers_are_later_by_the_repeat() -> None:
    trees = make_pipeline(StandardScaler(), ExtraTreesRegressor(random_state=2**31 - 1))
    assert list(random_states(trees).values()) == [2**31 - 1]
    assert list(random_states(reseeded(trees, 0)).values()) == [2**31 - 1]
    assert list(random_states(reseeded(trees, 2)).values()) == [1]
    assert random_states(ExtraTreesRegressor()) == random_states(StandardScaler()) == {}


def test_it_is_fitted_on_so_many_rows_and_one_of_every_class() -> None:
    X = np.arange(1000.0).reshape(-1, 1)
    y = np.where(X[:, 0] == 500, "rare", "common")
    model = SubsampledClassifier(KNeighborsClassifier(1), max_rows=20).fit(X, y)
    assert model.estimator_.n_samples_fit_ in (20, 21, 22)
    assert list(model.classes_) == ["common", "rare"]
    assert model.predict([[500.0]]) == ["rare"]


def test_fewer_rows_than_that_are_all_fitted_on() -> None:
    X = np.arange(30.0).reshape(-1, 1)
    model = SubsampledRegressor(KNeighborsRegressor(1)).fit(X, X[:, 0])
    np.testing.assert_array_equal(model.predict(X), X[:, 0])
