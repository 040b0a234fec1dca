"""Formats of values that are written as text: missing marks, numbers, dates, times and booleans.

Each function reads an array of distinct texts without white space around them. A text that has
another form becomes NaN or NaT. Exported files contain copies of this source, so it depends only on
numpy and pandas, and has no annotations.
"""

from __future__ import annotations

import calendar
import re

import numpy as np
import pandas as pd

MISSING_MARKS = frozenset(
    {"", "?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "none", "nil"}
)
"""Texts in small letters that stand for a missing value in every column."""

MARKS_AMONG_VALUES = MISSING_MARKS | {
    *("-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", ".", "..", "...", "*", "x"),
    *("unknown", "unk", "missing", "n.a.", "n.k.", "not available", "not known", "tbd", "tba"),
    *("0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000"),
    *("#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!"),
}
"""Texts in small letters that stand for a missing value among numbers, dates or booleans."""

BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "t", "on", "1"), 1.0),
    **dict.fromkeys(("false", "no", "n", "f", "off", "0"), 0.0),
}
"""Numbers that stand for words in small letters."""

PLAIN = ".,"
"""Decimal mark and thousands separator of plain numbers."""

CONVENTIONS = (PLAIN, ",.", ". ", ", ", ".'", ",'")
"""Decimal mark and thousands separator, in the order in which they are preferred."""

TYPOGRAPHY = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2212": "-", "\u2019": "'"})
"""Characters of typesetters and the plain ones that they stand for."""

DAYS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y"),
    *("%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%d. %B %Y", "%a, %d %b %Y", "%b %Y", "%B %Y", "%Y%m%d"),
)
"""Formats of a day, in the order in which they are preferred; ISO 8601 comes before them."""

TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %z")
"""Formats of a time after a day."""

LETTERS = ("ISO", "%b", "%B", "%p", "%z")
"""Parts of the formats in which letters may stand."""

SOME = 100
"""Number of texts that decide which format of a date is tried on all."""

TIME = re.compile(r"(?:(\d+) days? )?(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")
"""Pattern of a time of day or a time span."""


def number_pattern(convention):
    """Return the pattern of a number with a sign, a bound, a currency and a unit, all optional."""
    point, comma = map(re.escape, convention)
    digits = rf"(?:\d{{1,3}}(?:{comma}\d{{3}})+|\d+)(?:{point}\d*)?|{point}\d+"
    word = r"[^\W\d_]"
    unit = rf"{word}{{1,12}}(?: {word}{{1,8}}|/{word}{{1,8}})?[²³]?|[%°'\"$€£¥₹]|°[CF]"
    return re.compile(
        rf"(?P<bracket>\()?[<>≤≥~≈]?=? ?(?P<sign>[-+]?) ?(?P<currency>[$€£¥₹]|[A-Z]{{3}} )? ?"
        rf"(?P<minus>-?)(?P<digits>{digits})(?P<power>[eE][-+]?\d+)? ?(?P<unit>{unit})?"
        r"(?(bracket)\))"
    )


def numbers_and_units(texts, convention):
    """Return the numbers that texts stand for, and their units, as two arrays.

    A bound such as ``<5`` is its number, and a number in brackets is negative.
    """
    numbers, units = np.full(len(texts), np.nan), np.full(len(texts), "", dtype=object)
    if convention[0] == ".":
        # Most are plain numbers, which pandas reads much faster.
        numbers = np.array(pd.to_numeric(np.asarray(texts, object), errors="coerce"), np.float64)
    pattern, (point, comma) = number_pattern(convention), convention
    for place in np.flatnonzero(np.isnan(numbers)):
        match = pattern.fullmatch(texts[place].translate(TYPOGRAPHY))
        if match is None:
            continue
        digits = match["digits"].replace(comma, "").replace(point, ".") + (match["power"] or "")
        negative = match["bracket"] or "-" in match["sign"] + match["minus"]
        numbers[place] = -float(digits) if negative else float(digits)
        units[place] = ((match["currency"] or "").strip() + (match["unit"] or "")).casefold()
    return numbers, units


