"""Blends: weighted averages of predictions of candidates, and the terms in which they are chosen.

Library    out-of-fold predictions of candidates
Blends     scores averages of predictions on a fold; the caller knows the metric
Blend      weights, temperature and pool
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evolver.ensemble.log_opinion_pool import LogPool
from primitives.wrappers import scaled

Blends = Callable[[int, np.ndarray], np.ndarray]
"""Function of a fold and predictions of shape (n_blends, n_validation, ...) to a score of each."""

Affords = Callable[[Collection[int]], bool]
"""Function that returns True if candidates, by their places in the library, can all be fitted."""

Library = Sequence[Sequence[np.ndarray]]
"""Out-of-fold predictions by candidate and fold."""


@dataclass(frozen=True, eq=False)
class Truth:
    """True classes of the validation rows, by which a pool is learned.

    Parameters
    ----------
    labels : sequence of ndarray of int
        Column of the class of each validation row, by fold.
    row_weights : sequence of ndarray, optional
        Weights of the validation rows, by fold.
    """

    labels: Sequence[np.ndarray]
    row_weights: Sequence[np.ndarray] | None = None

    def of(self, folds: Sequence[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the labels and the weights of the validation rows of some folds."""
        weights = self.row_weights
        return (
            np.concatenate([self.labels[fold] for fold in folds]),
            None if weights is None else np.concatenate([weights[fold] for fold in folds]),
        )


@dataclass(frozen=True)
class Blend:
    """Weighted average of candidates, with a temperature and a pool.

    Parameters
    ----------
    weights : mapping of int to float
        Weights by place of the candidate in the library. They add up to 1. A candidate that is only
        in the pool has the weight 0.
    temperature : float, default=1.0
        Temperature of the averaged probabilities.
    pool : LogPool or None
        Logarithmic pool of the same candidates, in their order. The prediction is the mean of the
        average and the pool.
    """

    weights: Mapping[int, float]
    temperature: float = 1.0
    pool: LogPool | None = None


def without(blend: Blend, place: int, heir: int | None = None) -> Blend | None:
    """Return a blend without a member; None if the others have no weight.

    Parameters
    ----------
    blend : Blend
    place : int
        Place of the member in the library.
    heir : int, optional
        Place of another member, which gets the weights of the one that goes. By default the weights
        of all others are raised to the same sums.
    """
    weights = dict(blend.weights)
    pooled = {} if blend.pool is None else dict(zip(weights, blend.pool.weights, strict=True))
    shared = [_left(one, place, heir) for one in (weights, pooled)]
    if sum(shared[0].values()) <= 0:
        return None
    pool = blend.pool and replace(blend.pool, weights=tuple(shared[1].values()))
    return replace(blend, weights=shared[0], pool=pool)


def _left(weights: Mapping[int, float], place: int, heir: int | None) -> dict[int, float]:
    """Return the weights of all members but one, with its weight given to the others."""
    left = {one: weight for one, weight in weights.items() if one != place}
    if not left:
        return left
    if heir is not None:
        left[heir] += weights[place]
        return left
    total = sum(left.values())
    factor = sum(weights.values()) / total if total > 0 else 1.0
    return {one: factor * weight for one, weight in left.items()}


def average(library: Library, weights: Mapping[int, float], fold: int) -> np.ndarray:
    """Return the weighted average of the predictions of a fold, shape (1, n_validation, ...)."""
    averaged: np.ndarray = np.average(
        members(library, weights, fold), axis=0, weights=list(weights.values())
    )
    return averaged[None]


def predicted(library: Library, blend: Blend, fold: int) -> np.ndarray:
    """Return the predictions of a blend for a fold, shape (1, n_validation, ...)."""
    averaged: np.ndarray = scaled(average(library, blend.weights, fold), blend.temperature)
    if blend.pool is None:
        return averaged
    pooled = blend.pool(members(library, blend.weights, fold))
    return np.asarray((averaged + pooled) / 2)


def members(library: Library, places: Collection[int], fold: int) -> np.ndarray:
    """Return the predictions of some candidates for a fold, shape (n_places, n_validation, ...)."""
    return np.stack([library[place][fold] for place in places])
