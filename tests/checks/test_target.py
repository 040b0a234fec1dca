"""Targets of every type and library are taken as what they are."""

from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.checks import check_target, family_of_target, misaligned, target_name
from evolver.errors import InputError, InputTypeError
from evolver.export.program import known_target
from evolver.task import Classification, Regression
from evolver.warned import Finding


def labels(y: Any) -> np.ndarray:
    return check_target(y, Classification, [])[0]


def numbers(y: Any) -> np.ndarray:
    return check_target(y, Regression, [])[0]


def findings(y: Any, task: Any = Classification) -> list[Finding]:
    found: list[Finding] = []
    check_target(y, task, found)
    return found


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


HUGE = [2**53, 2**53 + 1] * 2

LABELS: dict[str, tuple[Any, list[Any], str]] = {
    "nullable integers": (pd.array([1, 0, 1], "Int64"), [1, 0, 1], "i"),
    "nullable integers with a gap": (pd.array([1, None, 0], "Int64"), [1, 0], "i"),
    "integers that floats cannot tell apart": (pd.array([*HUGE, None], "Int64"), HUGE, "i"),
    "the same in a list": ([*HUGE, None], HUGE, "i"),
    "unsigned": (pd.array([2**63, 1], "UInt64"), [2**63, 1], "u"),
    "nullable booleans": (pd.array([True, None, False], "boolean"), [True, False], "b"),
    "objects that are booleans": (np.array([True, None, False], object), [True, False], "b"),
    "objects that are integers": (np.array([3, 4, np.int8(3)], object), [3, 4, 3], "i"),
    "objects that are whole floats": (np.array([1.0, 2, None], object), [1, 2], "i"),
    "floats with a gap": (np.array([1.0, np.nan, 0.0]), [1, 0], "i"),
    "whole floats": (np.array([1.0, 0.0]), [1.0, 0.0], "f"),
    "strings with gaps": (pd.Series(["a", None, "b"], dtype="str"), ["a", "b"], "O"),
    "Python strings with a gap": (["a", float("nan"), "b"], ["a", "b"], "O"),
    "a list with pandas' gap": (["a", pd.NA, "b"], ["a", "b"], "O"),
    "fixed length": (np.array(["a", "b"]), ["a", "b"], "O"),
    "numpy strings": (np.array([np.str_("a"), "b"], object), ["a", "b"], "O"),
    "bytes": (np.array([b"a", b"b"]), ["a", "b"], "O"),
    "objects that are bytes": (np.array([b"a", None, b"b"], object), ["a", "b"], "O"),
    "categories": (pd.Categorical(["x", "y", None]), ["x", "y"], "O"),
    "categories of integers with a gap": (pd.Categorical([5, None, 7]), [5, 7], "i"),
    "an enumeration": ([Colour.RED, Colour.BLUE], ["red", "blue"], "O"),
    "a masked array": (np.ma.array([1, 2, 3], mask=[0, 1, 0]), [1, 3], "i"),
    "an index": (pd.Index([1, 2]), [1, 2], "i"),
    "short integers": (np.array([1, 2], np.int8), [1, 2], "i"),
}


@pytest.mark.parametrize("case", sorted(LABELS))
def test_labels_come_out_as_they_went_in(case: str) -> None:
    y, expected, kind = LABELS[case]
    found = labels(y)
    assert found.tolist() == expected
    assert [type(label) for label in found.tolist()] == [type(label) for label in expected]
    assert found.dtype.kind == kind


@pytest.mark.parametrize("case", sorted(set(LABELS) - {"bytes", "objects that are bytes"}))
def test_exported_programs_read_the_same_labels(case: str) -> None:
    y, expected, _ = LABELS[case]
    column = pd.Series(y, dtype=object if isinstance(y, list) else None)
    read, known = known_target(column, classification=True)
    assert read.tolist() == expected
    assert known.sum() == len(expected)


@pytest.mark.parametrize("dtype", ["int64", "bool", "float64", "string"])
def test_arrow_columns_keep_their_labels(dtype: str) -> None:
    pa = pytest.importorskip("pyarrow")
    values = {"int64": HUGE, "bool": [True, False], "float64": [1.0, 2.0], "string": ["a", "b"]}
    array = pa.array([*values[dtype], None], dtype)
    gaps_of_floats = [int(v) for v in values[dtype]] if dtype == "float64" else values[dtype]
    for y in (array, pa.chunked_array([array]), pd.Series(array, dtype=pd.ArrowDtype(array.type))):
        assert labels(y).tolist() == gaps_of_floats


