"""Cleaning gives the same columns, whatever types a later table has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from primitives.cleaning import TableCleaner
from primitives.reading import Column, dates_of_epochs
from tests.tables import clean, cleaner_of

ROWS = 6
WHOLE = np.arange(1, ROWS + 1) % 2
DAYS = pd.Series(pd.date_range("2024-01-01", periods=ROWS))

MESSY = pd.DataFrame(
    {
        "whole": [1, 2, 3, 4],
        "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
        "flag": [True, False, True, True],
        "missable flag": pd.array([True, None, False, True], dtype="boolean"),
        "infinite": [1.0, np.inf, -np.inf, 2.0],
        "text": ["a", "b", None, "a"],
        "category": pd.Categorical(["x", None, "y", "x"]),
        "numbers as objects": np.array([1, 2.5, None, 4], dtype=object),
        "mixed": np.array([1, "one", None, 2.0], dtype=object),
        "date": pd.to_datetime(["2024-01-31", None, "2024-02-29", "2025-12-01"]),
        "date as text": ["2024-01-31", "2024-02-29T12:00", None, "2025-12-01"],
        "size": pd.Categorical(["S", "L", None, "S"], ["S", "M", "L"], ordered=True),
        "nothing": [None, None, None, None],
    }
)

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
    "milliseconds": lambda: DAYS.astype("int64") // (10**6 if DAYS.dtype == "M8[ns]" else 10**3),
}
STRINGS: Form = {
    "str": lambda: pd.Series(list("abcabc")),
    "object": lambda: pd.Series(list("abcabc"), dtype=object),
    "category": lambda: pd.Series(list("abcabc"), dtype="category"),
    "string": lambda: pd.Series(list("abcabc"), dtype="string"),
}
COLUMNS = st.lists(
    st.sampled_from([(NUMBERS, NUMBERS), (DATES, DATES), (STRINGS, STRINGS)]).flatmap(
        lambda forms: st.tuples(
            st.sampled_from(sorted(forms[0].keys() - {"milliseconds"})).map(forms[0].__getitem__),
            st.sampled_from(sorted(forms[1])).map(forms[1].__getitem__),
        )
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
    cleaner = cleaner_of(fitted_on).fit(fitted_on)
    pd.testing.assert_frame_equal(cleaner.transform(later), cleaner.transform(fitted_on))


@pytest.mark.parametrize("dtype", sorted(NUMBERS))
def test_two_numbers_are_not_swapped(dtype: str) -> None:
    cleaner = TableCleaner().fit(pd.DataFrame({"a": [0.0, 1.0], "b": [5.0, 6.0]}))
    changed = pd.DataFrame({"a": NUMBERS[dtype]()[:2], "b": [5.0, 6.0]})
    assert list(cleaner.transform(changed).columns) == ["a", "b"]


def test_the_order_of_columns_depends_on_their_kinds_alone() -> None:
    columns = [STRINGS["str"], NUMBERS["Int64"], DATES["text"], NUMBERS["bool"], NUMBERS["float64"]]
    known = table(columns)
    cleaner = cleaner_of(known)
    assert list(cleaner.fit_transform(known).columns) == ["c1", "c4", "c3", "c2", "c0"]
    written = known.astype(str)
    assert list(cleaner.fit_transform(written).columns) == ["c1", "c4", "c3", "c2", "c0"]


def test_every_column_becomes_numbers_dates_or_categories() -> None:
    table = clean(MESSY)
    for name in table.columns:
        if name in ("text", "category", "mixed"):
            assert isinstance(table[name].dtype, pd.CategoricalDtype)
            assert table[name].isna().sum() == 1
        elif name.startswith("date"):
            assert table[name].dtype == "datetime64[us]"
        else:
            assert table[name].dtype == np.float64
    assert "nothing" not in table
    assert table["infinite"].isna().tolist() == [False, True, True, False]
    assert table["size"].fillna(-1).tolist() == [0.0, 2.0, -1.0, 0.0]
    assert table["date as text"].dt.hour.tolist()[1] == 12


def test_what_is_clean_stays_as_it_is() -> None:
    table = clean(MESSY)
    pd.testing.assert_frame_equal(TableCleaner().fit_transform(table), table)


def test_columns_are_taken_by_name() -> None:
    cleaner = cleaner_of(MESSY).fit(MESSY)
    shuffled = MESSY[MESSY.columns[::-1]]
    pd.testing.assert_frame_equal(cleaner.transform(shuffled), cleaner.transform(MESSY))
    with pytest.raises(ValueError, match=r"missing columns \['text'\]"):
        cleaner.transform(MESSY.drop(columns="text"))


def test_columns_that_were_left_out_or_not_there_in_fit_are_ignored() -> None:
    cleaner = cleaner_of(MESSY).fit(MESSY)
    other = MESSY.drop(columns="nothing").assign(more=1)
    pd.testing.assert_frame_equal(cleaner.transform(other), cleaner.transform(MESSY))


def test_a_column_without_a_name_holds_plain_numbers_however_it_is_written_in_fit() -> None:
    """A program that is fitted on another file reads it as the first one was read."""
    written = pd.DataFrame({"a": ["1", "n.k.", "3"], "b": ["x", "y", "x"]})
    cleaner = TableCleaner({"b": Column("category")}).fit(written)
    assert cleaner.transform(written)["a"].fillna(-1.0).tolist() == [1.0, -1.0, 3.0]


READINGS = {
    "True for a boolean": (pd.Series([True, False] * 20), "yes", 1.0),
    "a comma for a number": (pd.Series(np.arange(40) / 2), "3,5", 3.5),
    "thousands": (pd.Series(3.0 * np.arange(40)), "1,234", 1234.0),
    "percent for a share": (pd.Series(np.arange(40) / 40), "50%", 0.5),
    "percent for a share in texts": (pd.Series((np.arange(40) / 40).astype(str)), "50%", 0.5),
    "percent for percents": (pd.Series(3.0 * np.arange(40)), "50%", 50.0),
    "a boolean for a number": (pd.Series([0, 1] * 20), "True", 1.0),
    "a unit": (pd.Series([f"{n} km" for n in range(40)]), "12", 12.0),
    "junk": (pd.Series(3.0 * np.arange(40)), "junk", None),
    "another unit": (pd.Series([f"{n} km" for n in range(40)]), "12 mi", None),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_value_of_another_type_is_read_by_the_column_of_fit(name: str) -> None:
    column, written, expected = READINGS[name]
    known = pd.DataFrame({"a": column, "b": np.arange(40) % 3})
    found = cleaner_of(known).fit(known).transform(pd.DataFrame({"a": [written, "?"], "b": [1, 2]}))
    assert found["a"].isna().tolist() == [expected is None, True]
    assert expected is None or found["a"][0] == pytest.approx(expected)


DATES_WRITTEN = ["31.12.2023", "2023/12/31", "31 Dec 2023", "2023-12-31T00:00:00Z", "1703980800000"]


@pytest.mark.parametrize("written", [*DATES_WRITTEN, 1_703_980_800_000, 1_703_980_800])
def test_a_date_of_another_form_is_the_same_day(written: object) -> None:
    known = pd.DataFrame({"a": pd.date_range("2023-01-01", periods=40).astype(str)})
    found = cleaner_of(known).fit(known).transform(pd.DataFrame({"a": [written]}))
    assert found["a"][0] == pd.Timestamp("2023-12-31")


@pytest.mark.skipif(
    int(pd.__version__.split(".")[0]) < 3, reason="dates of pandas 2 end in the year 2262"
)
def test_dates_may_be_far_away() -> None:
    dates = ["0001-01-01", "9999-12-31", None]
    known = pd.DataFrame({"when": ["2024-01-31", "2024-02-29", None]})
    far = pd.Series(dates).astype("datetime64[us]")
    for column in (pd.Series(dates), far):
        found = cleaner_of(known).fit(known).transform(pd.DataFrame({"when": column}))["when"]
        assert found.dt.year.tolist()[:2] == [1, 9999]
        assert found.isna().tolist() == [False, False, True]


def test_codes_are_the_same_in_a_table_that_has_only_numbers_of_them() -> None:
    """A column of whole numbers is read as floats if some are missing."""
    known = pd.DataFrame({"code": ["1", "2", "A7"], "group": ["a", "b", "c"]})
    later = pd.DataFrame({"code": [1.0, np.nan, 2.5], "group": pd.Categorical([3.0, np.nan, 0.5])})
    found = cleaner_of(known).fit(known).transform(later).astype(object)
    assert found["code"].fillna("gap").tolist() == ["1", "gap", "2.5"]
    assert found["group"].fillna("gap").tolist() == ["3", "gap", "0.5"]


def test_texts_of_other_rows_may_be_anything() -> None:
    texts = [f"the {number}th of all that was ever said or written" for number in range(100)]
    known = pd.DataFrame({"text": texts})
    cleaner = cleaner_of(known).fit(known)
    other = np.array([1, 2.5, None, "some"], dtype=object)
    found = cleaner.transform(pd.DataFrame({"text": other}))["text"]
    assert found.dtype == object
    assert found.fillna("gap").tolist() == ["1", "2.5", "gap", "some"]
    numbers = cleaner.transform(pd.DataFrame({"text": [1.0, np.nan]}))["text"]
    assert numbers.fillna("gap").tolist() == ["1", "gap"]


def test_the_input_is_left_alone() -> None:
    before = MESSY.copy(deep=True)
    clean(MESSY)
    pd.testing.assert_frame_equal(MESSY, before)


def test_numbers_that_count_from_1970_are_dates_and_others_are_missing() -> None:
    day = pd.Timestamp("2021-03-25 06:30:00")
    for count in (1e9, 1e6, 1e3, 1.0):  # ns, us, ms and s in a column
        numbers = np.array([day.timestamp() * count, np.nan, np.inf])
        found = dates_of_epochs(numbers)
        assert found[0] == np.datetime64(day, "us")
        assert np.isnat(found[1:]).all()
    assert np.isnat(dates_of_epochs(np.array([1e30]))).all()
    assert np.isnat(dates_of_epochs(np.full(3, np.nan))).all()
