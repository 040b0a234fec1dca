"""Columns whose values need no reading: they are what pipelines learn from as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evolver.schema.schema import Profile, Schema
from primitives.cleaning import LARGEST
from primitives.formats import PLAIN
from primitives.reading import Column, as_text, factorized, marks_of, read_column
from primitives.tidy import numbers_in_texts

MOST_OTHERS = 1_000
"""Number of columns of other kinds than numbers above which all of them are read: few are alike."""

CELLS = 1_000_000
"""Number of cells that are looked at together."""


def as_written(
    X: pd.DataFrame, schema: Schema
) -> tuple[frozenset[str], dict[str, frozenset[str]], dict[str, str]]:
    """Return the columns of a training table whose values need little or no reading.

    Those that need none are finite numbers, booleans, dates, and categories or texts without marks
    of missing values and without white space around them. Scikit-learn's own steps understand them.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Table as it was given, with the columns of the schema.
    schema : Schema

    Returns
    -------
    as_written : frozenset of str
        Names of the columns whose values need no reading.
    marks : dict of str to frozenset of str
        Marks of missing values in columns that need no other reading, by name.
    decimals : dict of str to str
        Decimal marks of columns of numbers in texts that `primitives.tidy.to_numbers` reads as the
        schema does, by name.
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
    return (
        frozenset(name for name, found in marks.items() if not found),
        {name: found for name, found in marks.items() if found},
        {
            name: mark
            for name in (learned if len(learned) <= MOST_OTHERS else ())
            if columns[name].kind == "number" and name not in marks
            if (mark := _decimal_of(X[name], schema.profiles[name])) is not None
        },
    )


def _decimal_of(values: pd.Series[Any], profile: Profile) -> str | None:
    """Return the decimal mark by which the texts of a column are numbers; None if it has none."""
    if not (isinstance(values.dtype, pd.StringDtype) or pd.api.types.is_object_dtype(values.dtype)):
        return None
    column = profile.column
    decimal = (column.form or PLAIN)[0]
    _, distinct = factorized(values)
    texts = pd.Series(distinct, dtype=object)
    are_shares = profile.high is not None and profile.high <= 1
    expected, _ = read_column(texts, column, are_shares)
    found = numbers_in_texts(texts, decimal).to_numpy()
    return decimal if np.array_equal(found, expected, equal_nan=True) else None


def _are_plain(dtype: Any, column: Column) -> bool:
    """Return True if a type is one of numpy's for numbers, or for booleans, as the column is."""
    kinds = {"number": "fiu", "boolean": "b"}.get(column.kind, "")
    return isinstance(dtype, np.dtype) and dtype.kind in kinds


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
    # A gap of another kind than NaN would be a category of its own.
    has_other_gaps = pd.api.types.is_object_dtype(values.dtype) and any(
        not isinstance(gap, float) for gap in values[codes < 0]
    )
    if has_other_gaps or any(
        not isinstance(text, str) or text != as_text(text) for text in distinct
    ):
        return None
    return frozenset(text for text in distinct if text.casefold() in marks_of(column))


NO_MARKS: frozenset[str] = frozenset()
"""Marks of a column that needs no reading."""
