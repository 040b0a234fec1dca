"""The folds of cross-validation, and folds of fewer rows to come before them: the same for every
candidate, each one scorable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import check_cv

from evolver.problem import Fold
from evolver.task import Task

LADDER_FROM = 10_000
"""Rows of a table from which a ladder pays."""

LADDER_START = 2_500
LADDER_STEP = 4
LEAST_OF_CLASS = 10
"""Rows of each class, where there are so many, in the fewest rows."""


def make_ladder(
    folds: Sequence[Fold], y: np.ndarray, task: Task, rng: np.random.Generator
) -> list[Fold]:
    """Return folds of fewer rows, the smallest first; none for a small table.

    Each is part of the first fold and holds the rows of the one before. It has as many rows to
    validate on as to fit on, where there are so many: few rows rank candidates badly.

    Parameters
    ----------
    folds : sequence of Fold
    y : ndarray of shape (n_samples,)
    task : Task
        Classes, where there are any, keep their shares.
    rng : numpy.random.Generator
    """
    train, valid = folds[0]
    rows = len(train) + len(valid)
    if rows < LADDER_FROM:
        return []
    orders = [_stratified(part, y, task, rng) for part in (train, valid)]
    ladder, size = [], LADDER_START
    while 2 * size <= rows:
        fitted_on = round(size * len(train) / rows)
        ladder.append((np.sort(orders[0][:fitted_on]), np.sort(orders[1][:fitted_on])))
        size *= LADDER_STEP
    return of_known_classes(ladder, y, task)


def _stratified(
    rows: np.ndarray, y: np.ndarray, task: Task, rng: np.random.Generator
) -> np.ndarray:
    """Return rows in an order in which the first so many have some of every class, in about its
    share."""
    rows = rng.permutation(rows)
    if task.classes is None:
        return rows
    _, classes, counts = np.unique(y[rows], return_inverse=True, return_counts=True)
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
    """Return the folds of a splitter as they are, or shuffled and stratified folds for a number.

    In the latter, a row whose class has no other is in every training part and in no validation
    part, unless there are groups, which stay together.

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
    rows = np.arange(len(y))  # an iterable may name them by a mask
    folds = [(rows[train], rows[valid]) for train, valid in splitter.split(X, y, groups)]
    if isinstance(cv, int) and groups is None and task.classes is not None:
        return [_keep_singletons(fold, y) for fold in folds]
    return folds


def of_known_classes(folds: Sequence[Fold], y: np.ndarray, task: Task) -> list[Fold]:
    """Return folds without the rows to validate whose class is in no row to fit on.

    No probability of such a class can be predicted.
    """
    if task.classes is None:
        return list(folds)
    return [(train, valid[np.isin(y[valid], np.unique(y[train]))]) for train, valid in folds]


def are_in_time(folds: Sequence[Fold]) -> bool:
    """Say whether every fold validates on later rows than it fits on: their order is that of
    time."""
    return all(train.max() < valid.min() for train, valid in folds)


def _keep_singletons(fold: Fold, y: np.ndarray) -> Fold:
    train, valid = fold
    classes, counts = np.unique(y, return_counts=True)
    single = np.isin(y[valid], classes[counts == 1])
    return np.sort(np.concatenate([train, valid[single]])), valid[~single]
