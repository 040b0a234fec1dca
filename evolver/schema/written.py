"""Kinds of columns whose values are texts, objects, or of a type of pandas."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from evolver.errors import InputTypeError
from evolver.schema.guesses import ENOUGH, Written, are_texts, candidates
from evolver.schema.numbers import LEAST_ROWS
from evolver.schema.schema import Profile
from primitives.formats import (
    CONVENTIONS,
    MISSING_MARKS,
    PLAIN,
    dates_of_format,
    numbers_and_units,
)
from primitives.reading import (
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

FEW_TRIED = 20
"""Number of distinct values by which most other formats are refused."""

SINGLE = 0.5
"""Share of categories with a single row above which others are expected in later tables."""

NESTED = (list, dict, tuple, set, np.ndarray)
"""Types of values that no column may hold."""


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
            key = places[start:end].tobytes(), are_texts(known, alone=False)
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
    for column, note in candidates(raw.name, raw.dtype, known, kind, alone):
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
