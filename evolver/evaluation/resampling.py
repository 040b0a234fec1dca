"""Resampling of the validated rows of a problem, for the bootstrap of scores (Efron 1979).

Units are drawn with replacement: rows, whole groups, or blocks of consecutive rows where folds go
forward in time (Carlstein 1986). A row that several folds validate on, as in repeated
cross-validation, is drawn for all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evolver.evaluation.folds import are_in_time
from evolver.evaluation.scorers import metric_of
from evolver.problem import Problem

MOST_ROWS = 6_000
"""Largest number of rows that are resampled; of more rows, a random part is."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Validated rows that are resampled, and the units that are drawn.

    Parameters
    ----------
    problem : Problem
        Problem whose folds validate on the rows of the sample alone. It has a single column if the
        scorer reads none.
    places : sequence of ndarray of int
        Places of the rows of the sample in the validation part of each fold.
    units : sequence of ndarray of int
        Unit of each row of the sample, by fold.
    n_units : int
        Number of units in the sample.
    share : float
        Share of all units that are in the sample.
    noun : str
        Name of the units.
    """

    problem: Problem
    places: Sequence[np.ndarray]
    units: Sequence[np.ndarray]
    n_units: int
    share: float
    noun: str

    @property
    def n_rows(self) -> int:
        """Number of validated rows, summed over the folds."""
        return sum(map(len, self.places))

    def drawn(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return how often each unit is drawn, shape (n_draws, n_units)."""
        picks = rng.integers(self.n_units, size=(n_draws, self.n_units))
        return np.array([np.bincount(one, minlength=self.n_units) for one in picks])

    def of(self, predictions: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the predictions for the rows of the sample, by fold."""
        return [one[places] for one, places in zip(predictions, self.places, strict=True)]

    def weights(self, counts: np.ndarray, fold: int) -> np.ndarray:
        """Return the weights of the rows of a fold in each draw, shape (n_draws, n_rows).

        Parameters
        ----------
        counts : ndarray of shape (n_draws, n_units)
            How often each unit counts.
        fold : int
        """
        found = counts[:, self.units[fold]].astype(float)
        given = self.problem.sample_weight
        return found if given is None else found * given[self.problem.folds[fold][1]]


def sample_of(problem: Problem, rng: np.random.Generator, most: int = MOST_ROWS) -> Sample:
    """Return the rows of a problem that are resampled.

    Parameters
    ----------
    problem : Problem
    rng : numpy.random.Generator
        Source of the random part of a large table.
    most : int, default=`MOST_ROWS`
        Largest number of rows.
    """
    numbers, noun = _units_of(problem)
    validated = np.unique(np.concatenate([valid for _, valid in problem.folds]))
    units, sizes = np.unique(numbers[validated], return_counts=True)
    kept = units
    if len(validated) > most:
        order = rng.permutation(len(units))
        n_kept = np.searchsorted(np.cumsum(sizes[order]), most, side="right")
        kept = np.sort(units[order[: max(2, n_kept)]])
    places = [np.flatnonzero(np.isin(numbers[valid], kept)) for _, valid in problem.folds]
    folds = [
        (train, valid[place]) for (train, valid), place in zip(problem.folds, places, strict=True)
    ]
    # Taking rows of a wide table is slow, and a metric reads no column.
    X = problem.X if metric_of(problem.scorer) is None else problem.X.iloc[:, :1]
    return Sample(
        replace(problem, X=X, folds=folds),
        places,
        [np.searchsorted(kept, numbers[valid]) for _, valid in folds],
        len(kept),
        len(kept) / len(units),
        noun,
    )


def _units_of(problem: Problem) -> tuple[np.ndarray, str]:
    """Return the number of the unit of each row of a problem, and the name of the units."""
    if problem.groups is not None:
        return problem.groups, "groups"
    rows = np.arange(len(problem.y))
    if not are_in_time(problem.folds):
        return rows, "rows"
    # The length that balances bias and variance grows with the cube root (Künsch 1989).
    return rows // max(1, round(len(rows) ** (1 / 3))), "blocks of rows"
