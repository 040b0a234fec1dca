"""Columns of any form are in one form, and those that have it stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from primitives.tidy import tidy, to_booleans, to_dates, to_floats, to_numbers, to_places

NAN = np.nan

CASES: dict[str, tuple[Callable[..., pd.DataFrame], Any, Any, dict[str, Any]]] = {
    "prices": (to_numbers, ["$1,234.50", "-", None, "5 km"], [1234.5, NAN, NAN, 5.0], {}),
    "powers": (to_numbers, ["1e-05", "-2.5E+3", "7"], [1e-05, -2500.0, 7.0], {}),
    "commas": (to_numbers, ["1.234,5", "7"], [1234.5, 7.0], {"decimal": ","}),
    "words": (to_booleans, ["Yes", " no", "F", "maybe", None], [1.0, 0.0, 0.0, NAN, NAN], {}),
    "truth": (to_booleans, [True, np.False_, 1.0, 0, NAN], [1.0, 0.0, 1.0, 0.0, NAN], {}),
    "sizes": (
        to_places,
        ["S", "L ", "XL", None],
        [0.0, 2.0, NAN, NAN],
        {"values": ("S", "M", "L")},
    ),
    "grades": (to_places, [1.0, 3.0, NAN], [0.0, 2.0, NAN], {"values": ("1", "2", "3")}),
    "nullable": (to_floats, pd.array([1, None], dtype="Int64"), [1.0, NAN], {}),
    "flags": (to_floats, pd.array([True, None], dtype="boolean"), [1.0, NAN], {}),
}
"""Function, values, numbers and further arguments by case."""


@pytest.mark.parametrize("case", CASES)
def test_values_are_read_as_numbers_once_and_again(case: str) -> None:
    function, values, expected, arguments = CASES[case]
    table = pd.DataFrame({"a": values, "b": "x"})
    found = function(table, ["a"], **arguments)
    assert found["a"].dtype == np.float64
    np.testing.assert_array_equal(found["a"], expected)
    assert found["b"].equals(table["b"])
    if function is not to_places:
        pd.testing.assert_frame_equal(function(found, ["a"], **arguments), found)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("ISO8601", ["2024-02-29", " 2024-02-29 00:00 ", "soon", None]),
        ("%d.%m.%Y", ["29.02.2024", "29.02.2024", "2024-02-30", "?"]),
        ("%Y%m%d", [20240229.0, 20240229.0, NAN, NAN]),
        ("%d.%m.%Y", pd.to_datetime(["2024-02-29", "2024-02-29", None, None])),
        ("ISO8601", pd.to_datetime(["2024-02-29", "2024-02-29", None, None]).tz_localize("UTC")),
        ("ISO8601", pd.Categorical(["2024-02-29", "2024-02-29", "a", None])),
    ],
    ids=["iso", "days first", "digits", "dates", "zone", "categories"],
)
def test_dates_are_read_and_others_are_missing(form: str, values: Any) -> None:
    found = to_dates(pd.DataFrame({"at": values}), ["at"], form)["at"]
    day = pd.Timestamp("2024-02-29")
    assert found.dtype.kind == "M"
    assert found.tolist()[:2] == [day, day]
    assert found[2:].isna().all()


def test_a_column_without_a_date_is_one_of_dates() -> None:
    for values in ([None, None], ["a", ""], [NAN, NAN]):
        found = to_dates(pd.DataFrame({"at": values}), ["at"], "ISO8601")["at"]
        assert found.dtype.kind == "M"


@pytest.mark.parametrize("values", [["a"], ["none"], [None], [np.nan, "?"], [1.0, "b "]], ids=str)
def test_a_column_without_a_value_stays_a_column_of_objects(values: list[object]) -> None:
    found = tidy(pd.DataFrame({"a": values}), ["a"])["a"]
    assert found.dtype == object
    assert all(isinstance(one, str) or pd.isna(one) for one in found)
