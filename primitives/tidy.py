"""Columns in one form: each function reads a few columns of a table as its schema does.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from primitives.formats import BOOLEANS, MISSING_MARKS
from primitives.reading import as_text


def tidy(table, names):
    """Return a table with some columns as texts: 1.0 is "1", and a mark such as "?" is missing."""
    # Without a value, `map` would make a column of floats, which encoders of texts refuse.
    columns = {name: table[name].astype(object).map(text_or_nan).astype(object) for name in names}
    return table.assign(**columns)


def with_gaps(table, names, marks):
    """Return a table in which gaps of any kind, and texts that mark them, are NaN."""
    texts = table[names].astype(object)
    return table.assign(**texts.mask(texts.isna() | texts.isin(marks), np.nan).astype(object))


def text_or_nan(value):
    """Return a value as text; NaN if it is missing or a mark of a missing value."""
    text = as_text(value)
    return np.nan if text.casefold() in MISSING_MARKS else text


def to_numbers(table, names, decimal="."):
    """Return a table in which some columns of texts, such as "$1,234.50", are numbers."""
    return table.assign(**{name: numbers_in_texts(table[name], decimal) for name in names})


def numbers_in_texts(values, decimal):
    """Return the numbers in texts; anything but digits, signs, powers and the decimal mark goes."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    other = f"(?![eE][-+]?[0-9])[^0-9+{re.escape(decimal)}-]"
    texts = values.map(lambda value: re.sub(other, "", str(value)).replace(decimal, "."))
    return pd.to_numeric(texts.astype(object), errors="coerce").astype(float)


def to_floats(table, names):
    """Return a table in which some columns are floats of numpy, with NaN for gaps."""
    return table.assign(
        **{name: table[name].to_numpy(np.float64, na_value=np.nan) for name in names}
    )


def to_booleans(table, names):
    """Return a table in which words such as "yes" are 1, "no" is 0, and any other is missing."""
    words = table[names].astype(object).map(lambda value: as_text(value).casefold())
    return table.assign(**words.map(BOOLEANS.get).astype(float))


def to_places(table, names, values):
    """Return a table in which ordered values are numbers from 0 on, and any other is missing."""
    places = {value: place for place, value in enumerate(values)}
    found = table[names].astype(object).map(lambda value: places.get(as_text(value)))
    return table.assign(**found.astype(float))


def to_dates(table, names, format):
    """Return a table in which texts of some columns are dates, and any other is missing."""
    return table.assign(**{name: dates_in_texts(table[name], format) for name in names})


def dates_in_texts(values, format):
    """Return the dates in UTC that texts of a format hold; those that are dates already stay."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = values.astype(object).map(as_text).astype(object)
    return pd.to_datetime(values, format=format, errors="coerce", utc=True).dt.tz_localize(None)
