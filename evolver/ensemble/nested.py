"""Excess of the score of an ensemble whose library was chosen on the folds that it is scored on.

The members and weights of each fold's blend are chosen by the other folds, but from a library of
the best candidates on all folds. Choosing the library by the other folds too shows what that adds.
So does leaving out folds that share rows with the fold, as those of repeated cross-validation do.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evolver.ensemble.blend import Blends, Library, average
from evolver.ensemble.greedy import greedy


def library_excess(
    whole: Library,
    nested: Sequence[Library],
    apart: Sequence[Sequence[int]],
    blends: Blends,
    most: int,
) -> float:
    """Return by how much the score of an ensemble is too good; at least 0.

    Plain averages are compared: temperature and pool of an ensemble gain from the same library.

    Parameters
    ----------
    whole : Library
        Candidates that were chosen by all folds.
    nested : sequence of Library
        Candidates that were chosen by the folds apart from each fold; `whole` itself where they are
        the same.
    apart : sequence of sequences of int
        Folds that share no row with each fold, at least one.
    blends : callable
        Scorer of predictions.
    most : int
        Largest number of members.
    """

    def score(library: Library, fold: int, chosen_by: Sequence[int]) -> float:
        weights = greedy(library, blends, chosen_by, most)
        return float(blends(fold, average(library, weights, fold))[0])

    gaps = []
    for fold, (library, others) in enumerate(zip(nested, apart, strict=True)):
        rest = [other for other in range(len(nested)) if other != fold]
        if library is whole and rest == list(others):
            gaps.append(0.0)
        else:
            gaps.append(score(whole, fold, rest) - score(library, fold, others))
    return max(0.0, fmean(gaps))
