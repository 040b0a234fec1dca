"""Checks of the column of times, by which folds go forward."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from evolver.checks.arguments import check_at_least
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.folds import are_in_time, forward_folds
from evolver.problem import Fold
from evolver.schema import Given, Schema, learn
from primitives.cleaning import plain_numbers


def check_time(X: pd.DataFrame, time: Any, groups: Any) -> str:
    """Return the name of the column of times.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Checked table.
    time : str or int
        Name or position of the column.
    groups : array-like of shape (n_samples,) or None
        Groups of the rows, which cannot be combined with times.

    Raises
    ------
    InputError, InputTypeError
        If there is no such column, or if there are groups.
    """
    if groups is not None:
        raise InputError(
            "`time` and `groups` must not be given together: folds go forward in time, or keep"
            " groups together."
        )
    return _name_of(X, time)


def times_of(column: pd.Series[Any]) -> np.ndarray:
    """Return the values of a column as integers in the same order.

    Parameters
    ----------
    column : Series
        Column of times, read by the schema.

    Raises
    ------
    InputError
        If it has gaps or cannot be ordered.
    """
    values = _in_order(str(column.name), column)
    gaps = int(values.isna().sum())
    if gaps:
        raise InputError(
            f"`time` must be a column without gaps, but {column.name!r} lacks {gaps} of"
            f" {len(column)} values: fill them or leave these rows out."
        )
    return pd.factorize(values, sort=True)[0]


def schema_with_time(X: pd.DataFrame, columns: Given | None, time: str | None) -> Schema:
    """Return the schema of a training table, in which the column of times is learned from.

    A number in the order of time looks like an identifier or a row number, which are left out. If
    the caller names its kind, that holds.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
    columns : mapping of str to str or sequence, optional
        Kinds of columns that a caller gives.
    time : str or None
        Name of the column of times, if there is one.
    """
    schema = learn(X, columns)
    if time is None or time in (columns or {}) or time not in plain_numbers(X):
        return schema
    if schema.columns[time].kind not in ("identifier", "row number"):
        return schema
    return learn(X, {**(columns or {}), time: "number"})


def _name_of(X: pd.DataFrame, time: Any) -> str:
    """Return the name of the column that `time` stands for."""
    if isinstance(time, bool) or not isinstance(time, str | Integral):
        raise InputTypeError(f"`time` must be the name or position of a column, got {time!r}.")
    if isinstance(time, str):
        if time not in X.columns:
            known = ", ".join(X.columns[:20])
            raise InputError(f"`time` must be a column of `X` ({known}), got {time!r}.")
        return time
    if not 0 <= int(time) < X.shape[1]:
        raise InputError(
            f"`time` must be a position from 0 to {X.shape[1] - 1}, or the name of a column, got"
            f" {time!r}."
        )
    return str(X.columns[int(time)])


def _in_order(name: str, column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as values that have an order; strings are read as numbers or dates."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        if column.cat.ordered:
            return column.cat.codes.where(column.notna())
        column = column.astype(column.cat.categories.dtype)
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return column
    try:
        return pd.to_numeric(column)
    except (TypeError, ValueError):
        pass
    try:
        return pd.to_datetime(column.astype("string"), format="ISO8601", utc=True)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"`time` must be a column of numbers, or of dates such as 2024-03-25, but {name!r} is"
            f" not: {error}. Convert it with pandas.to_datetime."
        ) from None


def splits_in_time(times: np.ndarray, cv: Any) -> Any:
    """Return the splits of a number of folds that go forward in time; a splitter unchanged.

    Parameters
    ----------
    times : ndarray of shape (n_samples,)
        Times in ascending order.
    cv : int, splitter or iterable of splits

    Raises
    ------
    InputError, InputTypeError
        If there are too few folds, or too few different times for them.
    """
    if isinstance(cv, bool) or not isinstance(cv, Integral):
        return cv
    check_at_least(2, "cv", cv)
    different = len(np.unique(times))
    if different <= int(cv):
        raise InputError(
            f"`cv` must be less than the number of different times, {different}, got {cv}."
        )
    return forward_folds(times, int(cv))


def check_forward(folds: list[Fold], cv: Any) -> None:
    """Raise an InputError unless every fold validates on later rows than it fits on."""
    if not are_in_time(folds):
        raise InputError(
            "`cv` must be a number of folds, or give folds that validate on later rows than they"
            f" fit on, if `time` is given, got {cv!r}."
        )
