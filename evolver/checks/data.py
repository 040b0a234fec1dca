"""Checks of the weights and groups of the rows, and of the rows that have a target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import _check_sample_weight

from evolver.errors import InputError
from evolver.task import Task
from evolver.warned import Finding

MIN_ROWS = 2
"""Least number of rows: one to fit on and one to validate on."""


def check_rows(
    X: pd.DataFrame, known: np.ndarray, sample_weight: Any, groups: Any
) -> tuple[pd.DataFrame, Any, Any]:
    """Return the rows with a target: the table, and weights and groups as arrays or None.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Checked table.
    known : ndarray of shape (n_samples,)
        True for each row that has a target.
    sample_weight, groups : array-like of shape (n_samples,) or None
        Weights and groups of a caller.

    Raises
    ------
    InputError
        If lengths differ, too few rows have a target, weights are negative, all zero or not finite,
        or a group is missing.
    """
    try:
        check_consistent_length(X, known)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(X, groups)
    except ValueError as error:
        raise InputError(
            f"`X`, `y`, `sample_weight` and `groups` must have one entry for each row: {error}"
        ) from None
    if not known.all():
        if known.sum() < MIN_ROWS:
            raise InputError(f"`y` must have a value in {MIN_ROWS} rows, got {known.sum()}.")
        X = X[known]
        sample_weight = None if sample_weight is None else sample_weight[known]
        groups = None if groups is None else groups[known]
    if sample_weight is not None and ((sample_weight < 0).any() or not sample_weight.any()):
        raise InputError(
            "`sample_weight` must be at least 0 and not all 0, got a minimum of"
            f" {sample_weight.min()}."
        )
    if groups is not None and pd.isna(groups).any():
        raise InputError("`groups` must name a group for every row, got missing values.")
    return X, sample_weight, groups


def misaligned(X: Any, **columns: Any) -> list[Finding]:
    """Return the findings of columns whose index is that of the table in another order.

    Parameters
    ----------
    X : table of a caller
    **columns : array-like
        Target, weights and groups of a caller, by the name of the argument.
    """
    findings = []
    for name, column in columns.items():
        if not isinstance(X, pd.DataFrame) or not isinstance(column, pd.Series | pd.DataFrame):
            continue
        mine, other = X.index, column.index
        is_shuffled = (
            len(mine) == len(other)
            and not mine.equals(other)
            and bool(other.isin(mine).all() and mine.isin(other).all())
        )
        if is_shuffled:
            message = (
                f"`{name}` has the index of `X` in another order. Rows are taken by position, as"
                f" in scikit-learn; to take them by the index, pass `{name}.loc[X.index]`."
            )
            findings.append(Finding("index-order", message))
    return findings


def check_classes(task: Task, y: np.ndarray, sample_weight: np.ndarray | None) -> None:
    """Raise an InputError if the rows with a positive weight have fewer than two classes."""
    if task.classes is None:
        return
    classes = pd.unique(y if sample_weight is None else y[sample_weight > 0])
    if len(classes) < 2:
        raise InputError(
            f"`y` must have at least 2 classes, got one class: {classes[:1].tolist()}."
        )
