"""A schema says what each column is, by rules that hold for columns of any type and writing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evolver.errors import InputError, InputTypeError
from evolver.schema import learn
from evolver.schema.written import written_profile
from primitives.reading import Column, read_column

ROWS = 200
RNG = np.random.default_rng(0)
WHOLE = RNG.integers(100, 9_000, ROWS)
DAYS = pd.Series(pd.Timestamp("2021-01-01") + pd.to_timedelta(RNG.integers(0, 900, ROWS), unit="D"))
WORDS = RNG.choice(["red", "green", "blue"], ROWS)


def one_in(values: Any, other: Any) -> pd.Series[Any]:
    """Return values with one of them replaced."""
    series = pd.Series(values, dtype=object)
    series[7] = other
    return series


NUMBERS = {
    "plain": (pd.Series(WHOLE), Column("number")),
    "as texts": (pd.Series(WHOLE).astype(str), Column("number")),
    "as objects": (pd.Series(WHOLE, dtype=object), Column("number")),
    "decimals": (pd.Series([f"{n / 10:.2f}" for n in WHOLE]), Column("number")),
    "dollars": (pd.Series([f"${n:,}" for n in WHOLE]), Column("number", unit="$")),
    "euros": (pd.Series([f"{n} €" for n in WHOLE]), Column("number", unit="€")),
    "code of a currency": (pd.Series([f"USD {n}" for n in WHOLE]), Column("number", unit="usd")),
    "thousands": (pd.Series([f"{n:,}" for n in WHOLE]), Column("number")),
    "points": (pd.Series([f"{n:,}.5" for n in WHOLE]), Column("number")),
    "kilometres": (pd.Series([f"{n} km" for n in WHOLE]), Column("number", unit="km")),
    "comma": (pd.Series([f"{n},5" for n in WHOLE]), Column("number", form=",.")),
    "comma and points": (
        pd.Series([f"{n:,}".replace(",", ".") + ",25" for n in WHOLE]),
        Column("number", form=",."),
    ),
    "apostrophes": (pd.Series([f"{n:,}".replace(",", "'") for n in WHOLE]), None),
    "percent": (pd.Series([f"{n % 100} %" for n in WHOLE]), Column("number", unit="%")),
    "bounds": (one_in([str(n) for n in WHOLE], "<1"), Column("number")),
    "a question mark": (one_in([str(n) for n in WHOLE], "?"), Column("number")),
    "a dash": (one_in([str(n) for n in WHOLE], "-"), Column("number")),
    "unknown": (one_in([str(n) for n in WHOLE], "unknown"), Column("number")),
    "brackets": (one_in([f"{n}.25" for n in WHOLE], "(12.50)"), Column("number")),
    "a typing error": (one_in([str(n) for n in WHOLE], "l2"), Column("number")),
    "nullable": (pd.Series(WHOLE, dtype="Int64"), Column("number")),
    "of Arrow": (pd.Series(WHOLE, dtype="int64[pyarrow]"), Column("number")),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_numbers_however_they_are_written(name: str) -> None:
    values, expected = NUMBERS[name]
    schema = learn(pd.DataFrame({"a": values, "b": WORDS}))
    assert schema.columns["a"] == expected or expected is None
    table, _ = schema.read(pd.DataFrame({"a": values, "b": WORDS}))
    assert pd.api.types.is_numeric_dtype(table["a"])
    digits = pd.Series(values).astype(str).str.replace(r"[^\d]", "", regex=True)
    others = np.arange(ROWS) != 7
    if name not in ("decimals", "points", "comma", "comma and points", "brackets"):
        assert table["a"][others].tolist() == digits[others].astype(float).tolist()


OTHERS = {
    "booleans": (pd.Series(WHOLE % 2 == 0), "boolean"),
    "yes and no": (pd.Series(np.where(WHOLE % 2, "Yes", "no")), "boolean"),
    "true, false and unknown": (one_in(np.where(WHOLE % 2, "TRUE", "FALSE"), "unknown"), "boolean"),
    "nullable booleans": (pd.Series(WHOLE % 2 == 0).astype("boolean"), "boolean"),
    "words": (pd.Series(WORDS), "category"),
    "codes with letters": (pd.Series([f"A{n % 40}" for n in WHOLE]), "category"),
    "units that differ": (pd.Series([f"{n} {u}" for n, u in zip(WHOLE, WORDS, strict=True)]), None),
    "postal codes": (pd.Series([f"{n % 60:05d}" for n in WHOLE]), "category"),
    "ranges": (pd.Series(RNG.choice(["0-9", "10-19", "20-29"], ROWS)), "category"),
    "pandas' categories": (pd.Series(WHOLE % 4).astype("category"), "category"),
    "versions": (pd.Series([f"1.{n % 9}.{n % 7}" for n in WHOLE]), "category"),
    "one value": (pd.Series(["same"] * ROWS), "constant"),
    "no value": (pd.Series([None] * ROWS), "constant"),
    "only marks": (pd.Series(["?"] * ROWS), "constant"),
    "identifiers": (pd.Series([f"AB-{n:04d}" for n in RNG.permutation(ROWS)]), "identifier"),
    "uuids": (pd.Series([f"{int(n) + 10**30:032x}" for n in RNG.permutation(ROWS)]), "identifier"),
    "spans": (pd.Series(pd.to_timedelta(WHOLE, unit="s")), "duration"),
    "times": (pd.Series([f"{n % 24}:{n % 60:02d}" for n in WHOLE]), "duration"),
    "row numbers": (pd.Series(np.arange(ROWS)), "row number"),
    "row numbers from 1": (pd.Series(np.arange(ROWS) + 1.0), "row number"),
    "sentences": (
        pd.Series([f"the long story of the number that was once {n}" for n in WHOLE]),
        "text",
    ),
    "bytes": (pd.Series([word.encode() for word in WORDS]), "category"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_columns_are_of_the_kind_that_a_reader_would_say(name: str) -> None:
    values, expected = OTHERS[name]
    schema = learn(pd.DataFrame({"a": values, "b": WORDS}))
    assert schema.columns["a"].kind == (expected or "category")


DATES = ["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %b %Y", "%B %d, %Y", "%d/%m/%Y %H:%M"]


@pytest.mark.parametrize("form", DATES)
def test_dates_are_dates_however_they_are_written(form: str) -> None:
    X = pd.DataFrame({"a": one_in(DAYS.dt.strftime(form), "0000-00-00"), "b": WORDS})
    schema = learn(X)
    assert schema.columns["a"].kind == "date"
    read = schema.read(X)[0]["a"]
    others = np.arange(ROWS) != 7
    assert (read[others] == DAYS[others]).all()
    assert pd.isna(read[7])


def test_days_written_as_numbers_are_dates() -> None:
    X = pd.DataFrame({"a": DAYS.dt.strftime("%Y%m%d").astype(int), "b": WORDS})
    assert learn(X).columns["a"] == Column("date", "%Y%m%d")
    assert (learn(X).read(X)[0]["a"] == DAYS).all()


def test_points_that_only_thousands_explain_are_no_decimal_marks() -> None:
    grouped = pd.Series([f"{n * 7:,}".replace(",", ".") for n in range(ROWS)])
    X = pd.DataFrame({"a": grouped, "b": WORDS})
    assert learn(X).columns["a"] == Column("number", form=",.")
    assert learn(X).read(X)[0]["a"].tolist() == [float(n * 7) for n in range(ROWS)]
    for decimals in ([f"{n / 1000:.3f}" for n in range(ROWS)], [f"{n / 8}" for n in range(ROWS)]):
        assert learn(pd.DataFrame({"a": decimals, "b": WORDS})).columns["a"].form == ""


def test_an_ambiguous_column_is_read_as_the_others_are() -> None:
    days = pd.Series([f"{1 + n % 12:02d}/{1 + n % 11:02d}/2021" for n in range(ROWS)])
    clear = DAYS.dt.strftime("%d/%m/%Y")
    alone = learn(pd.DataFrame({"a": days, "b": WORDS})).profiles["a"]
    assert alone.column.form == "%m/%d/%Y"
    assert alone.other_forms == ("%d/%m/%Y",)
    beside = learn(pd.DataFrame({"a": days, "b": clear})).profiles["a"]
    assert beside.column.form == "%d/%m/%Y"
    assert not beside.other_forms
    amounts = pd.Series([f"1,{n:03d}" for n in range(ROWS)])
    commas = pd.Series([f"{n},5" for n in WHOLE])
    assert learn(pd.DataFrame({"a": amounts, "b": WORDS})).columns["a"].form == ""
    assert learn(pd.DataFrame({"a": amounts, "b": commas})).columns["a"].form == ",."


@pytest.mark.parametrize(("junk", "kind"), [(2, "number"), (3, "category")])
def test_ninety_nine_of_a_hundred_values_decide(junk: int, kind: str) -> None:
    values = [str(n) for n in WHOLE]
    values[:junk] = ["some junk"] * junk
    profile = learn(pd.DataFrame({"a": values, "b": WORDS})).profiles["a"]
    assert profile.column.kind == kind
    assert profile.unread == (junk if kind == "number" else 0)
    assert profile.unread_example == ("some junk" if kind == "number" else "")


def test_a_caller_may_say_what_a_column_is() -> None:
    X = pd.DataFrame({"zip": WHOLE, "size": RNG.choice(["S", "M", "L"], ROWS), "b": WORDS})
    given = {"zip": "category", "size": ["S", "M", "L"], "b": "ignore"}
    schema = learn(X, given)
    assert schema.columns["zip"] == Column("category")
    assert schema.columns["size"] == Column("ordered", values=("S", "M", "L"))
    assert schema.learned == ["zip", "size"]
    table, unread = schema.read(X)
    assert list(table["size"].cat.categories) == ["S", "M", "L"]
    assert table["zip"].astype(str).tolist() == [str(n) for n in WHOLE]
    assert not unread


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"other": "number"}, InputError, "`columns` must name columns of `X`, got 'other'"),
        ({"a": "zip"}, InputError, "`columns` must give each column one of number, .* got 'zip'"),
        ({"a": ["S"]}, InputError, "a list of at least two different values"),
        ("a", InputTypeError, "`columns` must map names of columns to kinds"),
    ],
)
def test_a_wrong_name_or_kind_is_one_clear_error(given: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        learn(pd.DataFrame({"a": WHOLE}), given)


@pytest.mark.parametrize("value", [[1, 2], {"b": 1}, (1, 2), np.zeros(2)])
def test_a_nested_column_is_one_clear_error(value: Any) -> None:
    nested = pd.Series([value] * ROWS, dtype=object)
    with pytest.raises(InputTypeError, match=r"one value in each cell, got a .* in column 'inner'"):
        learn(pd.DataFrame({"a": WHOLE, "inner": nested}))


def test_a_table_of_nothing_but_an_identifier_is_learned_from_all_the_same() -> None:
    schema = learn(pd.DataFrame({"a": np.arange(ROWS), "b": ["same"] * ROWS}))
    assert schema.learned == ["a", "b"]


def test_what_was_read_is_read_the_same_again() -> None:
    columns = {
        name: values for name, (values, _) in {**NUMBERS, **OTHERS}.items() if name != "nested"
    }
    X = pd.DataFrame(columns)
    schema = learn(X)
    once, _ = schema.read(X)
    again, unread = schema.read(once)
    pd.testing.assert_frame_equal(once, again)
    assert not unread


POOLS = [
    ["1", "2", "3"],
    ["1", "2", "oops"],
    ["x", "1", "2"],
    ["1,5", "2,25", "3"],
    ["50%", "3%", "0.2"],
    ["10 km", "20 km", "3 lb"],
    ["01", "02", "10"],
    ["yes", "no", "NA"],
    [" a", "a", "b"],
    ["only", "?"],
    ["12:30", "01:00"],
    ["03/04/2021", "13/04/2021"],
    [f"{number}" for number in range(40)],
    [f"name {number} of several words that make a text" for number in range(40)],
]
"""Texts of columns; each is drawn with several frequencies."""


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_columns_of_texts_are_judged_and_read_together_as_one_by_one(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            f"{place} {times}": pd.Series(
                rng.choice(texts, 60, p=rng.dirichlet(np.full(len(texts), times))), dtype=dtype
            )
            for place, texts in enumerate(POOLS)
            for times in (0.05, 0.3, 1.0, 1.0, 10.0)
        }
    )
    X.iloc[:3, ::4] = None
    together = learn(X)
    table, unread = together.read(X)
    for name in map(str, X):
        one_by_one = written_profile(name, X[name], None, alone=False)
        assert replace(together.profiles[name], other_forms=()) == replace(
            one_by_one, other_forms=()
        )
        if name in together.learned:
            read, lost = read_column(X[name], together.columns[name])
            pd.testing.assert_series_equal(table[name], pd.Series(read, name=name))
            assert unread.get(name) == lost


def test_forms_of_numbers_are_judged_together_and_one_by_one_where_others_decide() -> None:
    X = pd.DataFrame({f"n{place}": ["1,5", "2,25", "3,1"] * 10 for place in range(3)})
    X["doubtful"] = ["1.234", "2.345", "12"] * 10
    assert [column.form for column in learn(X).columns.values()] == [",."] * 4
    assert learn(X[["doubtful"]]).columns["doubtful"].form == ""
