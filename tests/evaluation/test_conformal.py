"""Intervals and sets of classes by errors of out-of-fold predictions."""

from __future__ import annotations

import numpy as np
import pytest

from evolver.errors import InputError
from evolver.evaluation.conformal import KEPT, Conformities, Errors, Residuals


def numbers(n_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true numbers whose errors grow with the prediction, predictions and folds."""
    rng = np.random.default_rng(seed)
    predictions = rng.uniform(1, 10, n_rows)
    truth = predictions + rng.normal(size=n_rows) * predictions / 3
    return truth, predictions, np.arange(n_rows) % 5


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.99])
def test_intervals_hold_the_share_of_new_rows(coverage: float) -> None:
    truth, predictions, _ = numbers(20_000, 1)
    found = Residuals.of(*numbers(4_000)).intervals(predictions, coverage)
    inside = (found[:, 0] <= truth) & (truth <= found[:, 1])
    error = np.sqrt(coverage * (1 - coverage) / 4_000)
    assert inside.mean() == pytest.approx(coverage, abs=3 * error)


def test_intervals_are_wider_where_errors_are_larger() -> None:
    found = Residuals.of(*numbers(1_000)).intervals(np.array([2.0, 9.0]), 0.9)
    narrow, wide = found[:, 1] - found[:, 0]
    assert wide > 2.5 * narrow


def test_few_rows_have_one_width_and_refuse_a_coverage_that_they_cannot_show() -> None:
    errors = Residuals.of(*numbers(30))
    found = errors.intervals(np.array([2.0, 9.0]), 0.9)
    assert found[0, 1] - found[0, 0] == pytest.approx(found[1, 1] - found[1, 0])
    with pytest.raises(InputError, match=r"`coverage` must be at most 0.968 .*, got 0.99"):
        errors.intervals(np.array([2.0]), 0.99)


def test_a_perfect_model_has_intervals_of_no_width() -> None:
    truth = np.arange(200.0)
    found = Residuals.of(truth, truth, np.arange(200) % 5).intervals(np.array([3.0]), 0.9)
    assert found.tolist() == [[3.0, 3.0]]


def test_a_weight_counts_as_rows() -> None:
    rng = np.random.default_rng(0)
    errors, weights = rng.random(500), rng.integers(0, 3, 500)
    weighted = Errors.of(errors, weights.astype(float))
    repeated = Errors.of(np.repeat(errors, weights))
    for share in (0.5, 0.9):
        assert weighted.quantile(share) == pytest.approx(repeated.quantile(share), abs=0.01)


def test_few_numbers_are_kept_of_many_rows() -> None:
    errors = np.random.default_rng(0).random(100_000)
    found = Errors.of(errors)
    assert len(found.values) <= KEPT
    for share in (0.01, 0.5, 0.9, 0.999):
        assert found.quantile(share) == pytest.approx(share, abs=0.005)


def classes(n_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return columns of true classes, one of them rare, and probabilities that are right."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n_rows, 3)) * 1.5 + np.log([0.6, 0.37, 0.03])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    columns = (rng.random((n_rows, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=2)
    return columns, shares


def test_sets_hold_the_share_of_new_rows_and_are_never_empty() -> None:
    errors = Conformities.of(*classes(2_000))
    columns, shares = classes(20_000, 1)
    found = errors.sets(shares, 0.9, by_class=False)
    assert found.dtype == bool
    assert found[np.arange(len(found)), columns].mean() == pytest.approx(0.9, abs=0.02)
    assert found.any(axis=1).all()
    assert errors.sets(shares, 0.5, by_class=False).sum(axis=1).min() == 1


def test_sets_by_class_hold_the_share_of_each_class() -> None:
    errors = Conformities.of(*classes(3_000))
    columns, shares = classes(20_000, 1)
    for by_class, least in ((True, 0.82), (False, 0.0)):
        found = errors.sets(shares, 0.9, by_class=by_class)
        covered = [found[columns == column, column].mean() for column in range(3)]
        assert min(covered) >= least
    assert min(covered) < 0.7  # of the rare class, without `by_class`


def test_a_class_of_too_few_rows_is_in_every_set_by_class() -> None:
    columns, shares = classes(300)
    few = np.flatnonzero((columns != 2) | (np.cumsum(columns == 2) <= 3))
    errors = Conformities.of(columns[few], shares[few])
    assert errors.sets(shares, 0.9, by_class=True)[:, 2].all()


def test_no_row_has_no_set() -> None:
    errors = Conformities.of(*classes(300))
    assert errors.sets(np.empty((0, 3)), 0.9, by_class=False).shape == (0, 3)
