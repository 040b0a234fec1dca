"""A small weighted average of candidates, chosen on their out-of-fold predictions.

Greedy selection with replacement (Caruana et al. 2004): begin with the few best, again and again
add the candidate that helps most, and keep the best prefix; how often a candidate was added is its
weight. An average of probabilities is too cautious, so where the metric asks for probabilities a
temperature makes up for it (Guo et al. 2017).

Selecting on the predictions it is judged by flatters an ensemble more than it does the best
candidate, so both are chosen on one half of the folds and judged on the other. The temperature is
left out where it is no better there, the ensemble where it is worse by more than the standard
error: an average is rarely worse, and a few folds of few rows can hardly tell.

    Blends      scores averages of predictions, fold by fold; given by who knows the metric
    select      candidates' predictions -> weights and temperature, and what they score
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

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


@dataclass(frozen=True)
class Blend:
    """Candidates that are averaged.

    Parameters
    ----------
    weights : mapping of int to float
        By their place in the library; they add up to 1.
    temperature : float
        Of the averaged probabilities.
    """

    weights: Mapping[int, float]
    temperature: float = 1.0


@dataclass(frozen=True)
class Selection:
    """A blend, and the scores of the folds that it was chosen by."""

    blend: Blend
    fold_scores: tuple[float, ...]


def select(
    library: Library,
    blends: Blends,
    most: int,
    *,
    temperatures: Sequence[float] = (1.0,),
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
    tolerance : float
        Standard errors by which it may be worse on folds that it was not chosen by.
    affords : callable
        Asked before a candidate becomes a member; the best alone can always be had.
    is_over : callable
        Says whether the time is; asked before each scoring.
    """
    if len(library) < 2 or most < 2 or len(library[0]) < 2:
        return None

    def in_time(fold: int, predictions: np.ndarray) -> np.ndarray:
        if is_over():
            raise _TimeOverError
        return blends(fold, predictions)

    try:
        return _selected(library, in_time, most, temperatures, tolerance, affords)
    except _TimeOverError:
        return None


class _TimeOverError(Exception):
    """Choosing has taken as long as it may."""


def _selected(
    library: Library,
    blends: Blends,
    most: int,
    temperatures: Sequence[float],
    tolerance: float,
    affords: Affords,
) -> Selection | None:
    """Choose as `select` says."""

    def blends_by(chosen_by: Sequence[int]) -> list[Blend]:
        """Return the best candidate, an average, and that with its temperature."""
        best = greedy(library, blends, chosen_by, 1)
        weights = greedy(library, blends, chosen_by, most, affords)
        temperature = best_temperature(library, blends, weights, chosen_by, temperatures)
        return [Blend(best), Blend(weights), Blend(weights, temperature)]

    def scores_of(blend: Blend, judged_on: Sequence[int]) -> list[float]:
        predictions = {
            fold: scaled(average(library, blend.weights, fold), blend.temperature)
            for fold in judged_on
        }
        return [float(blends(fold, one)[0]) for fold, one in predictions.items()]

    folds = range(len(library[0]))
    judged = np.zeros((3, len(folds)))
    for half in (0, 1):
        for which, blend in enumerate(blends_by(folds[1 - half :: 2])):
            judged[which, half::2] = scores_of(blend, folds[half::2])
    alone, *averages = blends_by(folds)
    at = 2 if judged[2].sum() > judged[1].sum() else 1
    chosen = averages[at - 1]
    scores = scores_of(chosen, folds)
    gains = judged[at] - judged[0]
    error = gains.std(ddof=1) / len(folds) ** 0.5
    is_worse = gains.mean() < -tolerance * error
    if is_worse or sum(scores) <= sum(scores_of(alone, folds)):
        return None
    return Selection(chosen, tuple(scores))


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
    members = np.stack([library[one][fold] for one in weights])
    return np.average(members, axis=0, weights=list(weights.values()))[None]
