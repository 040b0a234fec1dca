"""Columns whose values need little or no reading: a few lines read them as the schema does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from evolver.schema.schema import Schema
from primitives.cleaning import LARGEST, cleaned
from primitives.formats import PLAIN
from primitives.reading import FLOATS, Column, as_text, factorized, is_written, marks_of
from primitives.tidy import to_booleans, to_dates, to_floats, to_numbers, to_places

MOST_OTHERS = 1_000
"""Number of columns of other kinds than numbers above which all of them are read: few are alike."""

CELLS = 1_000_000
"""Number of cells that are looked at together."""


class Reading(NamedTuple):
    """Function of `primitives.tidy` that reads a column as its schema does.

    Parameters
    ----------
    function : callable
        Function of a table and the names of columns.
    arguments : tuple of tuple of str and Any, default=()
        Further arguments of the function: pairs of name and value.
    """

    function: Callable[..., pd.DataFrame]
    arguments: tuple[tuple[str, Any], ...] = ()


class AsWritten(NamedTuple):
    """Columns of a training table whose values need little or no reading.

    Those that need none are finite numbers, booleans, dates, and categories or texts without marks
    of missing values and without white space around them. Scikit-learn's own steps understand them.

    Parameters
    ----------
    as_written : frozenset of str
        Names of the columns whose values need no reading.
    marks : dict of str to frozenset of str
        Marks of missing values in columns that need no other reading, by name.
    readings : dict of str to Reading
        Functions that read other columns as the schema does, by name.
    """

    as_written: frozenset[str]
    marks: dict[str, frozenset[str]]
    readings: dict[str, Reading]


def as_written(X: pd.DataFrame, schema: Schema, read: pd.DataFrame | None = None) -> AsWritten:
    """Return the columns of a training table whose values need little or no reading.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Table as it was given, with the columns of the schema.
    schema : Schema
    read : DataFrame of shape (n_samples, n_learned), optional
        The same table, read by the schema; None: it is read here.
    """
    columns, dtypes = schema.columns, dict(X.dtypes)
    learned = [name for name in schema.learned if name in dtypes]
    numbers = [name for name in learned if _are_plain(dtypes[name], columns[name])]
    others = [name for name in learned if columns[name].kind in ("date", "category", "text")]
    marks = dict.fromkeys(_within_limit(X, numbers), NO_MARKS)
    for name in others if len(others) <= MOST_OTHERS else ():
        found = _marks_in(X[name], columns[name])
        if found is not None:
            marks[name] = found
    rest = [name for name in learned if name not in marks]
    read = schema.read(X)[0] if read is None else read
    readings = {
        name: reading
        for name in (rest if len(rest) <= MOST_OTHERS else ())
        if (reading := _reading_of(X[name], read[name], columns[name])) is not None
    }
    dates = [name for name in learned if columns[name].kind == "date"]
    if any(name in readings for name in dates):
        # A program reads all columns of dates in one way.
        readings |= {name: _date_reading(columns[name]) for name in dates if name in marks}
        marks = {name: found for name, found in marks.items() if name not in readings}
    return AsWritten(
        frozenset(name for name, found in marks.items() if not found),
        {name: found for name, found in marks.items() if found},
        readings,
    )


def _reading_of(values: pd.Series[Any], read: pd.Series[Any], column: Column) -> Reading | None:
    """Return the function that reads a column as its schema does; None if there is none."""
    candidate = _candidate(values.dtype, column)
    if candidate is None or candidate.function in EXACT:
        return candidate
    is_first = ~values.duplicated().to_numpy()
    some = values[is_first].to_frame("")
    try:
        found = candidate.function(some, [""], **dict(candidate.arguments))[""].to_numpy()
    except (TypeError, ValueError):
        return None
    expected = np.asarray(cleaned(read.array[is_first], column))
    return candidate if np.array_equal(found, expected, equal_nan=True) else None


EXACT = (to_booleans, to_places)
"""Functions that read every value as a schema does, by the same rules."""


def _candidate(dtype: Any, column: Column) -> Reading | None:
    """Return the function that may read a column, by its type and kind; None if there is none."""
    if column.kind == "date":
        return _date_reading(column)
    if column.kind == "ordered":
        return Reading(to_places, (("values", column.values),))
    if column.kind not in FLOATS:
        return None
    if not is_written(dtype):
        is_span = dtype.kind == "m"
        return None if is_span or isinstance(dtype, np.dtype) else Reading(to_floats)
    if column.kind == "boolean":
        return Reading(to_booleans)
    decimal = (column.form or PLAIN)[0]
    arguments = () if decimal == "." else (("decimal", decimal),)
    return Reading(to_numbers, arguments) if column.kind == "number" else None


def _date_reading(column: Column) -> Reading:
    """Return the function that reads dates of the format of a column."""
    return Reading(to_dates, (("format", column.form),))


def _are_plain(dtype: Any, column: Column) -> bool:
    """Return True if a column holds numbers or booleans in a type of numpy."""
    is_number = isinstance(dtype, np.dtype) and dtype.kind in "fiub"
    return is_number and column.kind in ("number", "boolean")


def _within_limit(X: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """Yield the names of columns whose numbers are all finite and not too large, or missing."""
    step = max(1, CELLS // max(1, len(X)))
    for start in range(0, len(names), step):
        block = names[start : start + step]
        sizes = np.abs(X[block].to_numpy(np.float64))
        largest = np.max(sizes, axis=0, initial=0.0, where=~np.isnan(sizes))
        yield from (name for name, size in zip(block, largest, strict=True) if size <= LARGEST)


def _marks_in(values: pd.Series[Any], column: Column) -> frozenset[str] | None:
    """Return the marks of missing values in a column; None if it needs more reading."""
    kind = getattr(values.dtype, "kind", "")
    if column.kind == "date":
        return NO_MARKS if isinstance(values.dtype, np.dtype) and kind == "M" else None
    if column.values:
        return None
    codes, distinct = factorized(values)
    if any(not isinstance(text, str) or text != as_text(text) for text in distinct):
        return None
    marks = {text for text in distinct if text.casefold() in marks_of(column)}
    return frozenset(marks | _other_gaps(values, codes))


def _other_gaps(values: pd.Series[Any], codes: np.ndarray) -> set[str]:
    """Return gaps of other kinds than NaN as texts: each would be a category of its own."""
    if getattr(values.dtype, "na_value", np.nan) is pd.NA:
        return {str(pd.NA)}
    is_object = pd.api.types.is_object_dtype(values.dtype)
    gaps = values[codes < 0] if is_object else ()
    return {str(gap) for gap in gaps if not isinstance(gap, float)}


NO_MARKS: frozenset[str] = frozenset()
"""Marks of a column that needs no reading."""
