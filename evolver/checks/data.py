"""Tables, targets, and what is given for their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from evolver.errors import InputError, InputTypeError
from primitives.cleaning import as_frame

MIN_ROWS = 2
"""Fewer cannot be split into a training and a validation part."""


def check_table(X: Any, min_rows: int = 1) -> pd.DataFrame:
    """Return a table as a DataFrame with unique names.

    Raises
    ------
    InputError, InputTypeError
        When it is sparse, complex or not two-dimensional, has too few rows or no column, or bad
        column names.
    """
    if scipy.sparse.issparse(X):
        raise InputTypeError(
            "`X` must be dense: sparse input is not supported, call toarray() first."
        )
    if not isinstance(X, pd.DataFrame):
        try:
            X = check_array(
                X, dtype=None, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0
            )
        except ValueError as error:
            raise InputError(f"`X` must be a table: {error}") from None
        except TypeError as error:
            raise InputTypeError(f"`X` must be a table: {error}") from None
    for axis, noun, least in ((0, "sample(s)", min_rows), (1, "feature(s)", 1)):
        if X.shape[axis] < least:
            raise InputError(
                f"`X` must have enough rows and columns: {X.shape[axis]} {noun} (shape={X.shape})"
                f" while a minimum of {least} is required."
            )
    frame: pd.DataFrame = as_frame(X)
    strange = [name for name in frame.columns if not isinstance(name, str)]
    if strange:
        raise InputTypeError(f"`X` must have column names that are strings, got {strange[:5]}.")
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise InputError(f"`X` must have unique column names, got duplicates of {twice[:5]}.")
    return frame.copy(deep=False)  # columns that its owner adds later are not ours


def check_target(y: Any, *, classification: bool) -> np.ndarray:
    """Return a target as an array of shape (n_samples,): labels as they are, numbers as float64.

    Raises
    ------
    InputError
        When it is missing, not one-dimensional, has NaN or infinite values, or is continuous where
        classes are wanted.
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
    if not classification:
        return _numeric_target(target)
    try:
        check_classification_targets(target)
    except ValueError as error:
        raise InputError(f"`y` must be class labels: {error}") from None
    except TypeError:
        kinds = sorted({type(label).__name__ for label in target})
        raise InputTypeError(f"`y` must have labels of one type, got {', '.join(kinds)}.") from None
    return target


def _numeric_target(target: np.ndarray) -> np.ndarray:
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


def check_rows(X: pd.DataFrame, y: np.ndarray, sample_weight: Any, groups: Any) -> tuple[Any, Any]:
    """Return weights and groups as arrays, all of one length with X and y.

    Raises
    ------
    InputError
        When lengths differ, weights are negative, all zero or not finite, or a group is missing.
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
            f"`X`, `y`, `sample_weight` and `groups` must have a row each: {error}"
        ) from None
    if sample_weight is not None and ((sample_weight < 0).any() or not sample_weight.any()):
        raise InputError(
            "`sample_weight` must be at least 0 and not all 0, got a minimum of"
            f" {sample_weight.min()}."
        )
    if groups is not None and pd.isna(groups).any():
        raise InputError("`groups` must name a group for every row, got missing values.")
    return sample_weight, groups


def check_classes(y: np.ndarray, sample_weight: np.ndarray | None) -> None:
    """Raise unless there are two classes or more among the rows that have a weight."""
    classes = np.unique(y if sample_weight is None else y[sample_weight > 0])
    if len(classes) < 2:
        raise InputError(
            f"`y` must have at least 2 classes, got one class: {classes[:1].tolist()}."
        )
