"""Cleaning gives the same columns, whatever types a later table has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from primitives.cleaning import TableCleaner

ROWS = 6
WHOLE = np.arange(1, ROWS + 1) % 2
DAYS = pd.Series(pd.date_range("2024-01-01", periods=ROWS))

Form = dict[str, Callable[[], pd.Series]]

NUMBERS: Form = {
    **{
        dtype: (lambda dtype=dtype: pd.Series(WHOLE).astype(dtype))  # type: ignore[misc]
        for dtype in (
            *("int8", "int64", "uint8", "float32", "float64", "bool", "object"),
            *("Int64", "Float64", "boolean", "int64[pyarrow]", "double[pyarrow]", "bool[pyarrow]"),
        )
    },
    "timedelta": lambda: pd.Series(pd.to_timedelta(WHOLE, unit="s")),
    "written": lambda: pd.Series([str(one) for one in WHOLE], dtype=object),
}
DATES: Form = {
    "datetime": lambda: DAYS,
    "zoned": lambda: DAYS.dt.tz_localize("UTC"),
    "text": lambda: DAYS.dt.strftime("%Y-%m-%d"),
    "objects": lambda: DAYS.astype(object),
}
STRINGS: Form = {
    "str": lambda: pd.Series(list("abcabc")),
    "object": lambda: pd.Series(list("abcabc"), dtype=object),
    "category": lambda: pd.Series(list("abcabc"), dtype="category"),
    "string": lambda: pd.Series(list("abcabc"), dtype="string"),
}
COLUMNS = st.lists(
    st.sampled_from([NUMBERS, NUMBERS, DATES, STRINGS]).flatmap(
        lambda form: st.tuples(*[st.sampled_from(sorted(form)).map(form.__getitem__)] * 2)
    ),
    min_size=1,
    max_size=6,
)


def table(columns: list[Callable[[], pd.Series]]) -> pd.DataFrame:
    return pd.DataFrame({f"c{place}": column() for place, column in enumerate(columns)})


@given(COLUMNS)
def test_columns_stand_as_in_fit_whatever_their_types(
    columns: list[tuple[Callable[[], pd.Series], Callable[[], pd.Series]]],
) -> None:
    """Equal values of other types give an equal clean table."""
    fitted_on = table([one for one, _ in columns])
    later = table([other for _, other in columns])
    cleaner = TableCleaner().fit(fitted_on)
    pd.testing.assert_frame_equal(cleaner.transform(later), cleaner.transform(fitted_on))


@pytest.mark.parametrize("dtype", sorted(NUMBERS))
def test_two_numbers_are_not_swapped(dtype: str) -> None:
    cleaner = TableCleaner().fit(pd.DataFrame({"a": [0.0, 1.0], "b": [5.0, 6.0]}))
    changed = pd.DataFrame({"a": NUMBERS[dtype]()[:2], "b": [5.0, 6.0]})
    assert list(cleaner.transform(changed).columns) == ["a", "b"]


def test_what_numpy_holds_as_numbers_comes_first_then_other_numbers_then_strings() -> None:
    columns = [STRINGS["str"], NUMBERS["Int64"], DATES["text"], NUMBERS["bool"], NUMBERS["float64"]]
    clean = TableCleaner().fit_transform(table(columns))
    parts = [f"c2 ({part})" for part in ("days", "year", "month", "day", "weekday", "hour")]
    assert list(clean.columns) == ["c3", "c4", "c1", *parts, "c0"]