def test_polars_columns_keep_name_and_labels() -> None:
    pl = pytest.importorskip("polars")
    for values, expected in (([*HUGE, None], HUGE), (["a", "b"], ["a", "b"]), ([True], [True])):
        column = pl.Series("goal", values)
        assert labels(column).tolist() == labels(column.to_frame()).tolist() == expected
        assert target_name(column) == target_name(column.to_frame()) == "goal"
    assert numbers(pl.Series([1.5, None, 2.0])).tolist() == [1.5, 2.0]
    with pytest.raises(InputError, match=r"hold 0 and 1, or booleans, .* got 2 in column 'b'"):
        labels(pl.DataFrame({"a": [1], "b": [2]}))


def test_a_table_of_one_column_gives_its_name() -> None:
    assert target_name(pd.DataFrame({"price": [1.0]})) == "price"
    assert target_name(pd.Series([1.0])) == target_name([1.0]) == "target"


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.none()), min_size=1))
def test_integers_with_gaps_are_never_rounded(values: list[int | None]) -> None:
    known = [value for value in values if value is not None]
    if known:
        assert labels(values).tolist() == known
        assert labels(pd.array(values, "Int64")).tolist() == known


BAD: dict[str, tuple[Any, str]] = {
    "mixed": (["a", 1, 2.5], "labels of one type, got float, int, str"),
    "booleans and integers": ([True, 1, 0], "labels of one type, got bool, int"),
    "continuous": (np.array([0.5, 1.5]), "continuous numbers such as 0.5. Use EvolvedRegressor"),
    "continuous decimals": ([Decimal("1.25")], "continuous numbers such as 1.25"),
    "infinite": ([1.0, np.inf], "must be finite: Input y contains infinity"),
    "no value": ([None, np.nan], "must have a value in some rows: Input y contains NaN"),
    "dates": (pd.date_range("2024-01-01", periods=3), "must not hold dates"),
    "dates with a zone": (pd.date_range("2024", periods=3, tz="UTC"), "must not hold dates"),
    "days": ([datetime.date(2024, 1, 1)], "must not hold dates"),
    "time spans": (pd.to_timedelta([1, 2], unit="D"), "must not hold time spans"),
    "Python time spans": ([datetime.timedelta(1)], "must not hold time spans"),
    "intervals": (pd.cut([1.0, 2.0], 2), "must hold strings, integers or booleans, got Interval"),
    "too large": ([2**70, 1], "integers of at most 64 bits, got 1180591620717411303424"),
    "complex": (np.array([1j]), "must be one column: Complex data not supported"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_target_that_holds_no_labels_is_one_clear_error(case: str) -> None:
    y, message = BAD[case]
    with pytest.raises((InputError, InputTypeError), match=f"`y` .*{message}"):
        labels(y)


NUMBERS: dict[str, tuple[Any, list[float]]] = {
    "decimals": ([Decimal("1.25"), Decimal("NaN"), Decimal(2)], [1.25, 2.0]),
    "currency": (pd.Series(["$ 1,200", "$8,086.50", "-3"], dtype="str"), [1200.0, 8086.5, -3.0]),
    "signs": (["-$5", "$-5", "+1.5e3", ".5"], [-5.0, -5.0, 1500.0, 0.5]),
    "marks": (["1", "?", "2.5", "N/A", " "], [1.0, 2.5]),
    "marks among numbers": (np.array([1, "?", 2.5], object), [1.0, 2.5]),
    "categories of texts": (pd.Categorical(["1.5", "2", "?"]), [1.5, 2.0]),
    "nullable": (pd.array([1.5, None], "Float64"), [1.5]),
    "booleans": ([True, False], [1.0, 0.0]),
    "bytes": (np.array([b"1.5"]), [1.5]),
    "decimal commas": (["12,5", "1.200,75", "-"], [12.5, 1200.75]),
    "one unit": (["12 km", "3.5 km", "7"], [12.0, 3.5, 7.0]),
}


@pytest.mark.parametrize("case", sorted(NUMBERS))
def test_numbers_are_read_from_any_type(case: str) -> None:
    y, expected = NUMBERS[case]
    found = numbers(y)
    assert found.tolist() == expected
    assert found.dtype == np.float64


def test_arrow_decimals_are_numbers() -> None:
    pa = pytest.importorskip("pyarrow")
    array = pa.array([Decimal("1.25"), None], pa.decimal128(10, 2))
    assert numbers(array).tolist() == [1.25]
    assert numbers(pd.Series(array, dtype=pd.ArrowDtype(array.type))).tolist() == [1.25]
    column = pd.Series([Decimal("1.25"), None], dtype=object)
    assert known_target(column, classification=False)[0].tolist() == [1.25]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["1", "2", "call us"], r"numbers for regression, got 'call us' in 1 of 3 rows"),
        (["1", "nan", "1_000", "inf"], r"numbers for regression, got '1_000' in 1 of 3"),
        (["12 km", "7 m"], "must be numbers in one unit, got km, m"),
        (pd.date_range("2024-01-01", periods=3), "must not hold dates"),
        (
            pd.Series(pd.to_timedelta([1, 2], unit="D")),
            r"such as seconds by y.dt.total_seconds\(\)",
        ),
        ([datetime.timedelta(1), 3], "must not hold time spans"),
        ([object()], "numbers for regression, got object"),
    ],
)
def test_a_target_that_holds_no_numbers_is_one_clear_error(y: Any, message: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=message):
        numbers(y)


