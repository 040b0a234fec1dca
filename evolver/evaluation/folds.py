"""Folds of cross-validation, and the ladder: folds of fewer rows that come before them.

They are the same for every candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import check_cv

from evolver.problem import Fold
from evolver.task import Task

LADDER_FROM = 10_000
"""Least number of rows of a table for which a ladder saves time."""

LADDER_START = 2_500
"""Number of rows of a table whose training part is as large as that of the first fold."""

LADDER_STEP = 4
"""Ratio of the rows of a fold of a ladder to those of the fold before it."""

LEAST_OF_CLASS = 10
"""Number of rows of each class, if it has as many, that come first in the order of rows."""


def make_ladder(
    folds: Sequence[Fold], y: np.ndarray, task: Task, rng: np.random.Generator
) -> list[Fold]:
    """Return folds of fewer rows, the smallest first; none if the table is small.

    Each is part of the first fold of cross-validation and contains the rows of the fold before it.

    Parameters
    ----------
    folds : sequence of Fold
        Folds of cross-validation.
    y : ndarray of shape (n_samples,)
    task : Task
        Task, whose classes keep their shares.
    rng : numpy.random.Generator
    """
    train, valid = folds[0]
    rows = len(train) + len(valid)
    if rows < LADDER_FROM:
        return []
    orders = [_stratified(part, y, task, rng) for part in (train, valid)]
    ladder, size = [], LADDER_START
    while 2 * size <= rows:
        # As many rows are validated on as are fitted on, if the fold has them: scores on few rows
        # rank candidates badly.
        fitted_on = round(size * len(train) / rows)
        ladder.append((np.sort(orders[0][:fitted_on]), np.sort(orders[1][:fitted_on])))
        size *= LADDER_STEP
    return of_known_classes(ladder, y, task)


def _stratified(
    rows: np.ndarray, y: np.ndarray, task: Task, rng: np.random.Generator
) -> np.ndarray:
    """Return rows in an order whose beginning has rows of every class, in about their shares."""
    rows = rng.permutation(rows)
    if task.classes is None:
        return rows
    # Rows are ordered by their rank within the class, divided by the size of the class. The first
    # rows of each class come before all others.
    classes = numbered(y[rows])
    counts = np.bincount(classes)
    order = np.argsort(classes, kind="stable")
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (rank + 0.5) / counts[classes]
    share[rank < LEAST_OF_CLASS] -= 1.0
    return rows[np.argsort(share, kind="stable")]


def make_folds(
    X: pd.DataFrame,
    y: np.ndarray,
    cv: Any,
    task: Task,
    *,
    groups: np.ndarray | None,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return the folds of a splitter, or shuffled folds for a number, stratified by class.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    cv : int, splitter or iterable of splits
        Number of folds, or what gives them.
    task : Task
    groups : ndarray of shape (n_samples,) or None
        Groups of rows that stay together.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError, IndexError
        When the splitter cannot split these rows.
    """
    if isinstance(cv, int):
        seed = int(rng.integers(2**31))
        splitter = task.splitter(cv, grouped=groups is not None, seed=seed)
    else:
        splitter = check_cv(cv)
    if isinstance(cv, int) and task.classes is not None:
        y = numbered(y)
    rows = np.arange(len(y))  # an iterable may give masks instead of row numbers
    folds = [(rows[train], rows[valid]) for train, valid in splitter.split(X, y, groups)]
    # Folds of a splitter stay as they are, and groups stay together.
    if isinstance(cv, int) and groups is None and task.classes is not None:
        is_single = np.bincount(y)[y] == 1
        return [_keep_singletons(fold, is_single) for fold in folds]
    return folds


def forward_folds(times: np.ndarray, n_splits: int) -> list[Fold]:
    """Return folds that go forward in time, as those of scikit-learn's `TimeSeriesSplit`.

    Each fold validates on the rows that follow those it fits on. Rows of one time stay together: a
    fold begins at the change of time that is nearest to its place in folds of equal size.

    Parameters
    ----------
    times : ndarray of shape (n_samples,)
        Times of the rows, in ascending order, with more than `n_splits` different ones.
    n_splits : int
        Number of folds.
    """
    rows = np.arange(len(times))
    changes = np.flatnonzero(times[1:] != times[:-1]) + 1
    size = len(rows) // (n_splits + 1)
    starts: list[int] = []
    for following in reversed(range(n_splits)):
        # As many changes are left over as there are folds to follow.
        options = changes[: len(changes) - following]
        place = int(np.argmin(np.abs(options - (len(rows) - (following + 1) * size))))
        starts.append(int(options[place]))
        changes = changes[place + 1 :]
    ends = [*starts[1:], len(rows)]
    return [(rows[:start], rows[start:end]) for start, end in zip(starts, ends, strict=True)]


def of_known_classes(folds: Sequence[Fold], y: np.ndarray, task: Task) -> list[Fold]:
    """Return folds without the validation rows whose class is not in the training part.

    No model can predict a probability of such a class.
    """
    if task.classes is None:
        return list(folds)
    y = numbered(y)
    return [(train, valid[np.isin(y[valid], np.unique(y[train]))]) for train, valid in folds]


def numbered(y: np.ndarray) -> np.ndarray:
    """Return classes or groups as integers from 0 on, which are compared and sorted much faster."""
    numbers: np.ndarray = pd.factorize(y)[0]
    return numbers


def are_in_time(folds: Sequence[Fold]) -> bool:
    """Return True if every fold validates on later rows than it fits on, as for a time series."""
    return all(train.max() < valid.min() for train, valid in folds)


def apart(folds: Sequence[Fold]) -> list[list[int]]:
    """Return for each fold the numbers of the folds that validate on none of its rows.

    In repeated cross-validation, they are the other folds of the same repeat.
    """
    numbers = range(len(folds))
    valid = [part for _, part in folds]
    if len(np.unique(np.concatenate(valid))) == sum(map(len, valid)):
        return [[other for other in numbers if other != fold] for fold in numbers]
    return [
        [other for other in numbers if not len(np.intersect1d(valid[fold], valid[other]))]
        for fold in numbers
    ]


def _keep_singletons(fold: Fold, is_single: np.ndarray) -> Fold:
    """Return a fold with the rows that are alone in their class moved to the training part.

    Without such a row in the training part, its class could not be learned in this fold.
    """
    train, valid = fold
    single = is_single[valid]
    return np.sort(np.concatenate([train, valid[single]])), valid[~single]
