"""Kinds of columns whose values are texts, objects, or of a type of pandas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from evolver.errors import InputTypeError
from evolver.schema.numbers import LEAST_ROWS, NAME_OF_IDENTIFIER
from evolver.schema.schema import Profile
from primitives.cleaning import (
    FLOATS,
    Column,
    as_texts,
    factorized,
    factorized_blocks,
    is_written,
    marks_of,
    read_column,
    read_distinct,
)
from primitives.formats import (
    BOOLEANS,
    CONVENTIONS,
    MARKS_AMONG_VALUES,
    MISSING_MARKS,
    PLAIN,
    date_format,
    dates_of_format,
    numbers_and_units,
    read_times,
)

ENOUGH = 0.99
"""Share of the values that must be read for a column to be of a kind."""

MOST_TRIED = 1_000
"""Number of distinct values by which a format is guessed; all values are then read by it."""

FEW_TRIED = 20
"""Number of distinct values by which most other formats are refused."""

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

SINGLE = 0.5
"""Share of categories with a single row above which others are expected in later tables."""

NESTED = (list, dict, tuple, set, np.ndarray)
"""Types of values that no column may hold."""


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


def written_profile(
    name: str, values: pd.Series[Any], kind: str | Sequence[Any] | None, *, alone: bool
) -> Profile:
    """Return the profile of a column that holds no plain numbers, or whose kind is given.

    Parameters
    ----------
    name : str
    values : Series of shape (n_samples,)
    kind : str or sequence, optional
        Kind that a caller gives, or the values of an ordered column.
    alone : bool
        True if the table has no other column: texts are then texts at any length.

    Raises
    ------
    InputTypeError
        If values are lists or other collections.
    """
    if not is_written(values.dtype) and kind is None:
        return _profile_of_type(values)
    codes, distinct = _factorized(name, values)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    known = _written(distinct, counts).without(MISSING_MARKS)
    as_they_are = None if is_written(values.dtype) else values
    raw = Raw(name, values.dtype, len(values), distinct, counts, as_they_are)
    return _first_profile(raw, known, kind, alone)


@dataclass(frozen=True, eq=False)
class Raw:
    """Distinct values of a column, in the order in which they occur.

    Parameters
    ----------
    name : str
    dtype : dtype
    rows : int
    distinct : ndarray of object, shape (n_distinct,)
    counts : ndarray of int, shape (n_distinct,)
        Number of rows that hold each of them.
    values : Series of shape (n_rows,), optional
        All values, if they are of a type that is read as a whole.
    """

    name: str
    dtype: Any
    rows: int
    distinct: np.ndarray
    counts: np.ndarray
    values: pd.Series[Any] | None = None


def profiles_of_short(X: pd.DataFrame, names: Sequence[str]) -> dict[str, Profile]:
    """Return the profiles of columns of few texts, by name, as `written_profile` does.

    Many of these columns have the same texts, as have markers of genes and answers to questions.
    Texts are therefore judged once, if the judgement does not depend on the numbers of their rows.
    """
    found = {}
    for block, codes, distinct in factorized_blocks(X, names):
        texts, same = _sorted_texts(distinct)
        # Places of texts in ascending order, -1 for those that are missing, column after column.
        places = np.sort(np.append(same, -1)[codes], axis=1).ravel()
        is_first = np.append(True, places[1:] != places[:-1])
        is_first[:: len(X)] = True
        firsts = np.flatnonzero(is_first)
        counts = np.diff(np.append(firsts, len(places)))
        is_known = [text.casefold() not in MISSING_MARKS for text in texts]
        kept = np.append(is_known, False)[places[firsts]]
        ends = np.searchsorted(firsts[kept] // len(X), np.arange(len(block) + 1))
        places, counts = places[firsts][kept], counts[kept]
        judged: dict[Any, Profile] = {}
        for name, start, end in zip(block, ends, ends[1:], strict=False):
            known = Written(texts[places[start:end]], counts[start:end])
            key = places[start:end].tobytes(), _are_texts(known, alone=False)
            found[name] = (
                _like(judged[key], known, len(X))
                if key in judged and 1 < len(known.texts) < LEAST_ROWS
                else _judged(name, X, known, key, judged)
            )
    return found


def _judged(
    name: str, X: pd.DataFrame, known: Written, key: Any, judged: dict[Any, Profile]
) -> Profile:
    """Return the profile of a column of few texts, and keep it for others with the same texts."""
    values = X[name]
    raw = Raw(name, values.dtype, len(X), known.texts, known.counts)
    profile = _first_profile(raw, known, None, alone=False)
    if profile.unread or profile.column.kind == "date":
        # The order of the values decides the example, and in which formats other dates are read.
        return written_profile(name, values, None, alone=False)
    if not known.shares and profile.column.kind != "constant":
        judged[key] = profile
    return profile


def _like(profile: Profile, known: Written, rows: int) -> Profile:
    """Return the profile of a column with the same texts as another one, in other rows."""
    values = known.without(marks_of(profile.column))
    return replace(
        profile,
        missing=rows - int(values.counts.sum()),
        example=str(known.texts[known.counts.argmax()]),
        categories=_categories(values) if profile.column.kind == "category" else frozenset(),
    )


def _first_profile(
    raw: Raw, known: Written, kind: str | Sequence[Any] | None, alone: bool
) -> Profile:
    """Return the profile of the first way of reading a column that reads enough of its values."""
    if kind is None and len(known.texts) == 1 and known.counts[0] == raw.rows:
        return _profile(raw, Column("constant"), known, "one value")
    for column, note in _candidates(raw.name, raw.dtype, known, kind, alone):
        profile = _profile(raw, column, known, note)
        if kind is not None or profile.unread <= (1 - ENOUGH) * (raw.rows - profile.missing):
            return profile
        known.shares.append(profile.unread / raw.rows)
    raise AssertionError("the last candidate reads every value")


def _factorized(name: str, values: pd.Series[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each value among the distinct ones, -1 if missing, and these.

    Raises
    ------
    InputTypeError
        If values are lists or other collections.
    """
    codes, distinct = factorized(values)
    if isinstance(values.dtype, pd.StringDtype):
        return codes, distinct
    arrow = getattr(values.dtype, "pyarrow_dtype", "")
    nested = next((value for value in distinct if isinstance(value, NESTED)), None)
    first = values[values.notna()].iloc[0] if nested is None and values.notna().any() else nested
    if nested is not None or isinstance(first, NESTED) or re.match("list|struct|map", str(arrow)):
        raise InputTypeError(
            f"`X` must have one value in each cell, got a {type(first).__name__} in column"
            f" {name!r}: divide the column into several, or leave it out."
        )
    return codes, distinct


