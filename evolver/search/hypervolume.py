"""Hypervolume of a front, and the gain that a new member may bring.

The hypervolume (Zitzler and Thiele 1999) is the volume between a front and a reference point that
every member is better than: the quality of a front in one number. It is summed over cells: a grid
through the costs of all members divides the space of costs, and within a cell the best score is the
same everywhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import ndtr

Costs = tuple[float, ...]

Point = tuple[float, Costs]
"""Score, greater is better, and costs, less is better."""


def hypervolume(points: Sequence[Point], floor: float, limits: Costs) -> float:
    """Return the volume that points dominate, as far as they are better than a reference point.

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
        Mean and standard deviation of its score, which is normally distributed.

    Notes
    -----
    In each cell whose costs are no less than those of the new point, the gain is the excess of its
    score over the best score there; the expected excess is that of Jones et al. (1998). Where no
    member costs as little, the score of the cheapest member stands in.
    """
    cheapest = min(points, key=lambda point: (point[1], point[0]))[0]
    return sum(
        volume * expected_improvement(cheapest if best is None else best, mean, deviation)
        for volume, best in _cells(points, costs, limits)
    )


def _cells(
    points: Sequence[Point], lowest: Costs, limits: Costs
) -> Iterator[tuple[float, float | None]]:
    """Give volume and best score of each cell between two corners of the space of costs.

    The score is None in a cell in which every member costs more.
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
    """Return the expected excess of a normal number over `best`, which is 0 where it is less."""
    if deviation <= 0:
        return max(0.0, mean - best)
    z = (mean - best) / deviation
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * np.pi)
    return float(deviation * (z * ndtr(z) + density))
