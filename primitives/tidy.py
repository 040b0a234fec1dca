"""Categories and texts in one form.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np

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