def _written(distinct: np.ndarray, counts: np.ndarray) -> Written:
    """Return distinct values as texts, with their counts."""
    texts, same = _sorted_texts(distinct)
    return Written(texts, np.bincount(same, weights=counts, minlength=len(texts)).astype(int))


def _sorted_texts(distinct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct values as sorted texts, and the place of each value among them."""
    texts = as_texts(distinct)
    ordered = sorted(set(texts))
    places = {text: place for place, text in enumerate(ordered)}
    return np.array(ordered, dtype=object), np.array([places[text] for text in texts], dtype=int)


Candidates = Iterator[tuple[Column, str]]


def _candidates(
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
    yield Column("text" if _are_texts(known, alone) else "category"), ""


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


def _are_texts(known: Written, alone: bool) -> bool:
    """Return True if most values differ and they are long."""
    n_known = int(known.counts.sum())
    if n_known < LEAST_ROWS or len(known.texts) <= n_known / 2:
        return False
    some = known.some().texts
    return alone or sum(map(len, some)) >= TEXT_LENGTH * len(some)


def _fulfil(values: Written, condition: Callable[[str], object]) -> np.ndarray:
    """Return the condition of each value, as an array of bool."""
    return np.array([bool(condition(text)) for text in values.texts], bool)


def _profile(raw: Raw, column: Column, known: Written, note: str) -> Profile:
    """Return the profile of a column that is read in a way."""
    common = str(known.texts[known.counts.argmax()]) if len(known.texts) else ""
    values_of_kind = known.without(marks_of(column))
    missing = raw.rows - int(values_of_kind.counts.sum())
    if column.kind not in READABLE:
        return Profile(column, missing, common, len(known.texts), note=note)
    read, count, first = _read(raw, column)
    finite = read[np.isfinite(read)] if column.kind in FLOATS else np.empty(0)
    return Profile(
        column,
        missing,
        common,
        len(known.texts),
        count,
        first,
        float(finite.min()) if len(finite) else None,
        float(finite.max()) if len(finite) else None,
        note,
        _other_forms(values_of_kind.some(), column),
        _categories(values_of_kind) if column.kind == "category" else frozenset(),
    )


def _read(raw: Raw, column: Column) -> tuple[Any, int, str]:
    """Return the readings of values, the number of those without, and the first of these."""
    if raw.values is not None:
        read, lost = read_column(raw.values, column)
        return read, *((lost[0], str(lost[1])) if lost else (0, ""))
    if column.kind in ("category", "text"):  # which read every value
        return None, 0, ""
    read, unread = read_distinct(raw.distinct, column)
    count = int(raw.counts[unread].sum())
    return read[raw.counts > 0], count, str(raw.distinct[unread][0]) if count else ""


def _categories(values: Written) -> frozenset[str]:
    """Return the categories of a column, none if most of them have a single row."""
    is_single = values.counts == 1
    return frozenset() if is_single.mean() > SINGLE else frozenset(values.texts)


def read_again(profile: Profile, values: pd.Series[Any], column: Column) -> Profile:
    """Return the profile of a column that is read in another form."""
    codes, distinct = _factorized("", values)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    raw = Raw("", values.dtype, len(values), distinct, counts)
    known = _written(distinct, counts).without(MISSING_MARKS)
    return replace(_profile(raw, column, known, profile.note), other_forms=())


def _other_forms(values: Written, column: Column) -> tuple[str, ...]:
    """Return the forms by which as many of the values are read, but as other numbers or dates."""
    if column.kind == "number":
        own = column.form or PLAIN
        forms = [form for form in CONVENTIONS if form[0] != own[0]]
        if not any("." in text or "," in text for text in values.texts):
            return ()  # the decimal mark changes nothing
    elif column.kind == "date":
        own, forms = column.form, swapped(column.form)
    else:
        return ()
    # Most forms are refused by the first values.
    few, read = values.texts[:FEW_TRIED], READ_IN[column.kind]
    is_read = ~pd.isna(read(few, own))
    forms = [form for form in forms if np.array_equal(~pd.isna(read(few, form)), is_read)]
    return tuple(
        form for form in forms if _differ(read(values.texts, form), read(values.texts, own))
    )


def _differ(other: np.ndarray, own: np.ndarray) -> bool:
    """Return True if two forms read the same texts, but as other values."""
    is_read = ~pd.isna(own)
    return np.array_equal(~pd.isna(other), is_read) and not np.array_equal(
        other[is_read], own[is_read]
    )


def _numbers_of(texts: np.ndarray, convention: str) -> np.ndarray:
    """Return the numbers that texts stand for, without their units."""
    numbers: np.ndarray = numbers_and_units(texts, convention)[0]
    return numbers


READ_IN: dict[str, Callable[[np.ndarray, str], np.ndarray]] = {
    "number": _numbers_of,
    "date": dates_of_format,
}
"""Function that reads texts in a form, by the kind of the column."""


def swapped(form: str) -> list[str]:
    """Return the format of dates with day and month in the other order, if they are numbers."""
    parts = re.match(r"%([md])([/.-])%([md])(.*)", form)
    return [f"%{parts[3]}{parts[2]}%{parts[1]}{parts[4]}"] if parts else []


READABLE = (*FLOATS, "date", "category", "ordered", "text")
"""Kinds of columns whose values are read."""


def _profile_of_type(values: pd.Series[Any]) -> Profile:
    """Return the profile of a column of numbers, booleans, dates or spans in a type of pandas."""
    is_date = pd.api.types.is_datetime64_any_dtype(values.dtype)
    kind = "duration" if values.dtype.kind == "m" else "boolean"
    if not is_date and kind == "boolean" and not pd.api.types.is_bool_dtype(values.dtype):
        kind = "number"
    column = Column("date", "ISO8601") if is_date else Column(kind)
    known = values.dropna()
    missing = len(values) - len(known)
    example = str(known.iloc[0]) if len(known) else ""
    if not len(known) or (missing == 0 and known.nunique() == 1):
        note = "one value" if len(known) else "no value"
        return Profile(Column("constant"), missing, example, note=note)
    if is_date:
        return Profile(column, missing, example)
    read, _ = read_column(values, column)
    return Profile(
        column, missing, example, low=float(np.nanmin(read)), high=float(np.nanmax(read))
    )