def test_rows_without_a_target_are_said_with_their_marks() -> None:
    (found,) = findings(["1", "?", "2", "?", None], Regression)
    assert found.code == "rows-without-target"
    assert "in 3 of 5 rows, 2 times '?'. These rows are left out" in found.message
    known = check_target(["1", "?", "2", "?", None], Regression, [])[1]
    assert known.tolist() == [True, False, True, False, False]


def test_a_mark_may_be_a_class() -> None:
    assert labels(["?", "yes", "?"]).tolist() == ["?", "yes", "?"]


def test_labels_that_differ_only_in_white_space_or_case_are_named() -> None:
    (found,) = findings([" high", "high ", "low", "Yes", "yes"])
    assert found.code == "near-duplicate-labels"
    assert "' high' and 'high '; 'Yes' and 'yes'. They are separate classes" in found.message
    assert findings(["high", "low", "very high"]) == []


def test_a_target_that_is_mostly_unique_is_said_to_have_many_classes() -> None:
    (found,) = findings(np.arange(100) // 1.5 // 1)
    assert found.code == "many-classes"
    assert "`y` has 67 classes in 100 rows" in found.message
    assert findings(np.arange(100) // 3) == []


def test_bytes_are_said_to_be_decoded() -> None:
    assert [found.code for found in findings(np.array([b"a", b"b"]))] == ["decoded-labels"]


FAMILIES: dict[str, tuple[Any, str]] = {
    "zeros and ones as floats": ([0.0, 1.0] * 5, "classification"),
    "whole floats with gaps": ([0.0, 1.0, np.nan] * 5, "classification"),
    "booleans": ([True, False], "classification"),
    "few integers": ([1, 2, 3] * 9, "classification"),
    "many integers": (list(range(300)), "regression"),
    "integers that hardly repeat": (list(range(8)), "regression"),
    "fractions": ([0.5, 1.0] * 9, "regression"),
    "strings": (["a", "b"] * 9, "classification"),
    "texts of prices": (["$ 1,200", "900", "31.5"] * 9, "regression"),
    "prices with two marks": ([*map(str, range(300)), "?", "?"], "regression"),
    "prices with an error": ([*map(str, range(300)), "call us"], "regression"),
    "texts of few numbers": (["1", "0", "?"] * 9, "classification"),
    "decimals": ([Decimal(number) / 4 for number in range(50)], "regression"),
    "categories of numbers": (pd.Categorical([0.5, 1.5]), "classification"),
    "nullable integers": (pd.array([1, 0, None] * 9, "Int64"), "classification"),
    "dates": (pd.date_range("2024-01-01", periods=3), "regression"),
}


@pytest.mark.parametrize("case", sorted(FAMILIES))
def test_the_kind_of_task_follows_from_the_values(case: str) -> None:
    y, expected = FAMILIES[case]
    assert family_of_target(y) == expected


def test_a_shuffled_index_is_said_for_each_argument() -> None:
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=[4, 5, 6])
    shuffled = pd.Series([1, 2, 3], index=[6, 5, 4])
    found = misaligned(X, y=shuffled, sample_weight=shuffled, groups=None)
    assert [one.code for one in found] == ["index-order", "index-order"]
    assert "`y` has the index of `X` in another order" in found[0].message
    assert "pass `sample_weight.loc[X.index]`" in found[1].message
    same, other = pd.Series([1, 2, 3], index=X.index), pd.Series([1, 2, 3], index=[7, 8, 9])
    assert misaligned(X, y=same, sample_weight=other, groups=np.arange(3)) == []
    assert misaligned(X.to_numpy(), y=shuffled) == []


def test_a_constant_number_is_a_finding() -> None:
    found = findings([7.0, None, 7.0], Regression)
    assert [one.code for one in found] == ["rows-without-target", "constant-target"]
    assert "`y` is 7 in every row" in found[1].message
