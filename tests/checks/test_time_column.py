"""The column of times is found, read and put in order; folds go forward by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from evolver.checks import check_time, schema_with_time, splits_in_time, times_of
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.folds import are_in_time, forward_folds

DAYS = pd.date_range("2024-02-27", periods=6)
SHUFFLED = [3, 0, 5, 1, 4, 2]
COLUMNS = {
    "dates": DAYS,
    "dates with a zone": DAYS.tz_localize("Europe/Zurich"),
    "strings of dates": DAYS.strftime("%Y-%m-%d"),
    "strings of moments": DAYS.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "dates of Python": [day.date() for day in DAYS],
    "periods": DAYS.to_period("D"),
    "spans": pd.to_timedelta(np.arange(6), unit="h"),
    "numbers": np.arange(6) / 3 - 1,
    "strings of numbers": [str(number) for number in (-3, 1, 2, 10, 20, 100)],
    "nullable integers": pd.array([1, 2, 3, 10, 20, 30], dtype="Int64"),
    "ordered categories": pd.Categorical(
        ["low", "b", "c", "d", "e", "high"], ["low", "b", "c", "d", "e", "high"], ordered=True
    ),
    "categories of numbers": pd.Categorical([1, 2, 3, 10, 20, 100]),
}


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_values_of_many_kinds_are_put_in_their_order(kind: str) -> None:
    X = pd.DataFrame({"other": np.arange(6), "when": COLUMNS[kind]}).iloc[SHUFFLED]
    for time in ("when", 1, np.int64(1)):
        assert check_time(X, time, None) == "when"
    assert times_of(X["when"]).tolist() == SHUFFLED
    read, _ = schema_with_time(X, None, "when").read(X)
    assert times_of(read["when"]).tolist() == SHUFFLED


TABLE = pd.DataFrame(
    {
        "day": DAYS,
        "gaps": [1.0, None, 3.0, None, 5.0, 6.0],
        "late": ["2024-01-01", None, "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"],
        "words": ["soon", "later", "now", "soon", "then", "now"],
        "mixed": [1, "2024-01-01", 3, 4, 5, 6],
    }
)


@pytest.mark.parametrize(
    ("time", "error", "message"),
    [
        ("date", InputError, r"`time` must be a column of `X` \(day, .*\), got 'date'\."),
        (5, InputError, "`time` must be a position from 0 to 4, or the name of a column, got 5"),
        (-1, InputError, "got -1"),
        (2.0, InputTypeError, "`time` must be the name or position of a column, got 2.0"),
        (True, InputTypeError, "got True"),
        ("gaps", InputError, "without gaps, but 'gaps' lacks 2 of 6 values"),
        ("late", InputError, "without gaps, but 'late' lacks 1 of 6 values"),
        ("words", InputError, "of dates such as 2024-03-25, but 'words' is not: .*soon"),
        ("mixed", InputError, "but 'mixed' is not"),
    ],
)
def test_a_column_that_is_no_order_is_refused(time: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        times_of(TABLE[check_time(TABLE, time, None)])


def test_groups_and_times_are_not_combined() -> None:
    with pytest.raises(InputError, match="`time` and `groups` must not be given together"):
        check_time(TABLE, "day", np.arange(6))


@given(st.lists(st.integers(1, 5), min_size=3, max_size=30), st.integers(2, 6))
def test_folds_go_forward_and_rows_of_one_time_stay_together(
    repeats: list[int], n_splits: int
) -> None:
    times = np.repeat(np.arange(len(repeats)), repeats)
    if len(repeats) <= n_splits:
        with pytest.raises(InputError, match=f"different times, {len(repeats)}, got {n_splits}"):
            splits_in_time(times, n_splits)
        return
    folds = forward_folds(times, n_splits)
    assert len(folds) == n_splits
    for train, valid in folds:
        assert len(train)
        assert times[train].max() < times[valid].min()
        assert np.array_equal(np.append(train, valid), np.arange(valid[-1] + 1))
    assert folds[-1][1][-1] == len(times) - 1
    assert are_in_time(folds)


@pytest.mark.parametrize(("rows", "n_splits"), [(12, 3), (50, 5), (7, 6)])
def test_without_equal_times_folds_are_those_of_scikit_learn(rows: int, n_splits: int) -> None:
    known = TimeSeriesSplit(n_splits).split(np.arange(rows))
    for (train, valid), (known_train, known_valid) in zip(
        forward_folds(np.arange(rows), n_splits), known, strict=True
    ):
        np.testing.assert_array_equal(train, known_train)
        np.testing.assert_array_equal(valid, known_valid)
