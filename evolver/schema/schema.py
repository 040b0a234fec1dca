"""Schema of a table, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from primitives.reading import LEFT_OUT, NUMBER, Column, read_columns

FEW_COLUMNS = 50
"""Number of columns of a table up to which they are replaced one at a time."""

KINDS = ("number", "boolean", "duration", "date", "category", "text", "ignore")
"""Kinds that a caller may name; a list of values in their order makes an ordered column."""


@dataclass(frozen=True)
class Profile:
    """A column of the training table as it was read.

    Parameters
    ----------
    column : Column
        The way in which its values are read.
    missing : int
        Number of rows without a value, marks of missing values included.
    example : str
        A value, as it was written.
    distinct : int, optional
        Number of distinct values, if they are written as text.
    unread : int, default=0
        Number of values that have no reading by the kind of the column, and became missing.
    unread_example : str, default=""
        One of them.
    low, high : float, optional
        Least and greatest value of a column of numbers.
    note : str, default=""
        The reason for the kind, where it needs one.
    other_forms : tuple of str, default=()
        Forms by which the values could be read as well, as other numbers or dates.
    categories : frozenset of str, default=()
        Categories, unless most of them have a single row.
    """

    column: Column
    missing: int
    example: str
    distinct: int | None = None
    unread: int = 0
    unread_example: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""
    other_forms: tuple[str, ...] = ()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Schema:
    """The way in which each column of a table is read.

    Parameters
    ----------
    profiles : mapping of str to Profile
        Columns of the training table by name, in its order.
    """

    profiles: Mapping[str, Profile]

    @property
    def columns(self) -> dict[str, Column]:
        """The way in which each column is read, by name."""
        return {name: profile.column for name, profile in self.profiles.items()}

    @property
    def not_plain(self) -> dict[str, Column]:
        """Columns that hold anything but plain numbers, by name, as a `TableCleaner` takes them."""
        return {name: column for name, column in self.columns.items() if column != NUMBER}

    @property
    def is_sparse(self) -> bool:
        """True if the table is a sparse matrix."""
        return any(column.kind == "sparse" for column in self.columns.values())

    @property
    def learned(self) -> list[str]:
        """Names of the columns that pipelines learn from."""
        return [name for name, one in self.columns.items() if one.kind not in LEFT_OUT]

    def read(self, X: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[int, Any]]]:
        """Return the columns that pipelines learn from, in the types of their kinds.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_features)
            Table with the columns of the schema, those that are left out excepted.

        Returns
        -------
        table : DataFrame of shape (n_samples, n_learned)
        unread : dict of str to tuple of int and object
            Number and first of the values that have no reading, by the names of columns.
        """
        table = X if list(X.columns) == self.learned else X[self.learned]
        columns = {
            name: self.profiles[name].column
            for name, dtype in zip(self.learned, table.dtypes, strict=True)
            if not is_read(dtype, self.profiles[name].column)
        }
        shares = {name for name in columns if (self.profiles[name].high or 2.0) <= 1.0}
        found = read_columns(table, columns, shares)
        changed = {name: _without_unused(read) for name, (read, _) in found.items()}
        unread = {name: lost for name, (_, lost) in found.items() if lost is not None}
        return _with_columns(table, changed), unread

    def table(self) -> pd.DataFrame:
        """Return the columns as a table to look at, one in each row."""
        rows = [
            {
                "column": name,
                "kind": one.column.kind,
                "format": " ".join(part for part in (one.column.form, one.column.unit) if part),
                "missing": one.missing,
                "unread": one.unread,
                "distinct": one.distinct,
                "example": one.example,
                "note": one.note,
            }
            for name, one in self.profiles.items()
        ]
        return pd.DataFrame(rows).astype({"distinct": "Int64"})


def _without_unused(read: Any) -> Any:
    """Return a column without categories that do not occur: a file holds only those that do."""
    if not isinstance(read, pd.Categorical) or read.ordered:
        return read
    counts = np.bincount(read.codes + 1, minlength=len(read.categories) + 1)
    return read if counts[1:].all() else read.remove_unused_categories()


def _with_columns(table: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table with some of its columns replaced."""
    if len(columns) <= FEW_COLUMNS:
        return table.assign(**columns) if columns else table
    # Replacing one column after the other is much slower, but does not copy the others.
    new = pd.DataFrame(columns, table.index)
    rest = [name for name in table if name not in columns]
    return pd.concat([table[rest], new], axis=1)[list(table)] if rest else new


def is_read(dtype: Any, column: Column) -> bool:
    """Return True if values of a type need no reading."""
    if column.kind == "sparse":
        return True
    is_plain = getattr(dtype, "kind", "") in "fiub" and not pd.api.types.is_extension_array_dtype(
        dtype
    )
    return column.kind in ("number", "boolean", "duration") and is_plain
