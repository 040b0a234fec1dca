"""Parts of dates: plain or cyclic, with the days between columns, without constants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from primitives.dates import DateParts


def hours(start: str, rows: int) -> pd.DataFrame:
    """Return a column of dates, one an hour."""
    times = pd.Timestamp(start) + pd.to_timedelta(np.arange(rows), unit="h")
    return pd.DataFrame({"at": times.astype("datetime64[us]")})


def features(transformer: DateParts, X: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the features of a fitted transformer by name."""
    return dict(zip(transformer.get_feature_names_out(), transformer.transform(X).T, strict=True))


def test_parts_are_those_of_the_calendar() -> None:
    X = pd.DataFrame({"at": pd.to_datetime(["1969-12-31 12:00", "2024-02-29 23:30"])})
    found = features(DateParts().fit(X), X)
    assert {name: values.tolist() for name, values in found.items()} == {
        "at (days)": [-0.5, 19_782 + 23.5 / 24],
        "at (year)": [1969, 2024],
        "at (month)": [12, 2],
        "at (day)": [31, 29],
        "at (weekday)": [2, 3],
        "at (hour)": [12, 23],
    }


def test_parts_that_are_the_same_in_all_training_rows_are_left_out() -> None:
    X = hours("2024-05-01", 24)
    transformer = DateParts().fit(X)
    assert list(transformer.get_feature_names_out()) == ["at (days)", "at (hour)"]
    assert transformer.transform(hours("2025-06-02", 5)).shape == (5, 2)


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("date", ["2024-05-01", None])
def test_a_column_with_a_single_date_or_none_keeps_one_feature(
    cyclic: bool, date: str | None
) -> None:
    X = pd.DataFrame({"at": pd.to_datetime([date] * 3)})
    assert DateParts(cyclic).fit_transform(X).shape == (3, 1)


def test_the_last_hour_is_near_the_first_in_cyclic_parts() -> None:
    X = hours("2024-01-01", 24 * 400)
    found = features(DateParts(cyclic=True).fit(X), X)
    assert len(found) == 2 + 2 * 4
    clock = np.column_stack([found["at (sine of hour)"], found["at (cosine of hour)"]])
    near, far = np.linalg.norm(clock[23] - clock[0]), np.linalg.norm(clock[12] - clock[0])
    assert near < 0.3
    assert far == pytest.approx(2)


def test_a_line_follows_the_hours_of_the_day_by_cyclic_parts_alone() -> None:
    X = hours("2024-01-01", 24 * 60)
    y = np.cos(2 * np.pi * (X["at"].dt.hour - 17) / 24)
    scores = [
        make_pipeline(DateParts(cyclic), LinearRegression()).fit(X[::2], y[::2]).score(X, y)
        for cyclic in (False, True)
    ]
    assert scores[0] < 0.7
    assert scores[1] > 0.999


def test_the_days_between_each_two_columns_are_features() -> None:
    first = hours("2024-01-01", 50)["at"]
    days = np.arange(50) % 7 + 0.25
    X = pd.DataFrame({"from": first, "to": first + pd.to_timedelta(days, unit="D"), "on": first})
    X.loc[3, "to"] = pd.NaT
    found = features(DateParts(differences=True).fit(X), X)
    expected = np.where(np.arange(50) == 3, np.nan, days)
    np.testing.assert_allclose(found["to - from (days)"], expected)
    np.testing.assert_allclose(found["on - to (days)"], -expected)
    assert "on - from (days)" not in found  # always 0
    assert not any(" - " in name for name in DateParts().fit(X).get_feature_names_out())


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dates_of_all_units_have_the_same_parts(unit: str) -> None:
    X = hours("2024-01-31 22:00", 60)
    other = X.astype(f"datetime64[{unit}]")
    np.testing.assert_array_equal(DateParts().fit_transform(other), DateParts().fit_transform(X))
