"""Means, deviations and standard errors of outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.outcome import Scored, standard_error

scores = st.lists(st.floats(-10.0, 10.0), min_size=2, max_size=12)


@given(scores)
def test_the_deviation_is_that_of_a_sample_and_gives_the_standard_error(folds: list[float]) -> None:
    """Racing, ensembles and pandas use the same definition, by n - 1."""
    outcome = Scored(tuple(folds), (1.0,), 1.0)
    deviation = np.std(folds, ddof=1)
    assert outcome.std == pytest.approx(deviation, abs=1e-9)
    assert outcome.standard_error == pytest.approx(deviation / len(folds) ** 0.5, abs=1e-9)
    assert standard_error(folds) == outcome.standard_error


def test_the_standard_error_estimates_the_deviation_of_means() -> None:
    rng = np.random.default_rng(0)
    variances = [standard_error(rng.normal(size=5).tolist()) ** 2 for _ in range(4_000)]
    assert np.mean(variances) == pytest.approx(1 / 5, rel=0.05)


def test_one_fold_has_no_deviation_and_no_standard_error() -> None:
    outcome = Scored((0.5,), (1.0,), 1.0)
    assert outcome.score == 0.5
    assert np.isnan(outcome.std)
    assert np.isnan(outcome.standard_error)
