"""Reading: the values of a column in the type of its kind, however they are written.

A column is read by its `Column`, which is learned once from a whole training table, and never by
how its values look elsewhere. Exported files contain copies of this source; see
`primitives.transformers`.
"""

from __future__ import annotations

from collections import defaultdict, namedtuple
from functools import lru_cache

import numpy as np
import pandas as pd

from primitives.formats import (
    MARKS_AMONG_VALUES,
    MISSING_MARKS,
    PLAIN,
    read_booleans,
    read_dates,
    read_numbers,
    read_times,
)

EPOCHS = {1e11: 1e6, 1e14: 1e3, 1e17: 1.0}
"""Microseconds that a number counts, by the size below which it does; larger ones count ns."""

LARGEST_DATE = 2.0**60
"""Microseconds from 1970 on within which numbers are dates, some 36,000 years."""

FLOATS = ("number", "boolean", "duration")
"""Kinds of columns that are read as numbers."""

LEFT_OUT = ("constant", "identifier", "row number", "ignore")
"""Kinds of columns that no pipeline learns from."""

FEW_ROWS, CELLS = 10_000, 1_000_000
"""Most rows of columns of texts that are read together, and most cells of these."""

FEW_NAMES = 20
"""Most categories of a type that is kept for other columns."""


class Column(namedtuple("Column", "kind form unit values", defaults=("", "", ()))):
    """The way in which the values of a column are read.

    Parameters
    ----------
    kind : str
        ``"number"``, ``"boolean"``, ``"duration"``, ``"date"``, ``"category"``, ``"ordered"``,
        ``"text"``, or a kind that is left out: ``"constant"``, ``"identifier"``, ``"row number"``
        or ``"ignore"``.
    form : str, default=""
        Decimal mark and thousands separator of numbers, such as ``",."``, unless they are plain;
        format of dates in the directives of `strptime`, or ``"ISO8601"``.
    unit : str, default=""
        Unit in which numbers are written, in small letters.
    values : tuple of str, default=()
        Values of an ordered column, the least first.
    """

    __slots__ = ()


NUMBER = Column("number")
"""Column of plain numbers."""


def read_column(values, column, are_shares=False):
    """Return the values of a column in the type of its kind, and the values that have no reading.

    What this returns is read the same way again.

    Parameters
    ----------
    values : Series of shape (n_samples,)
    column : Column
    are_shares : bool, default=False
        True if the numbers of the column are shares of one.

    Returns
    -------
    read : array of shape (n_samples,)
        float64, datetime64[us], Categorical, or a Series of type object for texts.
    unread : tuple of int and object, or None
        Number of the values that became missing, and the first of them.
    """
    if column.kind in FLOATS and not is_written(values.dtype):
        return numbers_of(values), None
    if column.kind == "date" and not is_written(values.dtype):
        return dates_of(values, column), None
    codes, distinct = factorized(values)
    found, unread = read_distinct(distinct, column, are_shares)
    read, report = taken(found, codes, column), None
    if unread.any():
        lost = np.append(unread, False)[codes]
        report = (int(lost.sum()), distinct[unread][0]) if lost.any() else None
    # pandas would make its own type of strings of an array of texts.
    return pd.Series(read, values.index, dtype=object) if column.kind == "text" else read, report


def read_distinct(distinct, column, are_shares=False):
    """Return the readings of distinct values, and a mask of those that have none."""
    texts, marks = as_texts(distinct), marks_of(column)
    is_mark = np.array([text.casefold() in marks for text in texts], bool)
    found = READERS[column.kind](texts, distinct, is_mark, column, are_shares)
    return found, ~is_mark & pd.isna(found)


def read_columns(X, columns, shares=frozenset()):
    """Return the readings of columns, each as `read_column` returns it, by name.

    Short columns of texts that are read alike are read together: one at a time is much slower.
    """
    alike, found = defaultdict(list), {}
    few = few_texts(X, [name for name, column in columns.items() if column.kind in FLOATS])
    for name, column in columns.items():
        if name in few:
            alike[column, name in shares].append(name)
        else:
            found[name] = read_column(X[name], column, name in shares)
    for (column, are_shares), names in alike.items():
        for block, codes, distinct in factorized_blocks(X, names):
            numbers, unread = read_distinct(distinct, column, are_shares)
            read = np.append(numbers, np.nan)[codes]
            lost = np.append(unread, False)[codes]
            firsts = distinct[codes[range(len(block)), lost.argmax(axis=1)]]
            counts = lost.sum(axis=1).tolist()
            for name, *one in zip(block, read, counts, firsts, strict=True):
                found[name] = one[0], tuple(one[1:]) if one[1] else None
    return {name: found[name] for name in columns}


def few_texts(X, names):
    """Return the columns, of some names, that are short and hold texts without exception."""
    if not 0 < len(X) <= FEW_ROWS:
        return frozenset()
    dtypes = dict(X.dtypes)
    return {
        name
        for name in names
        if isinstance(dtypes[name], pd.StringDtype)
        or (
            pd.api.types.is_object_dtype(dtypes[name])
            and pd.api.types.infer_dtype(X[name]) == "string"
        )
    }


