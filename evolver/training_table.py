"""Reading of a training table from a file, with nothing lost that decides what a column is.

A parser that guesses types reads ``00501`` as 501, a target of ``TRUE`` as booleans, and ``1.234``
as a fraction in a file with decimal commas. Columns with such values are read as texts here.
Reading all columns as texts would be right too, but takes several times as long.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evolver.export.table_files import (
    PARQUET,
    dialect_of,
    first_bytes,
    opened,
    read_csv,
    read_table,
)
from evolver.schema import learn

CODE = r"\s*0\d"
"""Pattern of a number with a zero in front, which may be a code of digits."""

THOUSANDS = r"\s*[-+]?\d{1,3}(?:\.\d{3})+\s*$"
"""Pattern of a number with points between thousands, where others have decimal commas."""

SAMPLE_ROWS = 1_000
"""Number of rows by which decimal commas are recognised."""

BLOCK = 2**18
"""Number of bytes that are searched at a time: few enough for the cache of a processor."""

HEAD = 12
"""Number of bytes of a value by which it may be a number."""


def csv_options(path: str | Path) -> str | None:
    """Return the arguments by which `pandas.read_csv` reads a file, as source.

    It is empty for a plain CSV file and for Parquet, and None if pandas alone cannot read the file
    as this package does.
    """
    if first_bytes(path).startswith(PARQUET):
        return ""
    dialect = dialect_of(path)
    options = {"sep": dialect["sep"], "encoding": dialect["encoding"]}
    usual = {"sep": [","], "encoding": ["utf-8", "utf-8-sig"]}
    given = {name: value for name, value in options.items() if value not in usual[name]}
    try:
        names = list(pd.read_csv(path, nrows=HEAD, **given).columns)
    except (ValueError, OSError):
        return None
    is_alike = not (dialect["ends"] or dialect["skiprows"] or dialect["skipinitialspace"])
    if names != dialect["names"] or not is_alike:
        return None
    return ", ".join(f'{name}="{value}"' for name, value in given.items())


def read_training_table(
    path: str | Path, *targets: str, as_texts: Collection[str] = ()
) -> pd.DataFrame:
    """Return the table in a CSV or Parquet file; columns that a parser misreads are texts.

    Parameters
    ----------
    path : str or Path
    *targets : str
        Names of the targets; their labels are kept as they are written.
    as_texts : collection of str, default=()
        Names of further columns whose values are kept as they are written, such as categories.

    Raises
    ------
    ValueError
        If the content is no table.
    """
    table: pd.DataFrame = read_table(path)
    if first_bytes(path).startswith(PARQUET):
        return table
    names: list[str] = list(table.columns)
    texts = {name: "" for name in as_texts if name in names}
    # Of several targets, booleans are labels that are true or false.
    labels = targets if len(targets) == 1 else ()
    doubts = {name: "" for name in names if name in labels and table[name].dtype.kind == "b"}
    if _may_have_codes(path):
        doubts |= {name: CODE for name in names if _is_whole(table[name])}
    has_commas = _has_decimal_commas(table)
    doubts |= {name: THOUSANDS for name in names if _may_be_thousands(table[name], has_commas)}
    doubts |= texts
    if not doubts:
        return table
    again = read_csv(path, doubts, usecols=list(doubts))
    lost = {
        name: again[name]
        for name, pattern in doubts.items()
        if bool(again[name].str.match(pattern).any())
    }
    return table.assign(**lost) if lost else table


def _has_decimal_commas(table: pd.DataFrame) -> bool:
    """Return True if some column is written with decimal commas, by its first rows."""
    columns = learn(table.iloc[:SAMPLE_ROWS]).columns.values() if len(table) else ()
    return any(column.kind == "number" and column.form.startswith(",") for column in columns)


def _may_be_thousands(values: pd.Series[Any], has_commas: bool) -> bool:
    """Return True if the points of fractions may stand between thousands.

    That is so in a file with decimal commas, and where no fraction has more than three digits, and
    some numbers have none.
    """
    if values.dtype.kind != "f" or has_commas:
        return values.dtype.kind == "f"
    known = values[values.notna()].to_numpy()
    thousands = np.abs(known) * 1_000
    is_whole = known == np.floor(known)
    return (
        bool((thousands < 1e6).all() and (np.abs(thousands - np.round(thousands)) < 1e-6).all())
        and bool(is_whole.any())
        and not bool(is_whole.all())
    )


def _is_whole(values: pd.Series[Any]) -> bool:
    """Return True if a column may have been codes of digits before it was read as numbers."""
    if values.dtype.kind in "iu":
        return True
    if values.dtype.kind != "f":
        return False
    known = values[values.notna()].to_numpy()
    return bool((known == np.floor(known)).all())


def _may_have_codes(path: str | Path) -> bool:
    """Return True if some value of a file is a number with a zero before another digit."""
    separator = dialect_of(path)["sep"]
    ends = re.escape(f'{separator}\n\r"').encode()
    number = re.compile(rb"\d+(?:[.,]\d*)?(?:[eE][-+]?\d*)?\s*(?:[" + ends + rb"]|$)")
    begins = np.zeros(256, bool)
    begins[list(f'{separator}\n\r" '.encode())] = True
    with opened(path) as file:
        while block := file.read(BLOCK):
            if 0 in block[:100]:  # UTF-16 has a zero byte between the characters
                return True
            # Blocks begin and end with a line, so that no value is cut.
            block = b"".join((b"\n", block, file.readline()))
            found = np.frombuffer(block, np.uint8)
            is_digit = found - np.uint8(ord("0")) < 10  # smaller bytes are large after a wrap
            may_begin = is_digit[2:] > is_digit[:-2]
            may_begin &= found[1:-1] == ord("0")
            places = np.flatnonzero(may_begin)
            places = places[begins[found[places]]] + 1
            # Dates and times begin with a zero, too, but are no numbers.
            heads = {block[place : place + HEAD] for place in places.tolist()}
            if any(map(number.match, heads)):
                return True
    return False
