"""A small weighted average of candidates, chosen on their out-of-fold predictions.

Greedy selection with replacement (Caruana et al. 2004): begin with nothing, again and again add the
candidate that helps most, and keep the best prefix; how often a candidate was added is its weight.
Selecting on the predictions it is judged by flatters an ensemble more than it does the best
candidate, so both are chosen on one half of the folds and judged on the other, and an ensemble that
is no better there is none.

    Blends      scores averages of predictions, fold by fold; given by who knows the metric
    select      candidates' predictions -> weights, and what they score
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

PICKS = 24
"""Times that a candidate is added, at the most."""

PATIENCE = 6
"""Times without a better score after which no more are added."""

Blends = Callable[[int, np.ndarray], np.ndarray]
"""From a fold and predictions of shape (n_blends, n_validation, ...) to a score of each."""

Library = Sequence[Sequence[np.ndarray]]
"""Out-of-fold predictions by candidate and fold."""


@dataclass(frozen=True)
class Selection:
    """Candidates that are averaged.

    Parameters
    ----------
    weights : mapping of int to float
        By their place in the library; they add up to 1.
    fold_scores : tuple of float
        Of each fold, by these weights, which were chosen by them.
    """

    weights: Mapping[int, float]
    fold_scores: tuple[float, ...]


def select(
    library: Library, blends: Blends, most: int, is_over: Callable[[], bool] = lambda: False
) -> Selection | None:
    """Choose an ensemble; None where it is no better than the best candidate, or time was over.

    Parameters
    ----------
    library : sequence of sequences of ndarray
    blends : callable
    most : int
        Members, at the most.
    is_over : callable
        Says whether the time is; asked before each pick.
    """
    if len(library) < 2 or most < 2 or len(library[0]) < 2 or is_over():
        return None
    folds = range(len(library[0]))
    together, alone = [], []
    for half in (0, 1):
        others = [fold for fold in folds if fold % 2 != half]
        weights = greedy(library, blends, others, most, is_over)
        best = greedy(library, blends, others, 1, is_over)
        for fold in folds[half::2]:
            together.append(_score(library, blends, weights, fold))
            alone.append(_score(library, blends, best, fold))
    weights = greedy(library, blends, folds, most, is_over)
    if is_over() or len(weights) < 2 or fmean(together) <= fmean(alone):
        return None
    return Selection(weights, tuple(_score(library, blends, weights, fold) for fold in folds))


def greedy(
    library: Library,
    blends: Blends,
    folds: Sequence[int],
    most: int,
    is_over: Callable[[], bool] = lambda: False,
) -> dict[int, float]:
    """Return the weights of the candidates that do best together on some folds."""
    stacks = {fold: np.stack([one[fold] for one in library]) for fold in folds}
    sums = {fold: np.zeros_like(stack[0], dtype=float) for fold, stack in stacks.items()}
    picked: list[int] = []
    best_score, best_length = -np.inf, 0
    while len(picked) < min(PICKS, best_length + PATIENCE) and not (picked and is_over()):
        distinct = sorted(set(picked))
        options = distinct if len(distinct) == most else list(range(len(library)))
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


def average(library: Library, weights: Mapping[int, float], fold: int) -> np.ndarray:
    """Return the weighted average of the predictions of a fold, as the only blend."""
    members = np.stack([library[one][fold] for one in weights])
    return np.average(members, axis=0, weights=list(weights.values()))[None]


def _score(library: Library, blends: Blends, weights: Mapping[int, float], fold: int) -> float:
    return float(blends(fold, average(library, weights, fold))[0])
