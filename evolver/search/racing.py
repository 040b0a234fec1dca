"""Racing: decide which candidates are evaluated to the end.

Racing is that of Maron and Moore (1994), its stages are those of successive halving (Jamieson and
Talwalkar 2016).

    stage          number of folds that a candidate was evaluated on, those of fewer rows first
    score so far   score of the last fold, if only folds of fewer rows are scored; otherwise the
                   mean score over the folds of all rows
    decide         judge a candidate after each stage, in the order of the candidates

A candidate goes on while it may still become a survivor. Survivors are the share `1 / REDUCTION` of
all candidates so far, at most a population, that NSGA-II would keep by costs and score so far. A
candidate is ended if a rival on the last front of the survivors has no greater cost and a score so
far that is greater by more than a margin. The margin is such that two scores so far are misjudged
with a given rate of error. It is learned from the candidates that were evaluated to the end, as the
first `FIRST` always are.

Nothing here depends on time. Candidate k is judged at a stage against the candidates before k that
reached that stage, whatever their outcomes are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.special import stdtrit

REDUCTION = 32
"""Number of candidates for each one that is meant to be evaluated to the end."""

FIRST = 4
"""Number of the first candidates, which are evaluated to the end whatever their scores are."""

ENOUGH = 16
"""Number of errors from which their deviation is estimated without the outliers."""

MOST = 200
"""Number of the latest scored candidates that margins are learned from."""

Point = tuple[float, ...]
"""Score and negated costs; each is maximised."""

Margins = tuple[float, ...]
"""Margins by stage; empty if too few candidates were evaluated to the end.

A margin is the standard deviation of the error of a difference of two scores so far, times the
quantile of the rate of error.
"""


@dataclass(frozen=True)
class Runner:
    """Candidate at some stage.

    Parameters
    ----------
    number : int
        Number of the candidate in the order asked.
    costs : tuple of float
    scores : tuple of float
        Scores of its folds so far, those of fewer rows first.
    """

    number: int
    costs: tuple[float, ...]
    scores: tuple[float, ...]


class Race:
    """Judge of the candidates of a run.

    Only a run calls it: `begin` once, with the first candidates; `decide` at each stage in the
    order of the candidates; `tell` in the order of the candidates.

    Parameters
    ----------
    ladder : int
        Number of folds of fewer rows, which come first.
    folds : int
        Number of folds of all rows.
    size : int
        Largest number of survivors.
    error : float
        Rate of error: how often the better of two candidates may be judged the worse one. At 0 no
        candidate is ended.

    Attributes
    ----------
    margins : Margins
        Margins as learned so far.
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
        """True if candidates may be ended before their last fold."""
        return self._error > 0

    def begin(self, runners: Sequence[Runner]) -> None:
        """Learn from the first candidates, as far as they were evaluated to the end."""
        for runner in runners:
            self._learn(runner)
        self._opening = self.margins

    def decide(self, runner: Runner, margins: Margins) -> bool:
        """Return True if a candidate goes on; make it a rival of the candidates after it.

        Parameters
        ----------
        runner : Runner
        margins : Margins
            Value of `margins` when the candidate was asked for.
        """
        stage = len(runner.scores) - 1
        pool = self._pools[stage]
        score = self.so_far(runner.scores)
        # Candidates that were asked for before the race began are judged by its first margins.
        known = margins or self._opening
        goes_on = runner.number < FIRST or not (
            known and self._is_beaten(runner, score, pool, known[stage])
        )
        pool.append((score, *(-cost for cost in runner.costs)))
        # Without this the pool would grow with every candidate, and each judgement with the pool.
        if len(pool) > 2 * self._size + FIRST:
            self._pools[stage] = first_fronts(pool, self._size)
        return goes_on

    def tell(self, runner: Runner) -> None:
        """Learn from a candidate that was evaluated to the end."""
        if runner.number >= FIRST:  # `begin` has learned from the others
            self._learn(runner)

    def so_far(self, scores: Sequence[float]) -> float:
        """Return the score so far of a candidate with these fold scores."""
        full = scores[self._ladder :]
        return float(np.mean(full)) if len(full) else scores[-1]

    def _learn(self, runner: Runner) -> None:
        """Keep the errors of the scores so far against the final score, and update the margins."""
        final = self.so_far(runner.scores)
        stages = range(1, len(runner.scores) + 1)
        self._off.append([self.so_far(runner.scores[:stage]) - final for stage in stages])
        del self._off[:-MOST]
        if len(self._off) > 1:
            quantile = float(stdtrit(len(self._off) - 1, 1 - self._error))
            columns = np.array(self._off).T  # one for each stage
            # sqrt(2): both of the scores that are compared have the error.
            self.margins = tuple(quantile * sqrt(2) * deviation(column) for column in columns)

    def _is_beaten(self, runner: Runner, score: float, pool: list[Point], margin: float) -> bool:
        """Return True if a rival of no greater cost is ahead by more than the margin."""
        survivors = min(self._size, ceil(runner.number / REDUCTION))
        if len(pool) < survivors:
            return False
        points = np.array(pool)
        rivals = last_front(points, survivors) & (-points[:, 1:] <= runner.costs).all(axis=1)
        return bool((points[rivals, 0] > score + margin).any())


def deviation(values: np.ndarray) -> float:
    """Return the standard deviation of a sample; of `ENOUGH` values, one that ignores outliers."""
    if len(values) < ENOUGH:
        return float(np.std(values, ddof=1))
    # 1.4826 times the median absolute deviation is the standard deviation of normal values.
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def first_fronts(pool: list[Point], survivors: int) -> list[Point]:
    """Return the points of the fronts that hold the survivors.

    No other point can become a survivor when more points are added.
    """
    points = np.array(pool)
    beyond = dominated(points, last_front(points, survivors))
    return [point for point, is_beyond in zip(pool, beyond, strict=True) if not is_beyond]


def last_front(points: np.ndarray, survivors: int) -> np.ndarray:
    """Return a mask of the non-dominated front that holds the last survivor.

    Parameters
    ----------
    points : ndarray of shape (n, n_objectives)
        Points; each objective is maximised.
    survivors : int
        Number of survivors, at most n.

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
    """Return a mask of the points that a point of `among` dominates.

    A point dominates another if it is no worse in any objective, and better in one.

    Parameters
    ----------
    points : ndarray of shape (n, n_objectives)
        Points; each objective is maximised.
    among : ndarray of shape (n,), bool
        Mask of the points that may dominate.

    Returns
    -------
    ndarray of shape (n,), bool
    """
    no_worse = np.ones((len(points), np.count_nonzero(among)), dtype=bool)
    better = np.zeros_like(no_worse)
    # Objective by objective: an array of three dimensions takes several times as long.
    for values in points.T:
        no_worse &= values[among] >= values[:, None]
        better |= values[among] > values[:, None]
    return np.asarray((no_worse & better).any(axis=1))
