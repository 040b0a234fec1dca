"""Numbers, categories and texts in one form.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from primitives.formats import MISSING_MARKS
from primitives.reading import as_text


def tidy(table, names):
    """Return a table with some columns as texts: 1.0 is "1", and a mark such as "?" is missing."""
    # Without a value, `map` would make a column of floats, which encoders of texts refuse.
    columns = {name: table[name].astype(object).map(text_or_nan).astype(object) for name in names}
    return table.assign(**columns)


def with_gaps(table, names, marks):
    """Return a table in which some columns have gaps for texts that mark missing values."""
    return table.assign(**table[names].astype(object).replace(marks, np.nan))


def text_or_nan(value):
    """Return a value as text; NaN if it is missing or a mark of a missing value."""
    text = as_text(value)
    return np.nan if text.casefold() in MISSING_MARKS else text


def to_numbers(table, names, decimal="."):
    """Return a table in which some columns of texts, such as "$1,234.50", are numbers."""
    return table.assign(**{name: numbers_in_texts(table[name], decimal) for name in names})


def numbers_in_texts(values, decimal):
    """Return the numbers that texts hold; anything but digits, signs and the decimal mark goes."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    other = f"[^0-9+{re.escape(decimal)}-]"
    texts = values.map(lambda value: re.sub(other, "", str(value)).replace(decimal, "."))
    return pd.to_numeric(texts.astype(object), errors="coerce").astype(float)
