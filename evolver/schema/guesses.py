"""Guesses of what the texts of a column stand for, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evolver.schema.numbers import LEAST_ROWS, NAME_OF_IDENTIFIER
from primitives.formats import (
    BOOLEANS,
    CONVENTIONS,
    MARKS_AMONG_VALUES,
    PLAIN,
    date_format,
    dates_of_format,
    numbers_and_units,
    read_times,
)
from primitives.reading import Column, as_texts

ENOUGH = 0.99
"""Share of the values that must be read for a column to be of a kind."""

MOST_TRIED = 1_000
"""Number of distinct values by which a format is guessed; all values are then read by it."""

TEXT_LENGTH = 40
"""Mean number of characters from which values are texts; names and titles are shorter."""

CODE = re.compile(r"(?=.*\d)[\w\-:#.]+")
"""Pattern of a value that may be an identifier: one word with a digit."""

LEADING_ZERO = re.compile(r"0\d+")
"""Pattern of a number that is a code, because nobody counts so."""

THOUSANDS = re.compile(r"[^\d.]*[1-9]\d{0,2}(?:\.\d{3})+[^\d.]*")
"""Pattern of a number with points that may stand between thousands, and with its unit."""

SHORT_NUMBER = re.compile(r"\D*\d{1,3}\D*")
"""Pattern of a number that has no thousands."""

DATE_LIKE = re.compile(
    r"\D{0,12}\d{1,4}(?:[-/. ]|\. )+(?:\d{1,2}|[A-Za-z]{3,9})\b.*"
    r"|[A-Za-z]{3,9}\.? \d{1,4}\b.*|\d{8}"
)
"""Pattern of a value that is worth trying as a date."""


@dataclass(frozen=True, eq=False)
class Written:
    """Distinct values of a column, as texts.

    Parameters
    ----------
    texts : ndarray of str, shape (n_distinct,)
        Distinct values without white space around them.
    counts : ndarray of int, shape (n_distinct,)
        Number of rows that hold each of them.
    shares : list of float
        Shares of the rows that were asked for and are neither 0 nor 1: without any, what was asked
        does not depend on the numbers of rows.
    """

    texts: np.ndarray
    counts: np.ndarray
    shares: list[float] = field(default_factory=list)

    def without(self, marks: frozenset[str]) -> Written:
        """Return the values that are no marks of missing values."""
        is_value = np.array([text.casefold() not in marks for text in self.texts], bool)
        if is_value.all():
            return self
        return Written(self.texts[is_value], self.counts[is_value], self.shares)

    def some(self) -> Written:
        """Return at most `MOST_TRIED` of the values, evenly spread."""
        step = max(1, -(-len(self.texts) // MOST_TRIED))
        return self if step == 1 else Written(self.texts[::step], self.counts[::step], self.shares)

    def share(self, holds: np.ndarray) -> float:
        """Return the share of the rows whose values fulfil a condition; 0 without rows."""
        if holds.all() or not holds.any():
            return float(len(holds) > 0 and bool(holds[0]))
        share = float(self.counts[holds].sum() / self.counts.sum())
        self.shares.append(share)
        return share


Candidates = Iterator[tuple[Column, str]]


def candidates(
    name: str, dtype: Any, known: Written, kind: str | Sequence[Any] | None, alone: bool
) -> Candidates:
    """Yield the ways in which a column may be read, and the reasons, the first choice first."""
    if kind is not None and not isinstance(kind, str):
        yield Column("ordered", values=tuple(as_texts(kind))), "given"
    elif kind is not None:
        guess = GUESSES.get(kind)
        yield (
            (guess(known.without(MARKS_AMONG_VALUES).some()) if guess else None)
            or Column(kind, "ISO8601" if kind == "date" else ""),
            "given",
        )
    elif isinstance(dtype, pd.CategoricalDtype):
        if dtype.ordered:
            yield Column("ordered", values=tuple(as_texts(dtype.categories))), ""
        else:
            yield Column("category"), ""
    else:
        yield from _by_values(name, known, alone)


def _by_values(name: str, known: Written, alone: bool) -> Candidates:
    """Yield the ways in which a column of texts may be read, by its values."""
    if not len(known.texts):
        yield Column("constant"), "no value"
        return
    values = known.without(MARKS_AMONG_VALUES).some()
    reason = _reason_for_identifier(name, known)
    if reason and not alone:
        yield Column("identifier"), reason
    elif _are_codes(values):
        yield Column("category"), "digits with zeros in front"
    else:
        for guess in GUESSES.values():
            column = guess(values)
            if column is not None:
                yield column, ""
    yield Column("text" if are_texts(known, alone) else "category"), ""


def _boolean(values: Written) -> Column | None:
    """Return the column if all values are words for true and false, of both."""
    meanings = {BOOLEANS.get(text.casefold()) for text in values.texts}
    has_words = any(not text.isdigit() for text in values.texts)
    return Column("boolean") if meanings == {0.0, 1.0} and has_words else None


def _number(values: Written) -> Column | None:
    """Return the column if enough values are numbers of one convention and one unit."""
    best = None
    most = 0.0
    for convention in CONVENTIONS:
        numbers, units = numbers_and_units(values.texts, convention)
        share = values.share(~np.isnan(numbers))
        if share >= ENOUGH and share > most:
            best, most = (convention, units), share
        if most == 1.0:
            break
    if best is None:
        return None
    if best[0] == PLAIN and _are_thousands(values):
        best = ",.", numbers_and_units(values.texts, ",.")[1]
    found = {unit for unit in best[1] if unit}
    common = max(found, key=lambda unit: values.share(best[1] == unit), default="")
    others = values.share((best[1] != common) & (best[1] != ""))
    form = "" if best[0] == PLAIN else best[0]
    return None if others > 1 - ENOUGH else Column("number", form, common)


def _are_thousands(values: Written) -> bool:
    """Return True if the points in numbers stand between thousands, as nothing else explains them.

    Decimals would sometimes have another number of digits than three, and all values or none would
    have a point. Numbers of four digits would stand without one.
    """
    has_point = _fulfil(values, lambda text: "." in text)
    are_grouped = _fulfil(values, THOUSANDS.fullmatch)
    are_short = _fulfil(values, SHORT_NUMBER.fullmatch)
    if has_point.sum() < LEAST_ROWS or not (~has_point).any():
        return False
    return bool(are_grouped[has_point].all() and are_short[~has_point].all())


def _date(values: Written) -> Column | None:
    """Return the column if enough values are dates."""
    if values.share(_fulfil(values, DATE_LIKE.fullmatch)) < ENOUGH:
        return None
    form = date_format(values.texts)
    if form is None:
        return None
    is_date = ~np.isnat(dates_of_format(values.texts, form))
    # A few may have a time where others have none.
    return Column("date", form) if values.share(is_date) >= ENOUGH / 2 else None


def _duration(values: Written) -> Column | None:
    """Return the column if enough values are times of day or time spans."""
    if values.share(~np.isnan(read_times(values.texts))) < ENOUGH:
        return None
    return Column("duration")


GUESSES: dict[str, Callable[[Written], Column | None]] = {
    "boolean": _boolean,
    "number": _number,
    "date": _date,
    "duration": _duration,
}
"""Function that guesses how texts of a kind are written, by the kind; in the order of trial."""


def _are_codes(values: Written) -> bool:
    """Return True if values are codes of digits, such as postal codes."""
    zeros = values.share(_fulfil(values, LEADING_ZERO.fullmatch))
    are_digits = values.share(_fulfil(values, str.isdigit)) >= ENOUGH
    one_length = len({len(text) for text in values.texts}) == 1
    return are_digits and (zeros > 1 - ENOUGH or (zeros > 0 and one_length))


def _reason_for_identifier(name: str, known: Written) -> str:
    """Return the reason why values are those of an identifier; empty if they are not."""
    if len(known.texts) < LEAST_ROWS or (known.counts > 1).any():
        return ""
    if known.share(_fulfil(known, CODE.fullmatch)) < ENOUGH:
        return ""
    if _number(known.some()) is None and _date(known.some()) is None:
        return "codes, and all values differ"
    if NAME_OF_IDENTIFIER.fullmatch(name):
        return "the name of an identifier, and all values differ"
    return "codes, and all values differ" if _are_codes(known) else ""


def are_texts(known: Written, alone: bool) -> bool:
    """Return True if most values differ and they are long."""
    n_known = int(known.counts.sum())
    if n_known < LEAST_ROWS or len(known.texts) <= n_known / 2:
        return False
    some = known.some().texts
    return alone or sum(map(len, some)) >= TEXT_LENGTH * len(some)


def _fulfil(values: Written, condition: Callable[[str], object]) -> np.ndarray:
    """Return the condition of each value, as an array of bool."""
    return np.array([bool(condition(text)) for text in values.texts], bool)
