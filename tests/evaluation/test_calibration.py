"""Lines of the log-odds: the best one is found, and is given where it matters alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from evolver.evaluation.calibration import Line, is_shifted, needed_line, platt_line


def rows(
    slope: float, bias: float, n_rows: int = 4_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return classes and probabilities whose right log-odds are a line of theirs."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 2, n_rows)
    second = rng.random(n_rows) < expit(slope * odds + bias)
    return second, expit(np.column_stack([-odds, odds]))


@pytest.mark.parametrize(("slope", "bias"), [(1.0, -3.0), (0.4, 0.5), (2.0, -1.0), (1.0, 0.0)])
def test_the_line_is_found(slope: float, bias: float) -> None:
    second, shares = rows(slope, bias, 50_000)
    line = platt_line(second, shares)
    assert abs(line.slope - slope) < 0.06
    assert abs(line.bias - bias) < 0.06
    assert abs(line(shares)[:, 1].mean() - second.mean()) < 0.001


@given(st.integers(0, 99), st.floats(0.05, 40.0), st.booleans())
def test_no_other_line_suits_the_rows_better(seed: int, sharper: float, is_weighted: bool) -> None:
    """Probabilities that are far too sure made Newton's method without halved steps diverge."""
    second, shares = rows(1.0, -1.0, 200, seed)
    if second.all() or not second.any():
        return
    odds = np.log(shares[:, 1] / shares[:, 0]) * sharper
    sure = expit(np.column_stack([-odds, odds]))
    weights = np.random.default_rng(seed).random(200) + 0.1 if is_weighted else None
    line = platt_line(second, sure, weights)
    raised = np.maximum(sure, line.smallest)
    terms = np.log(raised[:, 1] / raised[:, 0])
    n_second = second.sum()
    target = np.where(second, (n_second + 1) / (n_second + 2), 1 / (202 - n_second))
    heavy = np.ones(200) if weights is None else weights / weights.mean()

    def loss(values: np.ndarray) -> float:
        found = values[0] * terms + values[1]
        return float(heavy @ (np.logaddexp(0, found) - target * found))

    best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8}).fun
    assert loss(np.array([line.slope, line.bias])) <= best + 1e-4


@given(st.integers(0, 99), st.floats(0.1, 3.0), st.floats(-4.0, 4.0))
def test_a_line_keeps_the_order_and_gives_probabilities(
    seed: int, slope: float, bias: float
) -> None:
    shares = np.random.default_rng(seed).dirichlet([0.5, 0.5], 50)
    changed = Line(slope, bias)(shares)
    np.testing.assert_allclose(changed.sum(axis=1), 1)
    order = np.argsort(shares[:, 1])
    assert (np.diff(changed[order, 1]) >= 0).all()


def test_a_line_is_needed_by_wrong_probabilities_alone() -> None:
    assert needed_line(*rows(1.0, 0.0)) is None
    shifted, sure = needed_line(*rows(1.0, -3.0)), needed_line(*rows(0.3, 0.0))
    assert shifted is not None
    assert sure is not None
    assert is_shifted(*rows(1.0, -3.0))
    assert not is_shifted(*rows(0.3, 0.0))


def test_an_order_that_is_wrong_is_kept_and_flat() -> None:
    second, shares = rows(-1.0, -2.0)
    line = needed_line(second, shares)
    assert line is not None
    assert line.slope == 0.01
    changed = line(shares)[:, 1]
    assert abs(changed.mean() - second.mean()) < 1e-3
    np.testing.assert_array_equal(np.argsort(changed), np.argsort(shares[:, 1]))


def test_no_line_is_learned_from_one_class() -> None:
    _, shares = rows(1.0, 0.0)
    assert needed_line(np.zeros(len(shares), dtype=bool), shares) is None


def test_votes_of_0_are_as_wrong_as_the_smallest_other() -> None:
    """A line of a forest must not be the one of a few rows that no tree was right on."""
    rng = np.random.default_rng(0)
    true = rng.beta(0.3, 3.0, 5_000)
    second = rng.random(5_000) < true
    votes = rng.binomial(50, true) / 50
    line = platt_line(second, np.column_stack([1 - votes, votes]))
    assert line.smallest == 0.001
    assert line.slope > 0.5


def test_probabilities_of_any_size_have_a_line() -> None:
    """Half of the smallest float is 0, whose logarithm made every probability NaN."""
    second, shares = rows(1.0, 0.0, 200)
    for least in (0.0, 5e-324, 1e-300):
        shares[0], shares[1] = (1.0, least), (least, 1.0)
        line = platt_line(second, shares)
        assert np.isfinite(line(shares)).all()


def test_rows_without_weight_do_not_count() -> None:
    second, shares = rows(1.0, -3.0)
    weights = np.ones(len(second))
    weights[::2] = 0.0
    assert needed_line(second, shares, weights) == needed_line(second[1::2], shares[1::2])
