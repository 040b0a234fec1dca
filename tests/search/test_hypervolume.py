"""Hypervolume and expected gain, compared with counted cubes and drawn scores."""

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
def test_the_hypervolume_is_the_dominated_volume(points: list[Point]) -> None:
    """The dominated unit cubes are counted."""
    counted = sum(
        any(
            score > level and all(cost <= place for cost, place in zip(costs, places, strict=True))
            for score, costs in points
        )
        for level, *places in product(range(LIMIT), repeat=1 + len(points[0][1]))
    )
    assert hypervolume(points, 0.0, limits(points)) == counted


def test_points_beyond_the_reference_point_add_no_hypervolume() -> None:
    assert hypervolume([], 0.0, (10.0,)) == 0.0
    assert hypervolume([(0.5, (12.0,))], 0.0, (10.0,)) == 0.0
    assert hypervolume([(-1.0, (2.0,))], 0.0, (10.0,)) == 0.0


@settings(max_examples=60, deadline=None)
@given(fronts, numbers, st.floats(0, 9), st.floats(0.01, 3))
def test_the_expected_gain_is_the_mean_gain_of_drawn_scores(
    points: list[Point], cost: int, mean: float, deviation: float
) -> None:
    """One member has the least cost, so that the volume is bounded everywhere."""
    n_costs = len(points[0][1])
    points = [*points, (1, (1,) * n_costs)]
    costs = (cost,) * n_costs
    drawn = mean + deviation * np.random.default_rng(0).standard_normal(400)
    before = hypervolume(points, -50.0, limits(points))
    gains = [hypervolume([*points, (one, costs)], -50.0, limits(points)) - before for one in drawn]
    expected = expected_gain(points, limits(points), costs, mean, deviation)
    room = 5 * np.std(gains) / np.sqrt(len(gains)) + 0.05 * deviation
    assert expected == pytest.approx(np.mean(gains), abs=room)


def test_a_point_that_is_surely_worse_gains_nothing() -> None:
    assert expected_improvement(1.0, 0.5, 0.0) == 0.0
    assert expected_improvement(1.0, 1.5, 0.0) == 0.5
    assert expected_gain([(1.0, (2.0,))], (4.0,), (3.0,), 0.0, 1e-3) == pytest.approx(0.0)


def test_a_greater_deviation_means_a_greater_gain() -> None:
    gains = [expected_gain([(1.0, (2.0,))], (4.0,), (2.0,), 0.9, one) for one in (0.01, 0.1, 1.0)]
    assert gains == sorted(gains)


def test_below_all_costs_the_score_of_the_cheapest_member_is_to_be_beaten() -> None:
    """A score of 0.5 is to be beaten at costs from 1 to 2 and from 2 to 4."""
    assert expected_gain([(0.5, (2.0,))], (4.0,), (1.0,), 0.7, 0.0) == pytest.approx(3 * 0.2)
