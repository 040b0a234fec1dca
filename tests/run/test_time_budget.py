"""Time of a run: final fits that can still end in the budget."""

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
    """Return the seconds until fits in this order end, each made by the first free worker."""
    ends = [0.0] * workers
    for fit in seconds:
        ends[ends.index(min(ends))] += fit
    return max(ends)


def test_a_slow_fit_and_several_quick_ones_together_are_not_afforded() -> None:
    assert time_budget(100.0).affords(fits(50.0))
    assert not time_budget(100.0).affords(fits(90.0))
    assert time_budget(100.0).affords(fits(*[20.0] * 5))
    assert not time_budget(100.0).affords(fits(*[20.0] * 8))
    assert time_budget(100.0, workers=8).affords(fits(*[20.0] * 8))


def test_everything_is_afforded_without_a_budget_or_without_fits() -> None:
    assert time_budget(None).affords(fits(1e6))
    assert time_budget(1e-9).affords([])
    assert not time_budget(1e-9).affords(fits(0.1))


@given(
    st.lists(st.floats(0.1, 60.0), min_size=1, max_size=8),
    st.integers(1, 4),
    st.floats(1.0, 300.0),
)
def test_fits_that_are_afforded_end_in_time(
    seconds: list[float], workers: int, left: float
) -> None:
    assume(time_budget(left, workers).affords(fits(*seconds)))
    assert FINAL_OVERHEAD + FIT_MARGIN * longest(seconds, workers) <= left


def searched(seconds: float, cost: float = 1.0) -> TimeBudget:
    """Return the time budget of a run that has scored pipelines of two last steps."""
    mine = time_budget(seconds)
    for name in ("GaussianNB", "LogisticRegression"):
        found = record(name, cost)
        found.outcome = Scored((0.5,), (2.0,), 1.0)
        mine.observe(found)
    return mine


@pytest.mark.parametrize("seconds", [0.001, 5.0, 1_000.0])
def test_final_fits_get_the_time_to_start_workers_and_no_less_than_was_left(seconds: float) -> None:
    mine = searched(seconds)
    before = mine.search_left
    mine.leave_final_fits()
    assert mine.search_left == pytest.approx(max(before, WORKER_START), abs=0.1)
    assert mine.best is not None
    timeout = mine.fit_timeout(mine.best)
    assert timeout >= FIT_MARGIN * mine.expected_fit(mine.best)


@pytest.mark.parametrize("seconds", [0.001, 1_000.0])
def test_an_ensemble_that_is_limited_gets_its_expected_seconds(seconds: float) -> None:
    mine = searched(seconds)
    mine.leave_ensemble()
    assert mine.left <= ENSEMBLE_SHARE * seconds
    assert not mine.affords(fits(ENSEMBLE_SHARE * seconds))


def test_an_ensemble_that_is_limited_has_no_time_to_fit_each_member_twice() -> None:
    cheap, dear = searched(1_000.0, 0.0), searched(1_000.0, 20.0)
    cheap.leave_ensemble()
    dear.leave_ensemble()
    assert dear.best is not None
    a_fit_of_each = 2 * dear.expected_fit(dear.best) / 2
    assert 0 < dear.left - cheap.left < a_fit_of_each
