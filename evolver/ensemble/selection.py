"""A small weighted average of candidates, chosen on their out-of-fold predictions.

Greedy selection with replacement (Caruana et al. 2004): begin with the few best, again and again
add the candidate that helps most, and keep the best prefix; how often a candidate was added is its
weight. An average of probabilities is too cautious, so where the metric asks for probabilities a
temperature makes up for it (Guo et al. 2017), and half of what is predicted may come from a
logarithmic pool of the same members and others of the best.

Selecting on the predictions it is judged by flatters an ensemble more than it does the best
candidate, so all is chosen by all folds but one, for each of them, and judged on that one. What is
no better with the temperature or the pool is without, and an ensemble is left out where it is worse
by more than the standard error: an average is rarely worse, and a few folds of few rows can hardly
tell.

    Blends      scores averages of predictions, fold by fold; given by who knows the metric
    select      candidates' predictions -> weights, temperature and pool, and what they score
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

BEGIN, BEGIN_SHARE = 4, 3
"""Best candidates that an ensemble begins with, at most one of so many of the library: without
them, on few rows, it would trust the luckiest."""

PICKS = 24
"""Times that a candidate is added, at the most."""

PATIENCE = 6
"""Times without a better score after which no more are added."""

TOLERANCE = 1.0
"""Standard errors by which an ensemble may look worse than the best candidate."""

TEMPERATURES = tuple(round(2.0 ** (step / 20), 3) for step in range(-20, 21))
"""That are tried; 1 is one of them."""

Blends = Callable[[int, np.ndarray], np.ndarray]
"""From a fold and predictions of shape (n_blends, n_validation, ...) to a score of each."""

Affords = Callable[[Collection[int]], bool]
"""Whether candidates, by their place in the library, can be had together."""

Library = Sequence[Sequence[np.ndarray]]
"""Out-of-fold predictions by candidate and fold."""

Labels = Sequence[np.ndarray]
"""By fold, the places of the classes of its rows."""


@dataclass(frozen=True)
class Blend:
    """Candidates that are averaged.

    Parameters
    ----------
    weights : mapping of int to float
        By their place in the library; they add up to 1, and are 0 where only the pool has one.
    temperature : float
        Of the averaged probabilities.
    pool : LogPool or None
        Of the same candidates, in their order: the average is averaged with it.
    """

    weights: Mapping[int, float]
    temperature: float = 1.0
    pool: LogPool | None = None


@dataclass(frozen=True)
class Selection:
    """A blend, and the scores by fold of what was chosen in the same way by the other folds: those
    that the blend was chosen by would flatter it."""

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
    """Choose an ensemble; None where it is no better than the best candidate on the folds that it
    was chosen by, or worse on others, or time was over.

    Parameters
    ----------
    library : sequence of sequences of ndarray
        Best candidate first.
    blends : callable
    most : int
        Members, at the most.
    temperatures : sequence of float
        That may be chosen.
    labels : sequence of ndarray of int, optional
        For a pool; without them, or time for it, there is none.
    tolerance : float
        Standard errors by which it may be worse on folds that it was not chosen by.
    affords : callable
        Asked before a candidate becomes a member; the best alone can always be had.
    is_over : callable
        Says whether the time is; asked before each scoring, and while a pool is learned.
    """
    if len(library) < 2 or most < 2 or len(library[0]) < 2:
        return None

    selector = _Selector(library, blends, most, affords, is_over)
    try:
        alone = selector.judged(selector.greedy(1))
        averaged = selector.greedy(most)
        tempered = selector.tempered(averaged, temperatures)
        options = [selector.judged(averaged), selector.judged(tempered)]
    except _TimeOverError:
        return None
    if labels is not None:
        with suppress(_TimeOverError):
            options.append(selector.judged(selector.pooled(tempered, labels)))
    best = max(options, key=lambda one: one.by_others.sum())
    gains = best.by_others - alone.by_others
    error = standard_error(gains.tolist())
    if gains.mean() < -tolerance * error or best.by_all.sum() <= alone.by_all.sum():
        return None
    return Selection(best.blend, tuple(best.by_others.tolist()))


class _TimeOverError(Exception):
    """Choosing has taken as long as it may."""


Choice = list[Blend]
"""What one way to choose gives: by all folds but one, for each of them, and last by all folds."""


@dataclass(frozen=True)
class _Judged:
    """What is chosen by all folds, and the scores of the folds: by it, and by what was chosen
    without them."""

    blend: Blend
    by_all: np.ndarray
    by_others: np.ndarray


class _Selector:
    """The ways to choose, and the judge of them."""

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
        without = [[one for one in self._folds if one != fold] for fold in self._folds]
        self._chosen_by = [*without, list(self._folds)]

    def greedy(self, most: int) -> Choice:
        """Return averages of at most so many candidates."""
        return [
            Blend(greedy(self._library, self._in_time, folds, most, self._affords))
            for folds in self._chosen_by
        ]

    def tempered(self, choice: Choice, temperatures: Sequence[float]) -> Choice:
        """Return the same averages with their temperatures."""
        found = []
        for blend, folds in zip(choice, self._chosen_by, strict=True):
            best = best_temperature(
                self._library, self._in_time, blend.weights, folds, temperatures
            )
            found.append(replace(blend, temperature=best))
        return found

    def pooled(self, choice: Choice, labels: Labels) -> Choice:
        """Return the same averages with a pool.

        How strong the penalty is that a pool is learned with is chosen by the scores of the folds
        that it was not learned on; where one of these is to judge, by the others.
        """
        options = [
            self._pools(blend, folds, labels)
            for blend, folds in zip(choice, self._chosen_by, strict=True)
        ]
        scores = np.array(
            [[self._score(one, fold) for one in options[fold]] for fold in self._folds]
        )
        by_others = scores.sum(axis=0) - scores
        best = [*np.argmax(by_others, axis=1), np.argmax(scores.sum(axis=0))]
        return [some[at] for some, at in zip(options, best, strict=True)]

    def judged(self, choice: Choice) -> _Judged:
        """Return what is chosen by all folds, judged."""
        blend = choice[-1]
        by_all = np.array([self._score(blend, fold) for fold in self._folds])
        by_others = np.array([self._score(choice[fold], fold) for fold in self._folds])
        return _Judged(blend, by_all, by_others)

    def _pools(self, blend: Blend, folds: Sequence[int], labels: Labels) -> list[Blend]:
        """Return a blend with the pool that is learned with each penalty; its members are those of
        the blend and the best of the others."""
        weights = dict(blend.weights)
        for one in range(len(self._library)):
            has_room = one not in weights and len(weights) < self._most
            if has_room and self._affords([*weights, one]):
                weights[one] = 0.0
        shares = np.concatenate([members(self._library, weights, fold) for fold in folds], axis=1)
        rows = np.concatenate([labels[fold] for fold in folds])
        found = []
        for pool in learned(shares, rows):
            self._stop_late()
            found.append(replace(blend, weights=weights, pool=pool))
        return found

    def _score(self, blend: Blend, fold: int) -> float:
        return float(self._in_time(fold, predicted(self._library, blend, fold))[0])

    def _in_time(self, fold: int, predictions: np.ndarray) -> np.ndarray:
        self._stop_late()
        return self._blends(fold, predictions)

    def _stop_late(self) -> None:
        if self._is_over():
            raise _TimeOverError


def greedy(
    library: Library,
    blends: Blends,
    folds: Sequence[int],
    most: int,
    affords: Affords = lambda _: True,
) -> dict[int, float]:
    """Return the weights of the candidates that do best together on some folds."""
    stacks = {fold: np.stack([one[fold] for one in library]) for fold in folds}
    alone = np.mean([blends(fold, stack) for fold, stack in stacks.items()], axis=0)
    first = max(1, min(BEGIN, len(library) // BEGIN_SHARE, most))
    picked: list[int] = []
    for one in np.argsort(-alone, kind="stable")[:first].tolist():
        if not picked or affords([*picked, one]):
            picked.append(one)
    begin = len(picked)
    sums = {fold: stack[picked].sum(axis=0, dtype=float) for fold, stack in stacks.items()}
    best_score = fmean(float(blends(fold, sums[fold][None] / begin)[0]) for fold in folds)
    best_length = begin
    while len(picked) < min(PICKS, best_length + PATIENCE):
        members = set(picked)
        options = [
            one
            for one in range(len(library))
            if one in members or (len(members) < most and affords([*members, one]))
        ]
        scores = np.mean(
            [
                blends(fold, (sums[fold] + stack[options]) / (len(picked) + 1))
                for fold, stack in stacks.items()
            ],
            axis=0,
        )
        at = int(np.argmax(scores))
        picked.append(options[at])
        for fold, stack in stacks.items():
            sums[fold] += stack[options[at]]
        if scores[at] > best_score:
            best_score, best_length = float(scores[at]), len(picked)
    counts = Counter(picked[:best_length])
    return {one: count / best_length for one, count in sorted(counts.items())}


def best_temperature(
    library: Library,
    blends: Blends,
    weights: Mapping[int, float],
    folds: Sequence[int],
    temperatures: Sequence[float],
) -> float:
    """Return the temperature at which an average does best on some folds."""
    if len(temperatures) == 1:
        return temperatures[0]
    scores = np.zeros(len(temperatures))
    for fold in folds:
        averaged = average(library, weights, fold)
        scores += [float(blends(fold, scaled(averaged, one))[0]) for one in temperatures]
    return float(temperatures[int(np.argmax(scores))])


def average(library: Library, weights: Mapping[int, float], fold: int) -> np.ndarray:
    """Return the weighted average of the predictions of a fold, as the only blend."""
    told: np.ndarray = np.average(
        members(library, weights, fold), axis=0, weights=list(weights.values())
    )
    return told[None]


def predicted(library: Library, blend: Blend, fold: int) -> np.ndarray:
    """Return what a blend predicts of a fold, as the only blend."""
    averaged: np.ndarray = scaled(average(library, blend.weights, fold), blend.temperature)
    if blend.pool is None:
        return averaged
    pooled = blend.pool(members(library, blend.weights, fold))
    return np.asarray((averaged + pooled) / 2)


def members(library: Library, places: Collection[int], fold: int) -> np.ndarray:
    """Return the predictions of some candidates for a fold, shape (n_places, n_validation, ...)."""
    return np.stack([library[one][fold] for one in places])
