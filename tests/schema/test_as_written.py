"""Columns that a few lines read as the schema does, and those that need the cleaner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evolver.schema import learn
from evolver.schema.as_written import as_written
from primitives.cleaning import TableCleaner
from primitives.tidy import to_booleans, to_dates, to_floats, to_numbers, to_places, with_gaps

NUMBER = np.arange(60)
DAYS = pd.Series(pd.Timestamp("2024-01-20") + pd.to_timedelta(NUMBER * 7, unit="h"))
DATES = pd.Series(pd.Timestamp("2024-01-20") + pd.to_timedelta(NUMBER * 5, unit="D"))

READ: dict[str, tuple[Any, Any]] = {
    "words": (np.array(["yes", "no"])[NUMBER % 2], to_booleans),
    "words and marks": (np.array(["T", "F", "unknown"])[NUMBER % 3], to_booleans),
    "words as objects": (np.array(["Y", "n"], object)[NUMBER % 2], to_booleans),
    "booleans with gaps": (pd.Series([True, False, None] * 20, dtype=object), to_booleans),
    "nullable booleans": (pd.array([True, False, None] * 20, dtype="boolean"), to_floats),
    "nullable numbers": (pd.array([1, 2, None] * 20, dtype="Int64"), to_floats),
    "arrow": (pd.array([1.5, 2, None] * 20, dtype="double[pyarrow]"), to_floats),
    "arrow words": (pd.array(["yes", "no", None] * 20, dtype="string[pyarrow]"), to_booleans),
    "prices": ([f"${value:,}.50" for value in NUMBER * 99], to_numbers),
    "powers": ([f"{1.5e-7 * (value + 1)}" for value in NUMBER], to_numbers),
    "sizes": (
        pd.Categorical(np.array(["S", "M", "L"])[NUMBER % 3], ["S", "M", "L"], ordered=True),
        to_places,
    ),
    "grades": (pd.Categorical(NUMBER % 4, [3, 2, 1, 0], ordered=True), to_places),
    "iso": (DAYS.dt.strftime("%Y-%m-%d %H:%M"), to_dates),
    "days first": (DAYS.dt.strftime("%d.%m.%Y").mask(NUMBER % 7 == 0), to_dates),
    "month names": (DAYS.dt.strftime("%d %b %Y"), to_dates),
    "zones": (DAYS.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"), to_dates),
    "digits": (DATES.dt.strftime("%Y%m%d").astype(int), to_dates),
    "zone": (DAYS.dt.tz_localize("Europe/Paris"), to_dates),
    "marks": (DAYS.dt.strftime("%Y-%m-%d").where(NUMBER % 9 != 0, "n/a"), to_dates),
}
"""Values of a column, and the function that reads them, by case."""

LEFT: dict[str, Any] = {
    "two formats": [
        f"{one:%d.%m.%Y}" if place % 3 else f"{one:%Y-%m-%d}" for place, one in enumerate(DAYS)
    ],
    "times": [f"{value % 24}:30" for value in NUMBER],
    "infinity": np.where(NUMBER == 3, np.inf, NUMBER * 1.5),
    "large numbers in texts": [f"{value}.5" if value else "1e35" for value in NUMBER],
    "brackets": [f"({value}.5)" for value in NUMBER],
}
"""Values of columns that need the cleaner."""


@pytest.mark.parametrize("case", READ)
def test_a_few_lines_read_a_column_as_the_cleaner_does(case: str) -> None:
    values, function = READ[case]
    X = pd.DataFrame({"column": values, "number": NUMBER * 1.5})
    schema = learn(X)
    _, _, readings = as_written(X, schema)
    assert readings["column"].function is function
    clean = TableCleaner(schema.not_plain).fit(X).transform(X)["column"]
    for table in (X, schema.read(X)[0]):  # what is read stays as it is
        found = function(table, ["column"], **dict(readings["column"].arguments))
        np.testing.assert_array_equal(found["column"], clean)


@pytest.mark.parametrize("case", LEFT)
def test_other_columns_need_the_cleaner(case: str) -> None:
    X = pd.DataFrame({"column": LEFT[case], "number": NUMBER * 1.5})
    plain, marks, readings = as_written(X, learn(X))
    assert "column" not in {*plain, *marks, *readings}


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        (["a", "b", np.nan], set()),
        (["a", "?", np.nan], {"?"}),
        (pd.Series(["a", "b", None] * 20, dtype=object), {"None"}),
        (pd.array(["a", "b", None] * 20, dtype="string"), {"<NA>"}),
        (pd.array(["a", "b", "c"] * 20, dtype="string[pyarrow]"), {"<NA>"}),
    ],
    ids=["none", "text", "None", "NA", "arrow"],
)
def test_gaps_of_all_kinds_are_marked(values: Any, marks: set[str]) -> None:
    values = values if len(values) == len(NUMBER) else pd.Series(values * 20, dtype=object)
    X = pd.DataFrame({"column": values, "number": NUMBER * 1.5})
    plain, found, _ = as_written(X, learn(X))
    assert found.get("column", set()) == marks
    assert ("column" in plain) == (not marks)
    expected = pd.Series(values).astype(object).isin([None, np.nan, pd.NA, "?"])
    tidied = with_gaps(X, ["column"], sorted(marks))["column"]
    assert tidied.dtype == object
    assert [isinstance(one, float) for one in tidied] == expected.tolist()


def test_an_order_that_is_given_is_read_by_places() -> None:
    X = pd.DataFrame({"grade": NUMBER % 3 + 1, "number": NUMBER * 1.5})
    _, _, readings = as_written(X, learn(X, {"grade": [3, 1, 2]}))
    assert readings["grade"].arguments == (("values", ("3", "1", "2")),)


def test_dates_need_no_reading_unless_others_do() -> None:
    X = pd.DataFrame({"first": DAYS, "second": DAYS.dt.strftime("%d.%m.%Y")})
    plain, _, readings = as_written(X[["first"]], learn(X[["first"]]))
    assert (plain, readings) == ({"first"}, {})
    plain, _, readings = as_written(X, learn(X))
    assert plain == frozenset()
    assert dict(readings["first"].arguments) == {"format": "ISO8601"}
    assert dict(readings["second"].arguments) == {"format": "%d.%m.%Y"}
