"""Boosting finds its rounds on some of its rows, and is fitted on all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from primitives import default_catalogue
from primitives.early_stopping import EarlyStoppedClassifier, EarlyStoppedRegressor

MODELS = {
    "HistGradientBoosting": "max_iter",
    "LGBM": "n_estimators",
    "XGB": "n_estimators",
    "CatBoost": "iterations",
}
MOST = 300


def boosted(name: str, task: str, **values: Any) -> Any:
    """Return an unfitted model of the catalogue with at most `MOST` quick rounds."""
    kind = "Regressor" if task == "regression" else "Classifier"
    build = default_catalogue()[f"{name}{kind}"].build
    return build(**{"random_state": 0, "learning_rate": 0.3, MODELS[name]: MOST, **values})


def data(task: str) -> tuple[np.ndarray, np.ndarray]:
    load = load_diabetes if task == "regression" else load_breast_cancer
    X, y = load(return_X_y=True)
    return X, y


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", sorted(MODELS))
class TestRounds:
    def test_they_are_fewer_than_allowed_and_those_of_the_final_model(
        self, name: str, task: str
    ) -> None:
        X, y = data(task)
        model = boosted(name, task).fit(X, y)
        assert 1 <= model.n_rounds_ < MOST
        assert model.estimator_.get_params()[MODELS[name]] == model.n_rounds_

    def test_what_is_predicted_later_does_not_change_them(self, name: str, task: str) -> None:
        """Rows that `fit` is not given cannot change the model, whatever their labels."""
        X, y = data(task)
        given = np.arange(len(y)) % 2 == 0
        one = boosted(name, task).fit(X[given], y[given])
        changed = np.where(given, y, y[::-1])
        other = boosted(name, task).fit(X[given], changed[given])
        assert one.n_rounds_ == other.n_rounds_
        np.testing.assert_array_equal(one.predict(X[~given]), other.predict(X[~given]))


@pytest.mark.parametrize(
    ("wrapper", "model", "task"),
    [
        (EarlyStoppedClassifier, HistGradientBoostingClassifier, "binary"),
        (EarlyStoppedRegressor, HistGradientBoostingRegressor, "regression"),
    ],
)
def test_the_final_model_is_fitted_on_all_rows_with_the_rounds_found(
    wrapper: Any, model: Any, task: str
) -> None:
    X, y = data(task)
    plain = model(max_iter=MOST, early_stopping=False, random_state=0)
    stopped = wrapper(plain, random_state=0).fit(X, y)
    alone = model(max_iter=stopped.n_rounds_, early_stopping=False, random_state=0).fit(X, y)
    expected = alone.predict_proba(X) if task == "binary" else alone.predict(X)
    got = stopped.predict_proba(X) if task == "binary" else stopped.predict(X)
    np.testing.assert_array_equal(got, expected)


def test_few_rows_are_all_fitted_on_with_all_rounds() -> None:
    X, y = data("regression")
    model = boosted("HistGradientBoosting", "regression").fit(X[:30], y[:30])
    assert model.n_rounds_ == MOST


@pytest.mark.parametrize("name", sorted(MODELS))
def test_without_patience_all_rounds_are_done_on_all_rows(name: str) -> None:
    X, y = data("regression")
    model = boosted(name, "regression", patience=None, **{MODELS[name]: 20}).fit(X, y)
    alone = clone(model.estimator).fit(X, y)
    assert model.n_rounds_ == 20
    np.testing.assert_array_equal(model.predict(X), alone.predict(X))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_class_of_one_row_is_fitted_on_whatever_is_set_aside(name: str) -> None:
    X, y = data("binary")
    X, y = X[:120], y[:120].copy()
    y[0] = 2
    for seed in range(8):
        model = boosted(name, "multiclass", **{MODELS[name]: 40})
        model.set_params(random_state=seed, validation_fraction=0.5)
        assert model.fit(X, y).predict_proba(X).shape == (120, 3)


def test_where_every_row_is_a_class_of_its_own_none_is_set_aside() -> None:
    X, _ = data("binary")
    model = boosted("HistGradientBoosting", "multiclass", max_iter=2)
    assert model.fit(X[:60], np.arange(60)).n_rounds_ == 2


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_held_out_rows_count_by_their_weights(name: str, task: str) -> None:
    X, y = (part[:300] for part in data(task))
    model = boosted(name, task, **{MODELS[name]: 60}).fit(X, y)
    held_out = model._split(y)[1]
    rounds = set()
    for seed in range(3):
        weights = np.ones(len(y))
        weights[held_out] = 100.0 ** np.random.default_rng(seed).normal(size=len(held_out))
        rounds.add(model.fit(X, y, sample_weight=weights).n_rounds_)
    assert len(rounds) > 1
    weights[held_out] = 0.0
    assert model.fit(X, y, sample_weight=weights).n_rounds_ >= 1


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_columns_without_a_value_say_nothing(name: str, task: str) -> None:
    """A column with a single value may have none among the rows that are not held out."""
    X, y = data(task)
    X = np.column_stack([X, np.full((len(X), 2), np.nan)])
    X[7, -1] = 1.0
    model = boosted(name, task).fit(X, y)
    before = model.predict(X)
    X[:, -2] = 3.0
    np.testing.assert_array_equal(model.predict(X), before)
