"""Greedy selection of an average, and the temperature that suits it (Caruana et al. 2004)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from evolver.ensemble.blend import Affords, Blends, Library, average
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


def greedy(
    library: Library,
    blends: Blends,
    folds: Sequence[int],
    most: int,
    affords: Affords = lambda _: True,
    *,
    begin: int = BEGIN,
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
    begin : int, default=BEGIN
        Number of the best candidates to begin with, at most.

    Returns
    -------
    dict of int to float
        Weights by place in the library; they add up to 1.
    """
    stacks = {fold: np.stack([candidate[fold] for candidate in library]) for fold in folds}
    alone = np.mean([blends(fold, stack) for fold, stack in stacks.items()], axis=0)
    picked = _first_picks(alone, min(begin, most), affords)
    n_first = len(picked)
    # Sums of the predictions that are picked: averages with one more take one addition each.
    sums = {fold: stack[picked].sum(axis=0, dtype=float) for fold, stack in stacks.items()}
    best_score = fmean(float(blends(fold, sums[fold][None] / n_first)[0]) for fold in folds)
    best_length = n_first
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
    first = max(1, min(most, len(alone) // BEGIN_SHARE))
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
