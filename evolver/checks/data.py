"""Tables, targets, and what is given for their rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from evolver.errors import InputError, InputTypeError
from evolver.task import Task
from primitives.cleaning import as_frame

MIN_ROWS = 2
"""Fewer cannot be split into a training and a validation part."""


def check_table(X: Any, min_rows: int = 1) -> pd.DataFrame:
    """Return a table as a DataFrame with unique names.

    Raises
    ------
    InputError, InputTypeError
        When it is sparse, complex or not two-dimensional, has too few rows or no column, bad
        column names, or text that is no Unicode.
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
    try:
        frame: pd.DataFrame = as_frame(X)
    except UnicodeEncodeError as error:
        raise InputError(f"`X` must hold text that is Unicode, got {error.object!r}.") from None
    strange = [name for name in frame.columns if not isinstance(name, str)]
    if strange:
        raise InputTypeError(f"`X` must have column names that are strings, got {strange[:5]}.")
    broken = [name for name in frame.columns if _is_broken(name)]
    if broken:
        raise InputError(f"`X` must have column names that are Unicode, got {broken[:5]}.")
    _check_texts(frame)
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise InputError(f"`X` must have unique column names, got duplicates of {twice[:5]}.")
    return frame.copy(deep=False)  # columns that its owner adds later are not ours


def _check_texts(X: pd.DataFrame) -> None:
    """Raise where a column holds text that cannot be written, such as half of a surrogate pair."""
    for place, dtype in enumerate(X.dtypes):
        values: Any = ()
        if isinstance(dtype, pd.CategoricalDtype):
            values = dtype.categories
        elif pd.api.types.is_object_dtype(dtype) or getattr(dtype, "storage", None) == "python":
            values = X.iloc[:, place]
        broken = next((value for value in values if _is_broken(value)), None)
        if broken is not None:
            raise InputError(
                f"`X` must hold text that is Unicode, got {broken!r} in column"
                f" {X.columns[place]!r}."
            )


def _is_broken(value: Any) -> bool:
    """Say whether text is no Unicode: what was read as something else may have lone surrogates."""
    if not isinstance(value, str) or value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def check_target(y: Any, task: type[Task]) -> np.ndarray:
    """Return a target as an array of shape (n_samples,): labels as they are, numbers as float64.

    Raises
    ------
    InputError
        When it is missing, not one-dimensional, has NaN or infinite values, or is continuous or no
        Unicode where classes are wanted.
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
    broken = next((label for label in target if _is_broken(label)), None)
    if broken is not None:
        raise InputError(f"`y` must hold text that is Unicode, got {str(broken)!r}.")
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


TARGETS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "classification": _class_labels,
    "regression": _numeric_target,
}
"""Checks of a target by the family of its task."""


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


def check_classes(task: Task, y: np.ndarray, sample_weight: np.ndarray | None) -> None:
    """Raise unless a target of classes has two or more among the rows that have a weight."""
    if task.classes is None:
        return
    classes = np.unique(y if sample_weight is None else y[sample_weight > 0])
    if len(classes) < 2:
        raise InputError(
            f"`y` must have at least 2 classes, got one class: {classes[:1].tolist()}."
        )
