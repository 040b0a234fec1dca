"""Forms of columns are found quickly, and as for each column alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from primitives import cleaning
from primitives.cleaning import column_forms, form_of_type, read_dates

DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(str)
ARABIC_DAY = "2024-01-01".translate({48 + digit: 0x660 + digit for digit in range(10)})
NEAR_DATES = st.sampled_from(["2024-02-30", "2024-01", "2024-01-01 noon", ARABIC_DAY])
TEXTS = st.integers(0, 30).map(lambda number: f"{number} is the number of this long sentence here")
CELLS = {
    "letters": st.sampled_from("abc"),
    "numerals": st.integers(0, 50).map(str),
    "dates": DATES,
    "near dates": DATES | NEAR_DATES,
    "texts": TEXTS,
    "texts and short ones": TEXTS | st.text(max_size=3),
    "numbers": st.integers(-5, 5) | st.floats(),
    "anything": st.integers()
    | st.text(max_size=5)
    | st.booleans()
    | st.text("ab0", max_size=50).map(str.encode),
    "bytes": st.text("abc", min_size=30, max_size=45).map(str.encode),
    "nothing": st.none(),
}
GAPS = st.sampled_from([None, np.nan, pd.NA])


def slow_form(column: pd.Series[Any], length: int) -> str:
    """Return the form of a column, step by step by its definition."""
    known = column.dropna()
    if known.empty:
        return "number"
    if column.dtype == object and pd.to_numeric(known, errors="coerce").notna().all():
        return "number"
    begins_like_dates = known.iloc[:100].astype(str).str.match(r"\d{4}-\d{2}-\d{2}").all()
    if begins_like_dates and read_dates(known).notna().all():
        return "date"
    some = known.iloc[:: max(1, len(known) // 1_000)].astype(str)
    mostly_different = len(some) >= 20 and some.nunique() > len(some) / 2
    return "text" if mostly_different and some.str.len().mean() >= length else "string"


def slow_forms(X: pd.DataFrame) -> dict[str, str]:
    length = cleaning.TEXT_LENGTH if X.shape[1] > 1 else 0
    return {name: form_of_type(X[name].dtype) or slow_form(X[name], length) for name in X}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a table of strings and objects with missing values, and a numeric column."""
    rows = draw(st.integers(1, 60))
    columns: dict[str, Any] = {}
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(CELLS)), max_size=4))):
        cells = CELLS[kind] | GAPS if draw(st.booleans()) else CELLS[kind]
        values = draw(st.lists(cells, min_size=rows, max_size=rows))
        column = pd.Series(values, dtype=object)
        is_strings = all(isinstance(one, str) for one in column.dropna())
        dtypes = ["object", "str", "string"] if is_strings else ["object"]
        columns[f"{kind} {number}"] = column.astype(draw(st.sampled_from(dtypes)))
    columns["a number"] = np.arange(rows)
    names = draw(st.permutations(list(columns)))
    return pd.DataFrame(columns)[names[: draw(st.integers(1, len(names)))]]


@given(tables(), st.booleans())
def test_columns_are_read_together_as_each_is_alone(X: pd.DataFrame, is_long: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if is_long:
            patch.setattr(cleaning, "SHORT", 0)
        assert column_forms(X) == slow_forms(X)
    assert list(column_forms(X)) == list(X)


@pytest.mark.parametrize("rows", [1_999, 2_000, 2_001, 5_000])
def test_of_long_columns_about_a_thousand_values_say_it(rows: int) -> None:
    numbers = np.arange(rows)
    X = pd.DataFrame(
        {
            "text": [f"{number} is the number of this long sentence here" for number in numbers],
            "gaps": [f"the long sentence of number {n}" * 2 if n % 3 else None for n in numbers],
            "few": np.where(numbers % 2, "one or the other of two sentences, a long one", "other"),
            "date": [f"2024-01-{number % 31 + 1:02}" for number in numbers],
            "day or none": [f"2024-{number % 13 + 1:02}-01" for number in numbers],
        }
    )
    for table in (X, X.astype(object)):
        assert column_forms(table) == slow_forms(table)
    assert list(column_forms(X).values()) == ["text", "text", "string", "date", "string"]