def factorized_blocks(X, names):
    """Yield some names of columns of texts, places among distinct values in rows, and these."""
    step = max(1, CELLS // len(X))
    for start in range(0, len(names), step):
        block = names[start : start + step]
        cells = [np.asarray(X[name].array, dtype=object) for name in block]
        codes, distinct = pd.factorize(np.concatenate(cells))
        yield block, codes.reshape(len(block), len(X)), distinct


def is_written(dtype):
    """Return True if values of a type are texts, objects or categories, and no numbers or dates."""
    types = pd.api.types
    return not (
        types.is_numeric_dtype(dtype)
        or types.is_bool_dtype(dtype)
        or types.is_datetime64_any_dtype(dtype)
        or dtype.kind == "m"
    )


def marks_of(column):
    """Return the texts in small letters that stand for missing values in a column."""
    return MARKS_AMONG_VALUES if column.kind in (*FLOATS, "date") else MISSING_MARKS


def numbers_of(values):
    """Return a column of numbers, booleans, time spans or dates as floats; spans in seconds."""
    if values.dtype.kind == "m":
        return values.dt.total_seconds().to_numpy(np.float64, na_value=np.nan)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return np.full(len(values), np.nan)
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def dates_of(values, column):
    """Return a column of dates, or of numbers that stand for dates, in UTC without a time zone."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        numbers = numbers_of(values)
        if column.form == "%Y%m%d":
            days = pd.array(numbers, "Int64").astype(object)
            return read_dates(np.array([str(day) for day in days], dtype=object), column.form)
        return dates_of_epochs(numbers)
    dates = values.dt.tz_convert(None) if getattr(values.dt, "tz", None) else values
    return dates.to_numpy("datetime64[us]")


def dates_of_epochs(numbers):
    """Return the dates that numbers count from 1970 on, in the unit that suits their size."""
    size = np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0)
    scale = next((scale for limit, scale in EPOCHS.items() if size < limit), 1e-3)
    micros = np.round(numbers * scale)
    dates = np.full(len(numbers), np.datetime64("NaT", "us"))
    # pandas 2.2 may raise an error instead, where a number is missing or too large.
    is_date = np.abs(micros) < LARGEST_DATE
    dates[is_date] = micros[is_date].astype(np.int64).astype("datetime64[us]")
    return dates


def factorized(values):
    """Return the place of each value among the distinct ones, -1 if missing, and these."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.array.codes, values.array.categories.to_numpy(dtype=object)
    if not pd.api.types.is_object_dtype(values.dtype):
        codes, distinct = pd.factorize(values)
        return codes, np.asarray(distinct, dtype=object)
    try:
        return pd.factorize(values.to_numpy(dtype=object))
    except TypeError:  # lists and dictionaries have no hash
        return pd.factorize(np.array([str(value) for value in values], dtype=object))


def as_texts(values):
    """Return values as texts without white space around them, in an array of objects."""
    return np.array([as_text(value) for value in values], dtype=object)


def as_text(value):
    """Return a value as text without white space around it; a whole float as an integer."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    # A column of integer codes is read as floats where some of them are missing.
    is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if is_whole else str(value)


def number_values(texts, distinct, is_mark, column, are_shares):
    """Return the numbers that distinct values stand for."""
    texts = np.where(is_mark, "", texts)
    return read_numbers(texts, column.form or PLAIN, column.unit, are_shares)


def boolean_values(texts, distinct, is_mark, column, are_shares):
    """Return the numbers that words for true and false stand for."""
    return read_booleans(texts)


def duration_values(texts, distinct, is_mark, column, are_shares):
    """Return the seconds of times and time spans."""
    spans = [
        value.total_seconds() if hasattr(value, "total_seconds") else np.nan for value in distinct
    ]
    return np.where(np.isnan(spans), read_times(texts), spans)


def date_values(texts, distinct, is_mark, column, are_shares):
    """Return the dates that distinct values stand for."""
    found = np.full(len(texts), np.datetime64("NaT", "us"))
    found[~is_mark] = read_dates(texts[~is_mark], column.form)
    epochs = pd.to_numeric(pd.Series(np.where(np.isnat(found), texts, "")), errors="coerce")
    return np.where(np.isnat(found), dates_of_epochs(epochs.to_numpy(np.float64)), found)


def category_values(texts, distinct, is_mark, column, are_shares):
    """Return the texts of categories, None for marks of missing values."""
    return np.where(is_mark, None, texts)


def ordered_values(texts, distinct, is_mark, column, are_shares):
    """Return the texts of ordered categories, None for others."""
    return np.array([text if text in column.values else None for text in texts], dtype=object)


READERS = {
    "number": number_values,
    "boolean": boolean_values,
    "duration": duration_values,
    "date": date_values,
    "category": category_values,
    "ordered": ordered_values,
    "text": category_values,
}
"""Function that reads the distinct values of a column, by its kind."""


@lru_cache
def category_type(names, kind):
    """Return the type of categories; many columns have the same few, and making it is slow."""
    return pd.CategoricalDtype(list(names), ordered=kind == "ordered")


def taken(found, codes, column):
    """Return the reading of each value, from those of the distinct values and their places."""
    if column.kind in ("category", "ordered"):
        names = column.values or tuple(sorted({name for name in found if name is not None}))
        places = {name: place for place, name in enumerate(names)}
        again = np.array([places.get(name, -1) for name in found] + [-1])
        of_names = category_type if len(names) <= FEW_NAMES else category_type.__wrapped__
        return pd.Categorical.from_codes(again[codes], dtype=of_names(names, column.kind))
    if column.kind == "date":
        return np.append(found, np.datetime64("NaT", "us"))[codes]
    if column.kind == "text":
        found = np.where(pd.isna(found), np.nan, found)
    return np.append(found, np.nan)[codes]
