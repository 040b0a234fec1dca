"""Tables in files: separator, encoding and compression of a CSV file are found in its content.

The source of this module is copied into exported files. It needs nothing but numpy and pandas, and
its docstrings stay short.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd

OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
"""Functions that open a compressed file, by the bytes with which it begins."""

ZIP = b"PK"
"""Bytes with which a .zip file begins."""

PARQUET = b"PAR1"
"""Bytes with which a Parquet file begins."""

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encodings by the byte order mark with which a file begins; UTF-32 before UTF-16."""

SAMPLE = 200_000
"""Number of bytes by which a file is judged."""

SEPARATORS = (",", ";", "\t", "|")
"""Separators of columns that are tried."""


def read_table(path, columns=None):
    """Return a CSV or Parquet file, compressed or not, as a DataFrame.

    Parameters
    ----------
    path : str or Path
    columns : dict of str to Column, default=None
        Columns that hold anything but plain numbers: these are read as texts.

    Raises
    ------
    ValueError
        If the content is no table.
    """
    if first_bytes(path).startswith(PARQUET):
        return pd.read_parquet(path)
    return read_csv(path, columns or ())


def read_csv(path, texts=(), **options):
    """Return a CSV file as a DataFrame; the named columns are read as texts."""
    dialect = dialect_of(path)
    names, ends = dialect.pop("names"), dialect.pop("ends")
    dtype = {name: object for name in names if name in texts}
    for encoding in dict.fromkeys([dialect.pop("encoding"), "cp1252", "latin-1"]):
        try:
            # A path is read much faster than an open file.
            with opened(path) if is_compressed(path) else nullcontext(path) as source:
                table = pd.read_csv(
                    source,
                    names=[*names, "\0"] if ends else names,
                    header=0,
                    encoding=encoding,
                    dtype=dtype,
                    compression=None,
                    low_memory=False,  # in several chunks, a column could hold several types
                    **dialect,
                    **options,
                )
        except UnicodeDecodeError:
            continue
        return table.drop(columns="\0", errors="ignore") if ends else table
    raise ValueError(f"A table must be text in one encoding, got {str(path)!r}.")


def opened(path):
    """Return a file opened for reading bytes, decompressed by its content."""
    start = first_bytes(path)
    if start.startswith(ZIP):
        archive = zipfile.ZipFile(path)
        names = archive.namelist()
        if len(names) != 1:
            raise ValueError(f"A .zip file must hold one table, got {names[:5]} in {str(path)!r}.")
        return archive.open(names[0])
    openers = [opener for mark, opener in OPENERS.items() if start.startswith(mark)]
    return openers[0](path) if openers else open(path, "rb")


def is_compressed(path):
    """Return True if a file begins as compressed files do."""
    return first_bytes(path).startswith((ZIP, *OPENERS))


def first_bytes(path):
    """Return the first five bytes of a file."""
    with open(path, "rb") as file:
        return file.read(5)


def dialect_of(path):
    """Return the encoding, separator and column names of a CSV file, and how its rows begin or end.

    Raises
    ------
    ValueError
        If the file is no text, has no rows, or has two columns of one name.
    """
    with opened(path) as file:
        start = file.read(SAMPLE)
    encoding = encoding_of(start, path)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    first, _, rest = text.partition("\n")
    has_separator = first.lower().startswith("sep=") and len(first.strip()) == 5
    lines = io.StringIO(rest if has_separator else text, newline="")
    separators = first[4] if has_separator else SEPARATORS
    rows = {sep: rows_of(lines, sep, len(start) == SAMPLE) for sep in separators}
    separator = max(rows, key=lambda sep: agreement(rows[sep]))
    if not rows[separator]:
        raise ValueError(f"A table must have a row of column names, got {str(path)!r}.")
    names = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(rows[separator][0])]
    body = rows[separator][1:]
    longer = bool(body) and np.mean([len(row) == len(names) + 1 for row in body]) > 0.5
    ends = longer and all(row[-1] == "" for row in body)
    if longer and not ends:  # as R writes row names
        names = ["Unnamed: 0", *names]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"A table must have a name for each column, got {twice[0]!r} {names.count(twice[0])}"
            f" times in {str(path)!r}."
        )
    return {
        "encoding": encoding,
        "sep": separator,
        "names": names,
        "ends": ends,
        "skiprows": 1 if has_separator else 0,
        "skipinitialspace": f'{separator} "' in text,  # it takes long
    }


def encoding_of(start, path):
    """Return the encoding of a text by its first bytes."""
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if 0 in start:
        raise ValueError(f"A table must be a CSV or Parquet file, got {str(path)!r}.")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def rows_of(lines, separator, is_cut):
    """Return the first rows of a text; the last row may be cut off."""
    lines.seek(0)
    try:
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error:
        return []
    rows = [row for row in rows if row]
    return rows[:-1] if is_cut and len(rows) > 1 else rows


def agreement(rows):
    """Return the share of the rows that have as many values as names, and the number of names."""
    if not rows or len(rows[0]) == 1:
        return 0.0, 1 if rows else 0
    fit = [len(row) - len(rows[0]) in (0, 1) for row in rows]
    return float(np.mean(fit)), len(rows[0])


def write_table(table, path):
    """Write a DataFrame as Parquet or TSV if the name ends so, else as CSV."""
    ending = "".join(Path(path).suffixes).lower()
    if ending.endswith((".parquet", ".parq", ".pq")):
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, sep="\t" if ".tsv" in ending else ",", index=False)
