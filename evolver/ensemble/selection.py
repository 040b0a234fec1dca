"""Choice of an ensemble: a small weighted average of candidates, by their out-of-fold predictions.

Members are chosen by greedy selection with replacement (Caruana et al. 2004): begin with the few
best candidates, repeatedly add the candidate that helps most, and keep the best prefix. The number
of times that a candidate was added is its weight. An average of probabilities is too cautious, so
for a metric of probabilities a temperature sharpens it (Guo et al. 2017), and half of the
prediction may come from a logarithmic pool of the same members and further candidates.

The folds that a choice is made by flatter an ensemble more than they do the best candidate. So the
choice is also made without each fold, and scored on that fold. Temperature and pool are kept only
where they score better. An ensemble is left out only where it is worse than the best candidate by
more than the standard error: an average is rarely worse, and few folds of few rows can hardly tell.

    Blends      scores averages of predictions on a fold; the caller knows the metric
    select      from the predictions of candidates to weights, temperature, pool and fold scores
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from evolver.ensemble.log_opinion_pool import LogPool, learned
from evolver.outcome import standard_error
from primitives.wrappers import scaled

BEGIN = 4
"""Number of the best candidates that an ensemble begins with, if the library is large enough.

An ensemble that begins with one candidate trusts, on few rows, the luckiest.
"""

BEGIN_SHARE = 3
"""Least number of candidates of the library for each one that an ensemble begins with."""

PICKS = 24
"""Largest number of additions, counting those that an ensemble begins with."""

PATIENCE = 6
"""Number of additions without a better score after which no more follow."""

TOLERANCE = 1.0
"""Number of standard errors by which an ensemble may score worse than the best candidate."""

TEMPERATURES = tuple(round(2.0 ** (step / 20), 3) for step in range(-20, 21))
"""Temperatures that are tried; 1 is one of them."""

Blends = Callable[[int, np.ndarray], np.ndarray]
"""Function of a fold and predictions of shape (n_blends, n_validation, ...) to a score of each."""

Affords = Callable[[Collection[int]], bool]
"""Function that returns True if candidates, by their places in the library, can all be fitted."""

Library = Sequence[Sequence[np.ndarray]]
"""Out-of-fold predictions by candidate and fold."""

Labels = Sequence[np.ndarray]
"""Column of the class of each validation row, by fold."""


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


@dataclass(frozen=True)
class Selection:
    """Chosen blend with honest fold scores.

    Parameters
    ----------
    blend : Blend
        Blend that was chosen by all folds.
    fold_scores : tuple of float
        Scores of the folds, each of the blend that was chosen in the same way by the other folds.
        The scores of `blend` itself would be too good.
    """

    blend: Blend
    fold_scores: tuple[float, ...]


def select(
    library: Library,
    blends: Blends,
    most: int,
    *,
    temperatures: Sequence[float] = (1.0,),
    labels: Labels | None = None,
    tolerance: float = TOLERANCE,
    affords: Affords = lambda _: True,
    is_over: Callable[[], bool] = lambda: False,
) -> Selection | None:
    """Choose an ensemble.

    Parameters
    ----------
    library : sequence of sequences of ndarray
        Out-of-fold predictions by candidate and fold, best candidate first.
    blends : callable
        Scorer of predictions.
    most : int
        Largest number of members.
    temperatures : sequence of float, default=(1.0,)
        Temperatures to choose from.
    labels : sequence of ndarray of int, optional
        Columns of the true classes by fold. Without them no pool is learned.
    tolerance : float, default=`TOLERANCE`
        Number of standard errors by which the ensemble may be worse than the best candidate on
        folds that it was not chosen by.
    affords : callable
        Called before a candidate becomes a member. The best candidate alone is always affordable.
    is_over : callable
        Returns True if the time is over. Called before each scoring and while a pool is learned. If
        the time is over before the pool is learned, there is no pool.

    Returns
    -------
    Selection or None
        None if the ensemble is no better than the best candidate on the folds that it was chosen
        by, if it is worse on others by more than the tolerance, or if the time was over.
    """
    if len(library) < 2 or most < 2 or len(library[0]) < 2:
        return None

    selector = _Selector(library, blends, most, affords, is_over)
    try:
        alone = selector.judged(selector.greedy(1))
        options = selector.options(temperatures, labels)
    except _TimeOverError:
        return None
    # Of equal options the first and simplest is kept.
    best = max(options, key=lambda option: option.by_others.sum())
    # The best candidate is judged in the same way: chosen by the other folds, as the luckiest of
    # many it would look too good on the folds that it was chosen by.
    gains = best.by_others - alone.by_others
    error = standard_error(gains.tolist())
    if gains.mean() < -tolerance * error or best.by_all.sum() <= alone.by_all.sum():
        return None
    return Selection(best.blend, tuple(best.by_others.tolist()))


class _TimeOverError(Exception):
    """Sign that the time to choose is over."""


Choice = list[Blend]
"""Blends that were chosen in one way: without each of the folds, and last by all folds."""


@dataclass(frozen=True)
class _Judged:
    """Blend that was chosen by all folds, with two kinds of fold scores.

    Parameters
    ----------
    blend : Blend
    by_all : ndarray of shape (n_folds,)
        Scores of the blend itself.
    by_others : ndarray of shape (n_folds,)
        Scores of the blends that were chosen in the same way without the fold.
    """

    blend: Blend
    by_all: np.ndarray
    by_others: np.ndarray


class _Selector:
    """Ways to choose a blend, and the scoring of choices.

    Parameters
    ----------
    library, blends, most, affords, is_over
        As `select` has them.
    """

    def __init__(
        self,
        library: Library,
        blends: Blends,
        most: int,
        affords: Affords,
        is_over: Callable[[], bool],
    ) -> None:
        self._library = library
        self._blends = blends
        self._most = most
        self._affords = affords
        self._is_over = is_over
        self._folds = range(len(library[0]))
        others = [[other for other in self._folds if other != fold] for fold in self._folds]
        self._chosen_by = [*others, list(self._folds)]

    def options(self, temperatures: Sequence[float], labels: Labels | None) -> list[_Judged]:
        """Return an average, the same with a temperature and, if there is time, with a pool."""
        averaged = self.greedy(self._most)
        tempered = self.tempered(averaged, temperatures)
        options = [self.judged(averaged), self.judged(tempered)]
        if labels is not None:
            with suppress(_TimeOverError):
                options.append(self.judged(self.pooled(tempered, labels)))
        return options

    def greedy(self, most: int) -> Choice:
        """Return averages of at most `most` candidates."""
        return [
            Blend(greedy(self._library, self._in_time, folds, most, self._affords))
            for folds in self._chosen_by
        ]

    def tempered(self, choice: Choice, temperatures: Sequence[float]) -> Choice:
        """Return the same averages, each with the temperature that does best."""
        found = []
        for blend, folds in zip(choice, self._chosen_by, strict=True):
            best = best_temperature(
                self._library, self._in_time, blend.weights, folds, temperatures
            )
            found.append(replace(blend, temperature=best))
        return found

    def pooled(self, choice: Choice, labels: Labels) -> Choice:
        """Return the same averages, each with a pool.

        The penalty that a pool is learned with is chosen by scores of folds that the pool was not
        learned on.
        """
        options = [
            self._pools(blend, folds, labels)
            for blend, folds in zip(choice, self._chosen_by, strict=True)
        ]
        # Row: the fold that the pools were learned without, and are scored on. Column: the penalty.
        scores = np.array(
            [[self._score(pooled, fold) for pooled in options[fold]] for fold in self._folds]
        )
        # A fold that judges a choice takes no part in the choice of its penalty.
        by_others = scores.sum(axis=0) - scores
        best = [*np.argmax(by_others, axis=1), np.argmax(scores.sum(axis=0))]
        return [pools[penalty] for pools, penalty in zip(options, best, strict=True)]

    def judged(self, choice: Choice) -> _Judged:
        """Return the blend that was chosen by all folds, with its fold scores."""
        blend = choice[-1]
        by_all = np.array([self._score(blend, fold) for fold in self._folds])
        by_others = np.array([self._score(choice[fold], fold) for fold in self._folds])
        return _Judged(blend, by_all, by_others)

    def _pools(self, blend: Blend, folds: Sequence[int], labels: Labels) -> list[Blend]:
        """Return a blend with a pool, once for each penalty.

        The pool has the members of the blend and, up to the largest number of members, the best of
        the other candidates.
        """
        weights = dict(blend.weights)
        for place in range(len(self._library)):
            has_room = place not in weights and len(weights) < self._most
            if has_room and self._affords([*weights, place]):
                weights[place] = 0.0
        shares = np.concatenate([members(self._library, weights, fold) for fold in folds], axis=1)
        rows = np.concatenate([labels[fold] for fold in folds])
        found = []
        for pool in learned(shares, rows):
            self._stop_late()
            found.append(replace(blend, weights=weights, pool=pool))
        return found

    def _score(self, blend: Blend, fold: int) -> float:
        """Return the score of a blend on a fold."""
        return float(self._in_time(fold, predicted(self._library, blend, fold))[0])

    def _in_time(self, fold: int, predictions: np.ndarray) -> np.ndarray:
        """Return the scores of predictions on a fold, unless the time is over."""
        self._stop_late()
        return self._blends(fold, predictions)

    def _stop_late(self) -> None:
        """Raise if the time is over."""
        if self._is_over():
            raise _TimeOverError


def greedy(
    library: Library,
    blends: Blends,
    folds: Sequence[int],
    most: int,
    affords: Affords = lambda _: True,
) -> dict[int, float]:
    """Return the weights of the candidates that do best together on some folds.

    Parameters
    ----------
    library : sequence of sequences of ndarray
        Out-of-fold predictions by candidate and fold.
    blends : callable
        Scorer of predictions.
    folds : sequence of int
        Folds that the choice is made by.
    most : int
        Largest number of members.
    affords : callable
        Called before a candidate becomes a member.

    Returns
    -------
    dict of int to float
        Weights by place in the library; they add up to 1.
    """
    stacks = {fold: np.stack([candidate[fold] for candidate in library]) for fold in folds}
    alone = np.mean([blends(fold, stack) for fold, stack in stacks.items()], axis=0)
    picked = _first_picks(alone, most, affords)
    begin = len(picked)
    # Sums of the predictions that are picked: averages with one more take one addition each.
    sums = {fold: stack[picked].sum(axis=0, dtype=float) for fold, stack in stacks.items()}
    best_score = fmean(float(blends(fold, sums[fold][None] / begin)[0]) for fold in folds)
    best_length = begin
    while len(picked) < min(PICKS, best_length + PATIENCE):
        members = set(picked)
        options = [
            place
            for place in range(len(library))
            if place in members or (len(members) < most and affords([*members, place]))
        ]
        scores = np.mean(
            [
                blends(fold, (sums[fold] + stack[options]) / (len(picked) + 1))
                for fold, stack in stacks.items()
            ],
            axis=0,
        )
        best = int(np.argmax(scores))
        picked.append(options[best])
        for fold, stack in stacks.items():
            sums[fold] += stack[options[best]]
        if scores[best] > best_score:
            best_score, best_length = float(scores[best]), len(picked)
    counts = Counter(picked[:best_length])
    return {place: count / best_length for place, count in sorted(counts.items())}


def _first_picks(alone: np.ndarray, most: int, affords: Affords) -> list[int]:
    """Return the places of the candidates to begin with: the few with the best score alone."""
    first = max(1, min(BEGIN, len(alone) // BEGIN_SHARE, most))
    picked: list[int] = []
    for place in np.argsort(-alone, kind="stable")[:first].tolist():
        if not picked or affords([*picked, place]):
            picked.append(place)
    return picked


def best_temperature(
    library: Library,
    blends: Blends,
    weights: Mapping[int, float],
    folds: Sequence[int],
    temperatures: Sequence[float],
) -> float:
    """Return the temperature at which an average does best on some folds.

    Parameters
    ----------
    library : sequence of sequences of ndarray
    blends : callable
    weights : mapping of int to float
        Weights of the average.
    folds : sequence of int
        Folds that the choice is made by.
    temperatures : sequence of float
        Temperatures to choose from.
    """
    if len(temperatures) == 1:
        return temperatures[0]
    scores = np.zeros(len(temperatures))
    for fold in folds:
        averaged = average(library, weights, fold)
        scores += [float(blends(fold, scaled(averaged, each))[0]) for each in temperatures]
    return float(temperatures[int(np.argmax(scores))])


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
