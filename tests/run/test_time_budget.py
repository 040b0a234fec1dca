"""What can still be fitted before a run must end."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evolver.budget import Budget
from evolver.outcome import Scored
from evolver.run.fit_times import FitTimeModel
from evolver.run.record import Record
from evolver.run.time_budget import (
    ENSEMBLE_SHARE,
    FINAL_OVERHEAD,
    FIT_MARGIN,
    WORKER_START,
    TimeBudget,
)
from tests.run.test_fit_times import record

ROWS = 1_000


def time_budget(seconds: float | None, workers: int = 2) -> TimeBudget:
    budget = Budget(seconds, evaluations=1)
    times = FitTimeModel([ROWS])
    return TimeBudget(budget, time.monotonic(), times, rows=ROWS, members=8, workers=workers)


def fits(*seconds: float) -> list[Record]:
    return [record("GaussianNB", one) for one in seconds]


def longest(seconds: list[float], workers: int) -> float:
    """Return how long fits take in this order, each by the worker that is free first."""
    ends = [0.0] * workers
    for one in seconds:
        ends[ends.index(min(ends))] += one
    return max(ends)


def test_one_that_is_too_slow_is_not_afforded_and_several_count_together() -> None:
    assert time_budget(100.0).affords(fits(50.0))
    assert not time_budget(100.0).affords(fits(90.0))
    assert time_budget(100.0).affords(fits(*[20.0] * 5))
    assert not time_budget(100.0).affords(fits(*[20.0] * 8))
    assert time_budget(100.0, workers=8).affords(fits(*[20.0] * 8))


def test_without_a_budget_or_anything_to_fit_everything_is_afforded() -> None:
    assert time_budget(None).affords(fits(1e6))
    assert time_budget(1e-9).affords([])
    assert not time_budget(1e-9).affords(fits(0.1))


@given(
    st.lists(st.floats(0.1, 60.0), min_size=1, max_size=8),
    st.integers(1, 4),
    st.floats(1.0, 300.0),
)
def test_what_is_afforded_ends_in_time(seconds: list[float], workers: int, left: float) -> None:
    assume(time_budget(left, workers).affords(fits(*seconds)))
    assert FINAL_OVERHEAD + FIT_MARGIN * longest(seconds, workers) <= left


def searched(seconds: float, cost: float = 1.0) -> TimeBudget:
    """Return the time of a run that has found two pipelines of two kinds."""
    mine = time_budget(seconds)
    for name in ("GaussianNB", "LogisticRegression"):
        found = record(name, cost)
        found.outcome = Scored((0.5,), (2.0,), 1.0)
        mine.observe(found)
    return mine


@pytest.mark.parametrize("seconds", [0.001, 5.0, 1_000.0])
def test_final_fits_get_what_they_need_and_no_less_than_was_left(seconds: float) -> None:
    mine = searched(seconds)
    before = mine.search_left
    mine.leave_final_fits()
    assert mine.search_left == pytest.approx(max(before, WORKER_START), abs=0.1)
    assert mine.best is not None
    timeout = mine.fit_timeout(mine.best)
    assert timeout >= FIT_MARGIN * mine.expected_fit(mine.best)


@pytest.mark.parametrize("seconds", [0.001, 1_000.0])
def test_in_a_hurry_an_ensemble_gets_what_it_should_take(seconds: float) -> None:
    mine = searched(seconds)
    mine.leave_ensemble()
    assert mine.left <= ENSEMBLE_SHARE * seconds
    assert not mine.affords(fits(ENSEMBLE_SHARE * seconds))


def test_in_a_hurry_there_is_no_time_for_a_second_fit_of_each_member() -> None:
    cheap, dear = searched(1_000.0, 0.0), searched(1_000.0, 20.0)
    cheap.leave_ensemble()
    dear.leave_ensemble()
    assert dear.best is not None
    a_fit_of_each = 2 * dear.expected_fit(dear.best) / 2
    assert 0 < dear.left - cheap.left < a_fit_of_each
