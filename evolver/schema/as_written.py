"""Columns whose values need no reading: they are what pipelines learn from as they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evolver.schema.schema import Schema
from primitives.cleaning import LARGEST
from primitives.reading import Column, as_text, factorized, marks_of


def as_written(X: pd.DataFrame, schema: Schema) -> frozenset[str]:
    """Return the names of the columns of a training table whose values need no reading.

    They are finite numbers, booleans, dates, and categories or texts without marks of missing
    values and without white space around them. Scikit-learn's own steps understand them.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Table as it was given, with the columns of the schema.
    schema : Schema
    """
    return frozenset(
        name
        for name in schema.learned
        if name in X and _needs_no_reading(X[name], schema.columns[name])
    )


def _needs_no_reading(values: pd.Series[Any], column: Column) -> bool:
    """Return True if the values of a column are its readings."""
    kind = getattr(values.dtype, "kind", "")
    if column.kind in ("number", "boolean"):
        is_plain = kind in ("fiu" if column.kind == "number" else "b")
        return is_plain and bool(np.abs(values.to_numpy(np.float64, na_value=0)).max() <= LARGEST)
    if column.kind == "date":
        return isinstance(values.dtype, np.dtype) and kind == "M"
    if column.kind not in ("category", "text") or column.values:
        return False
    codes, distinct = factorized(values)
    # A gap of another kind than NaN would be a category of its own.
    has_other_gaps = pd.api.types.is_object_dtype(values.dtype) and any(
        not isinstance(gap, float) for gap in values[codes < 0]
    )
    marks = marks_of(column)
    return not has_other_gaps and all(
        isinstance(text, str) and text == as_text(text) and text.casefold() not in marks
        for text in distinct
    )
