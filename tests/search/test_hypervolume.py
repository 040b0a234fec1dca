"""Hypervolume and expected gain: against the definition, by counting and by drawing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolver.search.hypervolume import (
    Costs,
    Point,
    expected_gain,
    expected_improvement,
    hypervolume,
)

LIMIT = 10

numbers = st.integers(1, LIMIT - 1)
fronts = st.integers(1, 2).flatmap(
    lambda n_costs: st.lists(
        st.tuples(numbers, st.tuples(*[numbers] * n_costs)), min_size=1, max_size=6
    )
)


def limits(points: list[Point]) -> Costs:
    return (float(LIMIT),) * len(points[0][1])


@given(fronts)
def test_the_hypervolume_is_the_volume_that_is_dominated(points: list[Point]) -> None:
    """Unit cubes are counted."""
    counted = sum(
        any(
            score > level and all(cost <= place for cost, place in zip(costs, places, strict=True))
            for score, costs in points
        )
        for level, *places in product(range(LIMIT), repeat=1 + len(points[0][1]))
    )
    assert hypervolume(points, 0.0, limits(points)) == counted


def test_nothing_has_no_hypervolume_and_what_is_beyond_the_reference_point_counts_for_nothing() -> (
    None
):
    assert hypervolume([], 0.0, (10.0,)) == 0.0
    assert hypervolume([(0.5, (12.0,))], 0.0, (10.0,)) == 0.0
    assert hypervolume([(-1.0, (2.0,))], 0.0, (10.0,)) == 0.0


@settings(max_examples=60, deadline=None)
@given(fronts, numbers, st.floats(0, 9), st.floats(0.01, 3))
def test_the_gain_is_what_drawn_scores_gain(
    points: list[Point], cost: int, mean: float, deviation: float
) -> None:
    """One member costs the least, so that the volume is bounded everywhere."""
    n_costs = len(points[0][1])
    points = [*points, (1, (1,) * n_costs)]
    costs = (cost,) * n_costs
    drawn = mean + deviation * np.random.default_rng(0).standard_normal(400)
    before = hypervolume(points, -50.0, limits(points))
    gains = [hypervolume([*points, (one, costs)], -50.0, limits(points)) - before for one in drawn]
    expected = expected_gain(points, limits(points), costs, mean, deviation)
    room = 5 * np.std(gains) / np.sqrt(len(gains)) + 0.05 * deviation
    assert expected == pytest.approx(np.mean(gains), abs=room)


def test_what_is_sure_to_be_worse_gains_nothing() -> None:
    assert expected_improvement(1.0, 0.5, 0.0) == 0.0
    assert expected_improvement(1.0, 1.5, 0.0) == 0.5
    assert expected_gain([(1.0, (2.0,))], (4.0,), (3.0,), 0.0, 1e-3) == pytest.approx(0.0)


def test_the_more_spread_the_more_to_gain() -> None:
    gains = [expected_gain([(1.0, (2.0,))], (4.0,), (2.0,), 0.9, one) for one in (0.01, 0.1, 1.0)]
    assert gains == sorted(gains)


def test_where_no_member_costs_as_little_the_score_of_the_cheapest_stands_in() -> None:
    """Cells from 1 to 2 and from 2 to 4 both have 0.5 to beat."""
    assert expected_gain([(0.5, (2.0,))], (4.0,), (1.0,), 0.7, 0.0) == pytest.approx(3 * 0.2)
