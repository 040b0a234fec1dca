"""Dialects: ways to write a typed table as a text file, and the writing."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1")
CONVENTIONS = ((".", ""), (".", ","), (",", ""), (",", "."), (".", "'"), (",", " "))
"""Decimal marks and thousands separators; an empty one stands for none."""

DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y")
WORDS = (("False", "True"), ("FALSE", "TRUE"), ("no", "yes"), ("N", "Y"))
"""Words for false and true."""

MARKS = ("", "?", "NA", "null", "N/A", "NaN")
UNITS = ("", " km", "%", " kg")
ENDINGS = (".csv", ".txt", ".data", ".CSV", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip")


@dataclass(frozen=True)
class Dialect:
    """A way to write a table as text.

    Parameters
    ----------
    separator, encoding : str
    decimal, thousands : str
        Decimal mark and thousands separator of numbers.
    day : str
        Format of dates.
    words : tuple of str
        Words for false and true.
    mark : str
        Mark of a missing value.
    unit, currency : str
        Unit after and currency before the numbers of about every third column.
    quotes_all : bool
        True if every value is in quotes.
    trails : bool
        True if a separator ends each row, but not the header.
    ending : str
        End of the file's name; it says how the file is compressed.
    """

    separator: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    day: str = "%Y-%m-%d"
    words: tuple[str, str] = ("False", "True")
    mark: str = ""
    unit: str = ""
    currency: str = ""
    quotes_all: bool = False
    trails: bool = False
    ending: str = ".csv"

    @classmethod
    def random(cls, rng: np.random.Generator) -> Dialect:
        """Return a dialect drawn at random."""

        def one(choices: Any) -> Any:
            return choices[int(rng.integers(len(choices)))]

        decimal, thousands = one(CONVENTIONS)
        return cls(
            one(SEPARATORS),
            one(ENCODINGS),
            decimal,
            thousands,
            one(DAYS),
            one(WORDS),
            one(MARKS),
            one(UNITS),
            one(("", "", "$", "€")),
            bool(rng.integers(2)),
            bool(rng.integers(4) == 0),
            one(ENDINGS),
        )


def written(table: pd.DataFrame, dialect: Dialect) -> pd.DataFrame:
    """Return a typed table as texts."""
    columns = {}
    for name in table:
        values = table[name]
        is_known = values.notna().to_numpy()
        texts = np.full(len(values), dialect.mark, dtype=object)
        texts[is_known] = [
            _text(value, dialect, has_unit=_has_unit(name)) for value in values[is_known]
        ]
        columns[name] = texts
    return pd.DataFrame(columns, dtype=object)


def _has_unit(name: str) -> bool:
    """Return True for about a third of names: a column has its unit in every file."""
    return zlib.crc32(str(name).encode()) % 3 == 2


def _text(value: Any, dialect: Dialect, *, has_unit: bool) -> str:
    """Return one value as text."""
    if isinstance(value, bool | np.bool_):
        return dialect.words[int(value)]
    if isinstance(value, pd.Timestamp):
        midnight = value == value.normalize()
        return value.strftime(dialect.day if midnight else f"{dialect.day} %H:%M:%S")
    if isinstance(value, int | float | np.integer | np.floating):
        number = _number(value, dialect)
        euro = dialect.encoding == "latin-1" and dialect.currency == "€"
        currency = "$" if euro else dialect.currency
        return f"{currency}{number}{dialect.unit if not currency else ''}" if has_unit else number
    return str(value)


def _number(value: Any, dialect: Dialect) -> str:
    """Return a number as text, every digit of it."""
    plain = repr(value.item() if isinstance(value, np.generic) else value)
    if "e" in plain or "n" in plain:  # an exponent, or infinity
        return plain.replace(".", dialect.decimal)
    whole, _, fraction = plain.removeprefix("-").partition(".")
    groups = f"{int(whole):,}".replace(",", dialect.thousands)
    text = groups + (dialect.decimal + fraction if fraction else "")
    return f"-{text}" if plain.startswith("-") else text


def write(table: pd.DataFrame, folder: Path, dialect: Dialect, name: str = "table") -> Path:
    """Write a typed table to a file in a folder, and return the file."""
    path = folder / f"{name}{dialect.ending}"
    texts = written(table, dialect)
    if dialect.trails:
        texts = texts.assign(**{"\0": ""})
    text: str = texts.to_csv(
        index=False,
        sep=dialect.separator,
        quoting=csv.QUOTE_ALL if dialect.quotes_all else csv.QUOTE_MINIMAL,
    )
    if dialect.trails:
        end = f'{dialect.separator}"\0"' if dialect.quotes_all else f"{dialect.separator}\0"
        text = text.replace(end, "", 1)
    content = text.encode(dialect.encoding, "replace")
    _COMPRESSED.get(Path(dialect.ending).suffix, Path.write_bytes)(path, content)
    return path


def _zip(path: Path, content: bytes) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", content)


def _gzip(path: Path, content: bytes) -> None:
    import gzip

    path.write_bytes(gzip.compress(content))


def _bz2(path: Path, content: bytes) -> None:
    import bz2

    path.write_bytes(bz2.compress(content))


def _xz(path: Path, content: bytes) -> None:
    import lzma

    path.write_bytes(lzma.compress(content))


_COMPRESSED: Mapping[str, Any] = {".gz": _gzip, ".bz2": _bz2, ".xz": _xz, ".zip": _zip}
"""Functions that write a compressed file, by the end of its name."""
