"""Temperatures: scikit-learn's own checks, and shares that stay shares."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

from primitives.calibration import TemperatureScaledClassifier, scaled


def test_scikit_learns_own_checks_pass() -> None:
    model = TemperatureScaledClassifier(LogisticRegression(), temperature=0.7)
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
