"""Formats: each number and date has one meaning, and junk has none."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from primitives.formats import (
    CONVENTIONS,
    date_format,
    date_formats,
    date_formats_like,
    dates_of_format,
    numbers_and_units,
    read_numbers,
    read_times,
)

UNITS = ["", "$", "€", " km", "%"]
JUNK = ["A12", "10-20", "1.2.3", "192.168.0.1", "12:30", "1,23,4", "one", "", "2021-03-04", "1 2"]


def texts(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


@pytest.mark.parametrize("convention", CONVENTIONS)
@given(
    st.integers(-(10**9), 10**9), st.integers(0, 99), st.sampled_from(["", "$", "€", " km", "%"])
)
def test_a_number_written_by_a_convention_is_that_number(
    convention: str, whole: int, cents: int, unit: str
) -> None:
    point, comma = convention
    digits = f"{abs(whole):,}".replace(",", comma) + f"{point}{cents:02d}"
    sign = "-" if whole < 0 else ""
    text = f"{sign}{unit}{digits}" if unit in ("$", "€") else f"{sign}{digits}{unit}"
    expected = (abs(whole) + cents / 100) * (-1 if whole < 0 else 1)
    numbers, units = numbers_and_units(texts(text), convention)
    assert numbers[0] == pytest.approx(expected, abs=1e-9)
    assert units[0] == unit.strip()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("<1", 1.0),
        (">= 65", 65.0),
        ("~ 3", 3.0),
        ("(1,234.50)", -1234.5),
        ("\N{MINUS SIGN}5", -5.0),
        ("1\N{NO-BREAK SPACE}234,5", 1234.5),
        ("1e5", 1e5),
        ("- 7", -7.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("true", 1.0),
        ("12 sq ft", 12.0),
        ("12 L/km", 12.0),
    ],
)
def test_a_number_has_one_meaning(text: str, number: float) -> None:
    assert read_numbers(texts(text), ".,", "", False)[0] == number


@pytest.mark.parametrize(
    "text",
    ["A12", "10-20", "1.2.3", "192.168.0.1", "12:30", "1,23,4", "one", "", "2021-03-04", "1 2"],
)
def test_what_is_no_number_is_missing(text: str) -> None:
    assert np.isnan(read_numbers(texts(text), ".,", "", False)[0])


@given(st.dates(date(1700, 1, 1), date(2250, 1, 1)), st.sampled_from(["%d.%m.%Y", "%d %B %Y"]))
def test_a_date_is_found_by_its_format(day: date, form: str) -> None:
    text = texts(day.strftime(form))
    found = date_format(text)
    assert found is not None
    assert dates_of_format(text, found)[0] == np.datetime64(day)


@given(st.integers(0, 40), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_time_span_is_its_seconds(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"{days} days {hours:02d}:{minutes:02d}:{seconds:02d}"
    assert read_times(texts(text))[0] == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@pytest.mark.parametrize("form", date_formats(month_first=True)[1:])
def test_a_format_is_tried_on_dates_that_are_written_in_it(form: str) -> None:
    written = datetime(2021, 5, 24, 13, 45, 10, tzinfo=UTC).strftime(form)
    assert form in date_formats_like([written], month_first=True)


@pytest.mark.parametrize("text", ["word 3", "A 12", "12", "3.5", "room 12:30", "May 2021", "1/2 z"])
def test_a_format_that_is_not_tried_reads_nothing(text: str) -> None:
    for form in set(date_formats(month_first=True)) - set(date_formats_like([text], True)):
        assert np.isnat(dates_of_format(texts(text), form)).all()
