"""The hypervolume of a front of score against complexity, and what one more member may add.

The hypervolume (Zitzler and Thiele 1999) is the area between a front and a reference point that
every member is better than: how good a front is, in one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.special import ndtr

Point = tuple[float, float]
"""Score, greater is better, and complexity, less is better."""


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Return the area that points dominate, as far as they are better than a reference point."""
    area, (floor, limit) = 0.0, reference
    reached = floor
    steps = sorted((complexity, score) for score, complexity in points)
    for complexity, score in steps:
        if score > reached and complexity < limit:
            area += (score - reached) * (limit - complexity)
            reached = score
    return area


def expected_gain(
    points: Sequence[Point], limit: float, complexity: float, mean: float, deviation: float
) -> float:
    """Return by how much a new point should raise the hypervolume.

    Parameters
    ----------
    points : sequence of Point
        Of the front; at least one.
    limit : float
        Complexity of the reference point.
    complexity : float
        Of the new point.
    mean, deviation : float
        Of its score, which is normally distributed.

    Notes
    -----
    At each complexity from that of the new point on, the gain is what its score is above the best
    score of no greater complexity; its expectation is that of Jones et al. (1998). Where no member
    is as simple, the score of the simplest stands in.
    """
    steps = sorted((one, score) for score, one in points)
    gain, best, at = 0.0, steps[0][1], complexity
    for one, score in steps:
        if one > at:
            gain += (min(one, limit) - at) * expected_improvement(best, mean, deviation)
            at = min(one, limit)
        best = max(best, score)
    return gain + max(0.0, limit - at) * expected_improvement(best, mean, deviation)


def expected_improvement(best: float, mean: float, deviation: float) -> float:
    """Return by how much a normal number should exceed `best`, counting 0 where it does not."""
    if deviation <= 0:
        return max(0.0, mean - best)
    z = (mean - best) / deviation
    density = np.exp(-0.5 * z * z) / sqrt(2 * np.pi)
    return float(deviation * (z * ndtr(z) + density))
