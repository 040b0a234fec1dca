"""Checks of the target, and the weights and groups of their rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from evolver.checks.tables import is_invalid_text
from evolver.errors import InputError, InputTypeError
from evolver.task import Task

# Some messages below repeat scikit-learn's own, because `check_estimator` looks for their words:
# "Input y contains NaN" and "requires y to be passed, but the target y is None".

MIN_ROWS = 2
"""Least number of rows: one to fit on and one to validate on."""


def check_target(y: Any, task: type[Task]) -> np.ndarray:
    """Return the target as an array.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Target of a caller.
    task : type of Task
        Kind of the target.

    Returns
    -------
    ndarray of shape (n_samples,)
        Labels unchanged, or numbers as float64.

    Raises
    ------
    InputError, InputTypeError
        If the target is missing, not one-dimensional, or has missing or infinite values. For
        classification, also if it is continuous, of several types, or text that is not valid
        Unicode.
    """
    if y is None:
        raise InputError(
            "`y` must be given: this estimator requires y to be passed, but the target y is None."
        )
    try:
        target: np.ndarray = column_or_1d(y, warn=True)
    except ValueError as error:
        raise InputError(f"`y` must be one column: {error}") from None
    missing = np.flatnonzero(pd.isna(target))
    if len(missing):
        raise InputError(
            f"`y` must have no missing values: Input y contains NaN, first in row {missing[0]}."
        )
    return TARGETS[task.family](target)


def _class_labels(target: np.ndarray) -> np.ndarray:
    """Return class labels unchanged, or raise an InputError or InputTypeError."""
    invalid = next((label for label in target if is_invalid_text(label)), None)
    if invalid is not None:
        raise InputError(f"`y` must hold valid Unicode text, got {str(invalid)!r}.")
    try:
        check_classification_targets(target)
    except ValueError as error:
        raise InputError(f"`y` must be class labels: {error}") from None
    except TypeError:  # labels of several types cannot be sorted
        kinds = sorted({type(label).__name__ for label in target})
        raise InputTypeError(f"`y` must have labels of one type, got {', '.join(kinds)}.") from None
    return target


def _numeric_target(target: np.ndarray) -> np.ndarray:
    """Return the target as finite float64 numbers, or raise an InputError."""
    try:
        numbers = np.asarray(target, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"`y` must be numbers for regression: {error}") from None
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise InputError(
            f"`y` must be finite: Input y contains infinity, first in row {infinite[0]}."
        )
    return numbers


TARGETS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "classification": _class_labels,
    "regression": _numeric_target,
}
"""Check of the target for each family of tasks."""


def check_rows(X: pd.DataFrame, y: np.ndarray, sample_weight: Any, groups: Any) -> tuple[Any, Any]:
    """Return the weights and the groups of the rows as arrays; None if they are not given.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Checked table.
    y : ndarray of shape (n_samples,)
        Checked target.
    sample_weight, groups : array-like of shape (n_samples,) or None
        Weights and groups of a caller.

    Raises
    ------
    InputError
        If lengths differ, weights are negative, all zero or not finite, or a group is missing.
    """
    try:
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(X, groups)
    except ValueError as error:
        raise InputError(
            f"`X`, `y`, `sample_weight` and `groups` must have one entry for each row: {error}"
        ) from None
    if sample_weight is not None and ((sample_weight < 0).any() or not sample_weight.any()):
        raise InputError(
            "`sample_weight` must be at least 0 and not all 0, got a minimum of"
            f" {sample_weight.min()}."
        )
    if groups is not None and pd.isna(groups).any():
        raise InputError("`groups` must name a group for every row, got missing values.")
    return sample_weight, groups


def check_classes(task: Task, y: np.ndarray, sample_weight: np.ndarray | None) -> None:
    """Raise an InputError if the rows with a positive weight have fewer than two classes."""
    if task.classes is None:
        return
    classes = np.unique(y if sample_weight is None else y[sample_weight > 0])
    if len(classes) < 2:
        raise InputError(
            f"`y` must have at least 2 classes, got one class: {classes[:1].tolist()}."
        )
