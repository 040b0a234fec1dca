"""Racing: which candidates are evaluated to the end (after Maron and Moore 1994, and successive
halving, Jamieson and Talwalkar 2016).

    stage    what a candidate has been evaluated on: the folds of fewer rows, then those of all
    so far   the score of the last fold of fewer rows; on all rows, the mean over the folds so far
    decide   after each stage, in the order of the candidates

A candidate goes on while it could still be one of the survivors: the share `1 / REDUCTION` of all
candidates so far, at most a population, that NSGA-II would keep by complexity and the score so far.
It could not, when a rival of the last front of the survivors, of no greater complexity, is ahead on
the same folds by more than the score so far is off the final one, with a stated rate of error. How
far it is off is seen from candidates that were evaluated to the end, as the first `FIRST` always
are.

Nothing here depends on time: candidate k is judged at a stage against the candidates before k that
reached it, whatever became of them later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.special import stdtrit

REDUCTION = 32
"""One of so many candidates is meant to be evaluated to the end."""

FIRST = 4
"""So many candidates are evaluated to the end, whatever their scores; a race begins with them."""

ENOUGH = 16
"""Errors from which outliers are told apart."""

MOST = 200
"""Of the latest candidates, from which the error is seen."""

Point = tuple[float, ...]
"""Score and negated costs: each is maximised."""

Margins = tuple[float, ...]
"""By stage, how much two scores so far differ more or less than the final ones, as a standard
deviation times the quantile of the rate of error; none where too little is known."""


@dataclass(frozen=True)
class Runner:
    """A candidate at some stage.

    Parameters
    ----------
    number : int
        Counts candidates in the order asked.
    costs : tuple of float
    scores : tuple of float
        One for each fold, those of fewer rows first.
    """

    number: int
    costs: tuple[float, ...]
    scores: tuple[float, ...]


class Race:
    """Decides who goes on. Only a run calls it: `begin` with the first candidates, `decide` in the
    order of the candidates at each stage, `tell` in the order of the candidates.

    Parameters
    ----------
    ladder : int
        Number of folds of fewer rows, which come first.
    folds : int
        Number of folds of all rows.
    size : int
        Most survivors.
    error : float
        How often a candidate that a rival is ahead of may have been the better one; 0 ends none.
    """

    def __init__(self, ladder: int, folds: int, size: int, error: float) -> None:
        self._ladder = ladder
        self._size = size
        self._error = error
        self._pools: list[list[Point]] = [[] for _ in range(ladder + folds)]
        self._off: list[list[float]] = []
        self._opening: Margins = ()
        self.margins: Margins = ()

    @property
    def ends_any(self) -> bool:
        """Whether any candidate may be ended before its last fold."""
        return self._error > 0

    def begin(self, runners: Sequence[Runner]) -> None:
        """Learn from those of the first candidates that were evaluated to the end."""
        for runner in runners:
            self._learn(runner)
        self._opening = self.margins

    def decide(self, runner: Runner, margins: Margins) -> bool:
        """Say whether a candidate goes on, and let it be a rival of those after it.

        Parameters
        ----------
        runner : Runner
        margins : Margins
            `margins` as it was when the candidate was asked for.
        """
        stage = len(runner.scores) - 1
        pool = self._pools[stage]
        score = self.so_far(runner.scores)
        known = margins or self._opening
        goes_on = runner.number < FIRST or not (
            known and self._is_beaten(runner, score, pool, known[stage])
        )
        pool.append((score, *(-cost for cost in runner.costs)))
        if len(pool) > 2 * self._size + FIRST:
            self._pools[stage] = first_fronts(pool, self._size)
        return goes_on

    def tell(self, runner: Runner) -> None:
        """Learn from a candidate that was evaluated to the end."""
        if runner.number >= FIRST:
            self._learn(runner)

    def so_far(self, scores: Sequence[float]) -> float:
        """Return the score so far."""
        full = scores[self._ladder :]
        return float(np.mean(full)) if len(full) else scores[-1]

    def _learn(self, runner: Runner) -> None:
        """Note how far the scores so far were off the final one."""
        final = self.so_far(runner.scores)
        stages = range(1, len(runner.scores) + 1)
        self._off.append([self.so_far(runner.scores[:stage]) - final for stage in stages])
        del self._off[:-MOST]
        if len(self._off) > 1:
            quantile = float(stdtrit(len(self._off) - 1, 1 - self._error))
            columns = np.array(self._off).T
            self.margins = tuple(quantile * sqrt(2) * deviation(column) for column in columns)

    def _is_beaten(self, runner: Runner, score: float, pool: list[Point], error: float) -> bool:
        survivors = min(self._size, ceil(runner.number / REDUCTION))
        if len(pool) < survivors:
            return False
        points = np.array(pool)
        rivals = last_front(points, survivors) & (-points[:, 1:] <= runner.costs).all(axis=1)
        return bool((points[rivals, 0] > score + error).any())


def deviation(values: np.ndarray) -> float:
    """Return the standard deviation; of many values, that which fits the median absolute
    deviation, so that outliers do not count."""
    if len(values) < ENOUGH:
        return float(np.std(values, ddof=1))
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def first_fronts(pool: list[Point], survivors: int) -> list[Point]:
    """Return the fronts that hold the first so many survivors: no other will be one again."""
    points = np.array(pool)
    beyond = dominated(points, last_front(points, survivors))
    return [one for one, behind in zip(pool, beyond, strict=True) if not behind]


def last_front(points: np.ndarray, survivors: int) -> np.ndarray:
    """Return a mask of the front that holds the last of so many survivors.

    Parameters
    ----------
    points : ndarray of shape (n, n_objectives)
        Each objective is maximised.
    survivors : int
        At most n.

    Returns
    -------
    ndarray of shape (n,), bool
    """
    left = np.ones(len(points), dtype=bool)
    while True:
        front = left & ~dominated(points, left)
        left &= ~front
        if len(points) - left.sum() >= survivors:
            return np.asarray(front)


def dominated(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return a mask of the points that one of `among` dominates.

    It is no worse in any objective, and better in one.
    """
    no_worse = np.ones((len(points), np.count_nonzero(among)), dtype=bool)
    better = np.zeros_like(no_worse)
    # Objective by objective: an array of three dimensions takes several times as long.
    for values in points.T:
        no_worse &= values[among] >= values[:, None]
        better |= values[among] > values[:, None]
    return np.asarray((no_worse & better).any(axis=1))
