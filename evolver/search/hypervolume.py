"""Hypervolume of a front, and its expected gain by a new member.

The hypervolume (Zitzler and Thiele 1999) measures the quality of a front: it is the volume between
the front and a reference point that is worse than every member. It is summed over cells. A grid
through the costs of all members divides the space of costs into cells, and within a cell the best
score is the same everywhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import ndtr

Costs = tuple[float, ...]
"""Costs by objective; less is better."""

Point = tuple[float, Costs]
"""Score and costs; a greater score is better."""


def hypervolume(points: Sequence[Point], floor: float, limits: Costs) -> float:
    """Return the volume between points and a reference point.

    Parameters
    ----------
    points : sequence of Point
    floor : float
        Score of the reference point.
    limits : tuple of float
        Costs of the reference point.
    """
    if not points:
        return 0.0
    # No point dominates a cell in which a cost is less than that of every point.
    lowest = tuple(min(costs) for costs in zip(*(costs for _, costs in points), strict=True))
    return sum(
        volume * max(0.0, best - floor)
        for volume, best in _cells(points, lowest, limits)
        if best is not None
    )


def expected_gain(
    points: Sequence[Point], limits: Costs, costs: Costs, mean: float, deviation: float
) -> float:
    """Return the expected gain in hypervolume by a new point.

    Parameters
    ----------
    points : sequence of Point
        Members of the front; at least one.
    limits : tuple of float
        Costs of the reference point.
    costs : tuple of float
        Costs of the new point.
    mean, deviation : float
        Mean and standard deviation of its score, which is taken to be normally distributed.

    Notes
    -----
    The new point gains volume in the cells whose costs are no less than its own. The gain in a cell
    is the excess of its score over the best score there, and the expected excess is that of Jones
    et al. (1998). In a cell with lower costs than any member has, the score of the cheapest member
    is used instead of the best score.
    """
    cheapest = min(points, key=lambda point: (point[1], point[0]))[0]
    return sum(
        volume * expected_improvement(cheapest if best is None else best, mean, deviation)
        for volume, best in _cells(points, costs, limits)
    )


def _cells(
    points: Sequence[Point], lowest: Costs, limits: Costs
) -> Iterator[tuple[float, float | None]]:
    """Yield the volume and the best score of each cell between two corners of the space of costs.

    The best score is None in a cell with lower costs than any member has.
    """
    axes = []
    for axis, (low, limit) in enumerate(zip(lowest, limits, strict=True)):
        inner = {costs[axis] for _, costs in points if low < costs[axis] < limit}
        axes.append(list(itertools.pairwise(sorted({low, limit, *inner}))) if low < limit else [])
    for cell in itertools.product(*axes):
        scores = [
            score
            for score, costs in points
            if all(cost <= low for cost, (low, _) in zip(costs, cell, strict=True))
        ]
        yield math.prod(high - low for low, high in cell), max(scores, default=None)


def expected_improvement(best: float, mean: float, deviation: float) -> float:
    """Return the expected excess over `best` of a normally distributed number (Jones et al. 1998).

    The excess of a number below `best` is 0.

    Parameters
    ----------
    best : float
    mean, deviation : float
        Mean and standard deviation of the number.
    """
    if deviation <= 0:
        return max(0.0, mean - best)
    z = (mean - best) / deviation
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * np.pi)
    return float(deviation * (z * ndtr(z) + density))
