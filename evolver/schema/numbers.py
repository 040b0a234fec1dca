"""Kinds of columns that hold numbers in arrays of numpy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from evolver.schema.schema import Profile
from primitives.formats import dates_of_format
from primitives.reading import NUMBER, Column, as_text

CELLS = 2_000_000
"""Number of cells that are copied at a time, so that a large table is never copied whole."""

LEAST_ROWS = 20
"""Number of rows from which distinct values may be those of an identifier."""

NAME_OF_INDEX = re.compile(r"|index|idx|unnamed: ?0|row|row_?(number|names?|id)", re.IGNORECASE)
"""Pattern of a name that row numbers have."""

NAME_OF_IDENTIFIER = re.compile(
    r"(.*[\W_])?(id|ids|uid|uuid|guid|key|pk)|.*[a-z](Id|ID|Key|UID)|(.*[\W_])?id[\W_]?(no|number)",
)
"""Pattern of a name that identifiers have."""

DAYS = (19000101, 21001231)
"""Least and greatest number that is read as a day, such as 20210325."""


def number_profiles(X: pd.DataFrame, names: list[str]) -> dict[str, Profile]:
    """Return the profiles of columns of plain numbers, by name."""
    step = max(1, CELLS // max(1, len(X)))
    found = {}
    table = X if len(names) == X.shape[1] else X[names]
    for start in range(0, len(names), step):
        block = table.iloc[:, start : start + step]
        numbers = block.to_numpy(np.float64)
        low, high, missing, first = _extremes(numbers)
        are_booleans = [dtype.kind == "b" for dtype in block.dtypes]
        for place, name in enumerate(map(str, block)):
            values = numbers[:, place]
            column, note = _kind(name, values, int(missing[place]), low[place], high[place])
            column = Column("boolean") if are_booleans[place] and column is NUMBER else column
            known = missing[place] < len(X)
            found[name] = Profile(
                column,
                int(missing[place]),
                as_text(first[place]) if known else "",
                low=float(low[place]) if known else None,
                high=float(high[place]) if known else None,
                note=note,
            )
    return found


def _extremes(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the least and greatest finite number, missing ones, and the first, of columns."""
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    missing, first = np.zeros(len(low), int), numbers[0].copy()
    # Most columns have no gap, which these two passes show.
    gaps = np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))
    if len(gaps):
        some = numbers[:, gaps]
        is_known = np.isfinite(some)
        low[gaps] = np.where(is_known, some, np.inf).min(axis=0)
        high[gaps] = np.where(is_known, some, -np.inf).max(axis=0)
        missing[gaps] = len(some) - is_known.sum(axis=0)
        first[gaps] = some[is_known.argmax(axis=0), np.arange(len(gaps))]
    return low, high, missing, first


def _kind(
    name: str, values: np.ndarray, missing: int, low: float, high: float
) -> tuple[Column, str]:
    """Return the way in which a column of numbers is read, and the reason for it."""
    if missing == len(values):
        return Column("constant"), "no value"
    if low == high and missing == 0:
        return Column("constant"), "one value"
    if missing == 0 and len(values) >= LEAST_ROWS:
        if is_row_number(name, values, low, high):
            return Column("row number"), "counts the rows"
        if NAME_OF_IDENTIFIER.fullmatch(name) and _are_distinct_and_whole(values):
            return Column("identifier"), "the name of an identifier, and all values differ"
    if low >= DAYS[0] and high <= DAYS[1] and are_days(values[np.isfinite(values)]):
        return Column("date", "%Y%m%d"), ""
    return NUMBER, ""


def is_row_number(name: str, values: np.ndarray, low: float, high: float) -> bool:
    """Return True if numbers count the rows, from 0 or 1 on, or by the name of an index."""
    counts = high - low == len(values) - 1 and low in (0.0, 1.0)
    if counts and bool((np.diff(values) == 1.0).all()):
        return True
    return NAME_OF_INDEX.fullmatch(name) is not None and _are_distinct_and_whole(values)


def _are_distinct_and_whole(values: np.ndarray) -> bool:
    is_whole = bool((values == np.floor(values)).all())
    return is_whole and len(np.unique(values)) == len(values)


def are_days(values: np.ndarray) -> bool:
    """Return True if all numbers are days such as 20210325, and there are many of them."""
    days = np.unique(values)
    if len(days) < LEAST_ROWS or not (days == np.floor(days)).all():
        return False
    texts: Any = np.array([str(int(day)) for day in days], dtype=object)
    return not np.isnat(dates_of_format(texts, "%Y%m%d")).any()
