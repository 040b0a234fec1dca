"""Choice of an ensemble: a small weighted average of candidates, by their out-of-fold predictions.

Members are chosen by greedy selection with replacement (Caruana et al. 2004): begin with the few
best candidates, repeatedly add the candidate that helps most, and keep the best prefix. The number
of times that a candidate was added is its weight. An average of probabilities is too cautious, so
for a metric of probabilities a temperature sharpens it (Guo et al. 2017), and half of the
prediction may come from a logarithmic pool of the same members and further candidates.

Members whose removal costs nothing that the folds could measure are left out again.

The folds that a choice is made by flatter an ensemble more than they do the best candidate. So the
choice is also made without each fold, and scored on that fold. Temperature and pool are kept only
where they score better. An ensemble is left out only where it is worse than the best candidate by
more than the standard error: an average is rarely worse, and few folds of few rows can hardly tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from evolver.ensemble.blend import (
    Affords,
    Blend,
    Blends,
    Library,
    Truth,
    members,
    predicted,
    without,
)
from evolver.ensemble.greedy import best_temperature, greedy
from evolver.ensemble.log_opinion_pool import learned
from evolver.outcome import standard_error

TOLERANCE = 1.0
"""Number of standard errors by which an ensemble may score worse than the best candidate."""

HARMLESS = 0.25
"""Loss, in standard errors of the difference over the folds, up to which members are left out.

A pipeline is simplified up to one standard error, for a person who reads it. The ensemble predicts,
and many small losses would add up to what it gains.
"""

TEMPERATURES = tuple(round(2.0 ** (step / 20), 3) for step in range(-20, 21))
"""Temperatures that are tried; 1 is one of them."""


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
    predictions : tuple of ndarray
        Predictions of the validation part of each fold, by the blends of `fold_scores`.
    """

    blend: Blend
    fold_scores: tuple[float, ...]
    predictions: tuple[np.ndarray, ...] = field(default=(), compare=False)


def select(
    library: Library,
    blends: Blends,
    most: int,
    *,
    temperatures: Sequence[float] = (1.0,),
    truth: Truth | None = None,
    tolerance: float = TOLERANCE,
    harmless: float = HARMLESS,
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
    truth : Truth, optional
        True classes, with the weights of their rows. Without them no pool is learned.
    tolerance : float, default=`TOLERANCE`
        Number of standard errors by which the ensemble may be worse than the best candidate on
        folds that it was not chosen by.
    harmless : float, default=`HARMLESS`
        Number of standard errors of the loss up to which members are left out; below 0 all stay.
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
        options = selector.options(temperatures, truth)
    except _TimeOverError:
        return None
    # Of equal options the first and simplest is kept.
    best = max(options, key=lambda option: option.by_others.sum())
    # The best candidate is judged in the same way: chosen by the other folds, as the luckiest of
    # many it would look too good on the folds that it was chosen by.
    if not np.isfinite(best.by_others - alone.by_others).all():
        return None  # the score of the blend is not defined on some fold
    best = selector.pruned(best, harmless)
    gains = best.by_others - alone.by_others
    error = standard_error(gains.tolist())
    if gains.mean() < -tolerance * error or best.by_all.sum() <= alone.by_all.sum():
        return None
    predictions = tuple(
        predicted(library, blend, fold)[0] for fold, blend in enumerate(best.of_others)
    )
    return Selection(best.blend, tuple(best.by_others.tolist()), predictions)


def _is_harmless(losses: np.ndarray, harmless: float) -> bool:
    """Return True if losses on some folds are at most as many standard errors in the mean."""
    mean = float(losses.mean())
    return mean <= 0 or mean <= harmless * standard_error(losses.tolist())


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
    of_others : sequence of Blend
        Blends that were chosen without each fold.
    """

    blend: Blend
    by_all: np.ndarray
    by_others: np.ndarray
    of_others: Sequence[Blend]


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

    def options(self, temperatures: Sequence[float], truth: Truth | None) -> list[_Judged]:
        """Return an average, the same with a temperature and, if there is time, with a pool."""
        averaged = self.greedy(self._most)
        tempered = self.tempered(averaged, temperatures)
        options = [self.judged(averaged), self.judged(tempered)]
        if truth is not None:
            with suppress(_TimeOverError):
                options.append(self.judged(self.pooled(tempered, truth)))
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

    def pooled(self, choice: Choice, truth: Truth) -> Choice:
        """Return the same averages, each with a pool.

        The penalty that a pool is learned with is chosen by scores of folds that the pool was not
        learned on.
        """
        options = [
            self._pools(blend, folds, truth)
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
        return _Judged(blend, by_all, by_others, choice[:-1])

    def pruned(self, judged: _Judged, harmless: float) -> _Judged:
        """Return a choice without the members whose removal costs nothing measurable.

        Every blend of the choice is pruned by its own folds. The whole is kept where the pruned
        choice is measurably worse on the folds that it was not chosen by, or where time is over.
        """
        if harmless < 0:
            return judged
        choice = [*judged.of_others, judged.blend]
        with suppress(_TimeOverError):
            pruned = self.judged(
                [
                    self._pruned(blend, folds, harmless)
                    for blend, folds in zip(choice, self._chosen_by, strict=True)
                ]
            )
            if _is_harmless(judged.by_others - pruned.by_others, harmless):
                return pruned
        return judged

    def _pruned(self, blend: Blend, folds: Sequence[int], harmless: float) -> Blend:
        """Return a blend without harmless members, the one that costs least first."""
        whole = np.array([self._score(blend, fold) for fold in folds])
        while len(blend.weights) > 1:
            options = [
                (whole - [self._score(left, fold) for fold in folds], left)
                for place, heir in self._nearest(blend, folds).items()
                for left in (without(blend, place), without(blend, place, heir))
                if left is not None
            ]
            losses, best = min(options, key=lambda option: option[0].mean())
            if not _is_harmless(losses, harmless):
                break
            blend = best
        return blend

    def _nearest(self, blend: Blend, folds: Sequence[int]) -> dict[int, int]:
        """Return for each member of a blend the other one whose predictions are nearest."""
        places = list(blend.weights)
        stacks = [members(self._library, places, fold) for fold in folds]
        distances = sum(
            ((stack[:, None] - stack[None]) ** 2).reshape(len(places), len(places), -1).sum(axis=2)
            for stack in stacks
        ) + np.diag(np.full(len(places), np.inf))
        nearest = np.argmin(distances, axis=1)
        return {place: places[int(near)] for place, near in zip(places, nearest, strict=True)}

    def _pools(self, blend: Blend, folds: Sequence[int], truth: Truth) -> list[Blend]:
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
        found = []
        for pool in learned(shares, *truth.of(folds)):
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
