"""Budgets and deadlines are values that check themselves."""

from __future__ import annotations

import math
import time

import pytest

from evolver.budget import Budget, Deadline
from evolver.errors import InputError


@pytest.mark.parametrize(
    ("seconds", "evaluations", "argument"),
    [(0.0, None, "time_budget"), (None, 0, "max_evaluations"), (None, None, "time_budget")],
)
def test_a_budget_checks_itself(
    seconds: float | None, evaluations: int | None, argument: str
) -> None:
    with pytest.raises(InputError, match=f"`{argument}` must be"):
        Budget(seconds, evaluations)


def test_a_budget_is_extended_by_the_time_and_candidates_used() -> None:
    assert Budget(10.0, None).extended_by(5.0, 7) == Budget(15.0, None)
    assert Budget(None, 3).extended_by(5.0, 7) == Budget(None, 10)


def test_a_deadline_without_a_limit_is_never_over() -> None:
    never = Deadline.after(None, start=0.0)
    assert never == Deadline()
    assert never.left == math.inf
    assert not never.is_over
    assert never.later(5.0) == never


def test_a_deadline_is_over_after_its_moment() -> None:
    now = time.monotonic()
    assert Deadline.after(1e-6, start=now - 1.0).is_over
    assert not Deadline.after(1_000.0).is_over
    assert Deadline.after(1_000.0).left <= 1_000.0


def test_moving_a_deadline_gives_a_new_one() -> None:
    deadline = Deadline(100.0)
    assert deadline.later(5.0) == Deadline(105.0)
    assert deadline == Deadline(100.0)
    assert deadline.at_most(1e9) == deadline
    assert deadline.at_most(-time.monotonic()).moment <= 60.0
