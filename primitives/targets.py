"""Targets: from a column of any type to class labels or numbers.

Exported files contain copies of this source; see `primitives.transformers`. The messages of errors
begin with a verb, because the caller knows the name of the target.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from numbers import Integral, Real

import numpy as np
import pandas as pd

from primitives.formats import CONVENTIONS, MARKS_AMONG_VALUES, numbers_and_units


def read_target(column, classification):
    """Return the values of the rows whose target is known, and a mask of these rows.

    Parameters
    ----------
    column : Series of shape (n_samples,)
        Target of any type; missing values are gaps.
    classification : bool
        True for class labels, False for numbers.

    Returns
    -------
    values : ndarray of shape (n_known,)
        Labels as integers, booleans, floats or strings; or numbers as float64.
    known : ndarray of shape (n_samples,)
        True where the target is known.

    Raises
    ------
    ValueError, TypeError
        If a value is no label, or no number.
    """
    known = known_rows(column, classification)
    values = plain_values(column if known.all() else column[known])
    if not classification:
        return target_numbers(values), known
    labels = class_labels(values)
    # pandas keeps integers with gaps as floats.
    if labels.dtype.kind == "f" and not known.all() and (np.abs(labels) <= 2**53).all():
        labels = labels.astype(np.int64)
    return labels, known


def known_rows(column, classification):
    """Return True for each row with a target; a mark such as "?" is no number, but may be a label.

    Parameters are those of `read_target`.
    """
    known = column.notna().to_numpy()
    if classification or not may_hold_texts(column.dtype):
        return known
    marked = [is_mark(value) for value in column.to_numpy(dtype=object)]
    return known & ~np.array(marked, dtype=bool)


def may_hold_texts(dtype):
    """Return True if a column of a type may hold strings."""
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    return pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype)


def is_mark(value):
    """Return True if a value is a text that stands for a missing number."""
    return isinstance(value, str) and value.strip().lower() in MARKS_AMONG_VALUES


def plain_values(column):
    """Return a column without gaps as an array of numpy's own types; of objects if none fits."""
    types, dtype = pd.api.types, column.dtype
    if isinstance(dtype, np.dtype | pd.CategoricalDtype):
        return np.asarray(column)
    if types.is_bool_dtype(dtype):
        return column.to_numpy(dtype=bool)
    if types.is_integer_dtype(dtype):
        return column.to_numpy(
            dtype=np.uint64 if types.is_unsigned_integer_dtype(dtype) else np.int64
        )
    return column.to_numpy(dtype=np.float64 if types.is_float_dtype(dtype) else object)


def class_labels(values):
    """Return class labels as an array of integers, booleans, whole floats or strings.

    Raises
    ------
    ValueError, TypeError
        If the labels are of several kinds, or of a kind that cannot be a label.
    """
    if values.dtype.kind == "O":
        values = objects_as_labels(values)
    kind = values.dtype.kind
    refuse_times(kind)
    if kind == "S":
        return np.array([value.decode() for value in values.tolist()], dtype=object)
    if kind not in "biufUO":
        raise TypeError(f"must hold strings, integers or booleans, got {values.dtype}.")
    if kind != "f":
        return values
    values = values.astype(np.float64)
    check_finite(values)
    fractions = np.flatnonzero(values != np.round(values))
    if len(fractions):
        raise ValueError(
            f"must be class labels, got continuous numbers such as {values[fractions[0]]:g}. Use"
            " EvolvedRegressor for numbers; if they are classes, make strings of them."
        )
    return values


def objects_as_labels(values):
    """Return objects that are labels of one kind as an array of that kind."""
    kinds = {kind_of(kind) for kind in set(map(type, values))}
    if kinds == {"bool"}:
        return values.astype(bool)
    if kinds == {"integer"}:
        return integers(values)
    if kinds and kinds <= {"integer", "float"}:
        return values.astype(np.float64)
    if kinds == {"string"}:
        # A member of an enumeration of strings is a string; its text is the label.
        return np.array([str.__str__(value) for value in values], dtype=object)
    if kinds == {"bytes"}:
        return np.array([value.decode() for value in values], dtype=object)
    if len(kinds) == 1:
        for kind in kinds & set(TIMES_BY_KIND):
            refuse_times(TIMES_BY_KIND[kind])
        raise TypeError(
            f"must hold strings, integers or booleans, got {type(values[0]).__name__}: make strings"
            " of them if they are classes."
        )
    names = sorted({kind.__name__ for kind in set(map(type, values))})
    raise TypeError(f"must have labels of one type, got {', '.join(names)}.")


