"""Columns whose values need no reading: they are what pipelines learn from as they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evolver.schema.schema import Schema
from primitives.cleaning import LARGEST
from primitives.reading import Column, as_text, factorized, marks_of


def as_written(X: pd.DataFrame, schema: Schema) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
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
    """
    marks = {
        name: found
        for name in schema.learned
        if name in X and (found := _marks_in(X[name], schema.columns[name])) is not None
    }
    return (
        frozenset(name for name, found in marks.items() if not found),
        {name: found for name, found in marks.items() if found},
    )


def _marks_in(values: pd.Series[Any], column: Column) -> frozenset[str] | None:
    """Return the marks of missing values in a column; None if it needs more reading."""
    kind = getattr(values.dtype, "kind", "")
    if column.kind in ("number", "boolean"):
        is_plain = kind in ("fiu" if column.kind == "number" else "b")
        numbers = values.to_numpy(np.float64, na_value=0) if is_plain else np.full(1, np.inf)
        return NO_MARKS if np.abs(numbers).max() <= LARGEST else None
    if column.kind == "date":
        return NO_MARKS if isinstance(values.dtype, np.dtype) and kind == "M" else None
    if column.kind not in ("category", "text") or column.values:
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
