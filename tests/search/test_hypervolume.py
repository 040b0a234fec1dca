"""Hypervolume and expected gain: against the definition, by counting and by drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.search.hypervolume import expected_gain, expected_improvement, hypervolume

points = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6)


@given(points)
def test_the_hypervolume_is_the_area_that_is_dominated(found: list[tuple[int, int]]) -> None:
    """Counted on a grid of unit squares."""
    counted = sum(
        any(score > row and complexity <= column for score, complexity in found)
        for row in range(10)
        for column in range(10)
    )
    assert hypervolume(found, (0.0, 10.0)) == counted


@given(points, st.integers(1, 9), st.floats(0, 9), st.floats(0.01, 3))
def test_the_gain_is_what_drawn_scores_gain(
    found: list[tuple[int, int]], complexity: int, mean: float, deviation: float
) -> None:
    """Where a member is as simple as the new point."""
    found = [*found, (1, 1)]
    drawn = mean + deviation * np.random.default_rng(0).standard_normal(400)
    before = hypervolume(found, (-50.0, 10.0))
    gains = [hypervolume([*found, (one, complexity)], (-50.0, 10.0)) - before for one in drawn]
    room = 5 * np.std(gains) / np.sqrt(len(gains)) + 0.05 * deviation
    assert expected_gain(found, 10.0, complexity, mean, deviation) == pytest.approx(
        np.mean(gains), abs=room
    )


def test_what_is_sure_to_be_worse_gains_nothing() -> None:
    assert expected_improvement(1.0, 0.5, 0.0) == 0.0
    assert expected_improvement(1.0, 1.5, 0.0) == 0.5
    assert expected_gain([(1.0, 2.0)], 4.0, 3.0, 0.0, 1e-3) == pytest.approx(0.0)


def test_the_more_spread_the_more_to_gain() -> None:
    gains = [expected_gain([(1.0, 2.0)], 4.0, 2.0, 0.9, one) for one in (0.01, 0.1, 1.0)]
    assert gains == sorted(gains)