def integers(values):
    """Return Python's integers as an array of 64 bits."""
    for dtype in (np.int64, np.uint64):
        try:
            return np.array([int(value) for value in values], dtype=dtype)
        except OverflowError:
            continue
    raise ValueError(
        f"must have integers of at most 64 bits, got {max(values, key=abs)}: make strings of them."
    )


TIMES_BY_KIND = {"date": "M", "time span": "m"}
"""Kinds of arrays of dates and of time spans, by the kind of their objects."""


def kind_of(kind):
    """Return the kind of the objects of a Python type, in one or two words."""
    # A time span of numpy is an integer for Python, so the order matters.
    if issubclass(kind, np.timedelta64 | datetime.timedelta):
        return "time span"
    if issubclass(kind, np.datetime64 | datetime.date | pd.Period):
        return "date"
    if issubclass(kind, bool | np.bool_):
        return "bool"
    if issubclass(kind, Integral):
        return "integer"
    if issubclass(kind, Real | Decimal):
        return "float"
    if issubclass(kind, str):
        return "string"
    return "bytes" if issubclass(kind, bytes) else kind.__name__


def target_numbers(values):
    """Return numbers of any type, or texts of numbers, as finite float64.

    Raises
    ------
    ValueError, TypeError
        If some are no finite numbers.
    """
    kinds = set()
    if values.dtype.kind == "O":
        kinds = {kind_of(kind) for kind in set(map(type, values))}
        for kind in kinds & set(TIMES_BY_KIND):
            refuse_times(TIMES_BY_KIND[kind])
    refuse_times(values.dtype.kind)
    if values.dtype.kind in "US" or kinds & {"string", "bytes"}:
        numbers = numbers_of_texts(values)
    elif values.dtype.kind == "c" or not kinds <= {"bool", "integer", "float"}:
        names = ", ".join(sorted(kinds)) or str(values.dtype)
        raise TypeError(f"must be numbers for regression, got {names}.")
    else:
        numbers = values.astype(np.float64)
    check_finite(numbers)
    return numbers


def numbers_of_texts(values):
    """Return texts of numbers, or a mix of texts and numbers, as float64."""
    numbers, units = read_target_numbers([as_read(value) for value in values.tolist()])
    if len(units) > 1:
        raise ValueError(f"must be numbers in one unit, got {', '.join(units[:5])}.")
    unread = np.flatnonzero(np.isnan(numbers))
    if len(unread):
        some = ", ".join(map(repr, dict.fromkeys(values[unread[:20]].tolist())))
        raise ValueError(
            f"must be numbers for regression, got {some[:200]} in {len(unread)} of {len(values)}"
            " rows. Blank these values to leave the rows out, or predict classes"
            " (EvolvedClassifier, `--task classification`)."
        )
    return numbers


def as_read(value):
    """Return a value as the text of a number."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def read_target_numbers(texts):
    """Return the numbers that texts stand for, by the convention of decimals that reads most.

    Returns
    -------
    numbers : ndarray of shape (n_texts,)
        Numbers as float64, NaN where a text is none.
    units : list of str
        Distinct units in small letters.
    """
    codes, distinct = pd.factorize(np.array([text.strip() for text in texts], dtype=object))
    best = None
    for convention in CONVENTIONS:
        found = numbers_and_units(distinct, convention)
        if best is None or np.isnan(found[0]).sum() < np.isnan(best[0]).sum():
            best = found
    numbers, units = best
    return numbers[codes], sorted(set(units) - {""})


def refuse_times(kind):
    """Raise TypeError if a kind of array is that of dates or of time spans."""
    if kind in REFUSED:
        raise TypeError(REFUSED[kind])


REFUSED = {
    "M": "must not hold dates: make numbers of them first, such as days since the first date, or"
    " strings if they are classes.",
    "m": "must not hold time spans, which have no unit: make numbers of them first, such as seconds"
    " by y.dt.total_seconds(), or strings if they are classes.",
}
"""Messages about dates and time spans, by the kind of their arrays."""


def check_finite(values):
    """Raise ValueError if a number is infinite."""
    if np.isinf(values).any():
        raise ValueError("must be finite: Input y contains infinity.")