def read_numbers(texts, convention, unit, are_shares):
    """Return the numbers that texts stand for.

    Parameters
    ----------
    texts : array of str
    convention : str
        Decimal mark and thousands separator of the column.
    unit : str
        Unit in which the column is written, in small letters; a text without a unit has it too.
    are_shares : bool
        True if the numbers of the column are shares of one, so that ``50%`` is 0.5.
    """
    numbers, units = numbers_and_units(texts, convention)
    for other in CONVENTIONS:
        rest = np.isnan(numbers)
        # A text that breaks the convention of its column may still have a single meaning.
        if rest.any() and other != convention:
            numbers[rest], units[rest] = numbers_and_units(texts[rest], other)
    if unit != "%":
        percents = units == "%"
        numbers[percents] /= 100.0 if are_shares else 1.0
        units[percents] = unit
    if unit:
        numbers[(units != "") & (units != unit)] = np.nan
    words = [BOOLEANS.get(text.casefold(), np.nan) for text in texts]
    return np.where(np.isnan(numbers), words, numbers)


def read_booleans(texts):
    """Return 1.0 for words such as ``yes`` and 0.0 for words such as ``no``."""
    return np.array([BOOLEANS.get(text.casefold(), np.nan) for text in texts], np.float64)


def read_times(texts):
    """Return the seconds of times of day, or of time spans such as ``2 days 03:00:00``."""
    seconds = np.full(len(texts), np.nan)
    for place, text in enumerate(texts):
        match = TIME.fullmatch(text)
        if match is not None:
            days, hours, minutes, rest = (float(part or 0) for part in match.groups())
            seconds[place] = 86_400 * days + 3_600 * hours + 60 * minutes + rest
    return seconds


def read_dates(texts, form):
    """Return dates in UTC without a time zone.

    Texts of another format than `form` are read by the format that reads most of them.

    Parameters
    ----------
    texts : array of str
    form : str
        Format of the column in the directives of `strptime`, or ``"ISO8601"``.
    """
    dates = dates_of_format(texts, form)
    while (rest := np.isnat(dates)).any():
        found = date_format(texts[rest], month_first="%m/%d" in form or "%m-%d" in form)
        if found is None:
            break
        dates[rest] = dates_of_format(texts[rest], found)
    return dates


def dates_of_format(texts, form):
    """Return dates in UTC without a time zone; a text of another format becomes NaT."""
    dates = pd.to_datetime(pd.Series(texts, dtype=object), errors="coerce", format=form, utc=True)
    return dates.dt.tz_localize(None).to_numpy("datetime64[us]", copy=True)


def date_format(texts, month_first=True):
    """Return the format that reads most of a hundred texts; None if none reads any.

    Parameters
    ----------
    texts : array of str
    month_first : bool, default=True
        True if the first number of ``03/04/2021`` is the month.
    """
    some = texts[:: max(1, len(texts) // SOME)]
    best, most = None, 0
    for form in date_formats_like(some, month_first):
        n_read = int((~np.isnat(dates_of_format(some, form))).sum())
        if n_read > most:
            best, most = form, n_read
        if most == len(some):
            break
    return best


def date_formats_like(texts, month_first):
    """Return the formats of dates that may read some of the texts: trying them all takes long."""
    names = {name.casefold() for name in (*calendar.month_abbr, *calendar.month_name) if name}
    has_month = any(name in text.casefold() for text in texts for name in names)
    has_digits = any(not any(map(str.isalpha, text)) for text in texts)
    has_time = any(":" in text for text in texts)
    return [
        form
        for form in date_formats(month_first)
        if (has_time or ":" not in form)
        and (has_month or "%b" not in form.casefold())
        and (has_digits or any(part in form for part in LETTERS))
    ]


def date_formats(month_first):
    """Return all formats of dates in the order in which they are preferred."""
    swapped = {"%m/%d/%Y": "%d/%m/%Y", "%m/%d/%y": "%d/%m/%y", "%d-%m-%Y": "%m-%d-%Y"}
    other = {**swapped, **{day: month for month, day in swapped.items()}}
    days = DAYS if month_first else [other.get(day, day) for day in DAYS]
    return ["ISO8601", *(day + time for time in TIMES for day in days)]
