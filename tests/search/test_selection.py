"""Survival and choice with two or three objectives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.genome.candidate import Candidate, Origin
from evolver.outcome import Scored
from evolver.search.selection import (
    Member,
    best,
    front,
    knee,
    one_standard_error,
    survivors,
    tournament,
)
from tests.genome.strategies import CATALOGUES, random_tree

SOME = Candidate(random_tree(CATALOGUES["binary"], 0), Origin("evolution", "growth"))

objectives = st.integers(1, 2).flatmap(
    lambda costs: st.lists(
        st.tuples(st.integers(0, 6), *[st.integers(1, 6)] * costs), min_size=1, max_size=25
    )
)


def member(score: float, *costs: float, spread: float = 0.0) -> Member:
    return Member(SOME, Scored((score - spread, score + spread), costs, 1.0))


def values(one: Member) -> tuple[float, ...]:
    """Return the objectives of a member, all to be maximised."""
    return one.outcome.score, *(-cost for cost in one.outcome.costs)


def dominates(one: Member, other: Member) -> bool:
    a, b = values(one), values(other)
    return a != b and all(x >= y for x, y in zip(a, b, strict=True))


@given(objectives)
def test_the_front_is_the_members_that_no_other_dominates(drawn: list[tuple[int, ...]]) -> None:
    members = [member(*one) for one in drawn]
    expected = {
        values(one) for one in members if not any(dominates(other, one) for other in members)
    }
    found = front(members)
    assert [values(one) for one in found] == sorted(expected, reverse=True)


@given(objectives, st.integers(1, 30))
def test_survivors_are_as_many_as_asked_for_and_have_the_ranks_of_their_dominance(
    drawn: list[tuple[int, ...]], size: int
) -> None:
    members = [member(*one) for one in drawn]
    kept = survivors(members, size)
    assert len(kept) == min(size, len(members))
    ranks = {id(one.fitness.wvalues): one.rank for one in kept}
    assert min(ranks.values()) == 0
    for one in kept:
        for other in kept:
            if dominates(one, other):
                assert one.rank < other.rank


def test_the_best_score_always_survives() -> None:
    members = [member(score, complexity) for score in range(5) for complexity in range(1, 5)]
    assert max(one.outcome.score for one in survivors(members, 2)) == 4


def test_tournaments_prefer_lower_ranks() -> None:
    population = survivors([member(1, 1), member(0, 2)], 2)
    rng = np.random.default_rng(0)
    won = [tournament(population, rng).outcome.score for _ in range(400)]
    assert 0.65 < np.mean(won) < 0.85


def test_choices_from_a_front() -> None:
    members = front(
        [member(0.90, 8, spread=0.02), member(0.89, 3), member(0.80, 2), member(0.50, 1)]
    )
    assert best(members).outcome.complexity == 8
    assert one_standard_error(members).outcome.complexity == 3
    assert knee(members).outcome.complexity == pytest.approx(3, abs=1)


def test_the_knee_on_three_objectives_is_good_in_all() -> None:
    ends = [member(1.0, 9, 9), member(0.0, 1, 9), member(0.1, 9, 1)]
    assert knee(front([*ends, member(0.9, 2, 2)])).outcome.costs == (2, 2)


def test_one_standard_error_is_that_of_the_sample_deviation() -> None:
    """The standard error of two folds that are 0.04 apart is 0.02, not 0.014."""
    members = front([member(0.90, 8, spread=0.02), member(0.883, 3), member(0.87, 2)])
    assert one_standard_error(members).outcome.complexity == 3


def test_with_one_fold_only_the_best_is_within_one_standard_error() -> None:
    members = front([Member(SOME, Scored((score,), (score,), 1.0)) for score in (0.8, 0.9, 0.7)])
    assert one_standard_error(members) is best(members)


def test_the_front_of_nothing_is_empty() -> None:
    assert front([]) == []
