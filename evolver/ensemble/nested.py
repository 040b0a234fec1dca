"""Excess of the score of an ensemble whose library was chosen on the folds that it is scored on.

The members and weights of each fold's blend are chosen by the other folds, but from a library of
the best candidates on all folds. Choosing the library by the other folds too shows what that adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evolver.ensemble.blend import Blends, Library, average
from evolver.ensemble.greedy import greedy


def library_excess(
    whole: Library, by_others: Sequence[Library | None], blends: Blends, most: int
) -> float:
    """Return by how much the score of an ensemble is too good; at least 0.

    Plain averages are compared: temperature and pool of an ensemble gain from the same library.

    Parameters
    ----------
    whole : Library
        Candidates that were chosen by all folds.
    by_others : sequence of Library or None
        Candidates that were chosen without each fold; None where they are those of `whole`.
    blends : callable
        Scorer of predictions.
    most : int
        Largest number of members.
    """
    gaps = []
    for fold, nested in enumerate(by_others):
        if nested is None:
            gaps.append(0.0)
            continue
        rest = [other for other in range(len(by_others)) if other != fold]
        scores = [
            float(blends(fold, average(library, greedy(library, blends, rest, most), fold))[0])
            for library in (whole, nested)
        ]
        gaps.append(scores[0] - scores[1])
    return max(0.0, fmean(gaps))
