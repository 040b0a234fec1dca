"""Calibrated classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from primitives.calibration import PlattScaledClassifier


def test_the_log_odds_of_two_classes_are_on_a_line() -> None:
    X, y = load_iris(return_X_y=True)
    X, y = X[50:, :2], np.where(y[50:] == 1, "no", "yes")
    model = clone(PlattScaledClassifier(LogisticRegression(), 0.7, [0.0, -2.0])).fit(X, y)
    odds = model.estimator_.decision_function(X)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expit(0.7 * odds - 2.0))
    np.testing.assert_array_equal(model.predict(X), np.where(0.7 * odds > 2.0, "yes", "no"))
    assert model.classes_.tolist() == ["no", "yes"]


def test_without_slope_and_biases_nothing_changes() -> None:
    X, y = load_iris(return_X_y=True)
    model = PlattScaledClassifier(LogisticRegression(max_iter=1000)).fit(X, y)
    expected = model.estimator_.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)


def test_probabilities_of_0_are_raised() -> None:
    X, y = np.array([[-1e3], [1e3]]), np.array([0, 1])
    model = PlattScaledClassifier(LogisticRegression(C=1e3), smallest=0.01).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X)[0], [1 / 1.01, 0.01 / 1.01], rtol=1e-6)


def test_it_must_be_fitted() -> None:
    with pytest.raises(NotFittedError):
        PlattScaledClassifier(LogisticRegression()).predict([[0.0]])
