"""Findings in the columns of a table: when a schema is learned, and when a new table is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evolver.errors import InputError
from evolver.schema import Profile, Schema
from evolver.warned import Finding
from primitives.formats import PLAIN
from primitives.reading import FLOATS

FEW = 0.02
"""Share of known values below which a column is almost empty."""

MOST = 0.5
"""Share of the rows from which "most" is said of them."""

LEAST_ROWS = 10
"""Number of values from which something can be said of most of them."""

LEFT_OUT_BECAUSE = {
    "identifier": "looks like an identifier",
    "row number": "looks like the number of the row",
}
"""Reason for which a column is left out although it has different values, by its kind."""


def findings_of_columns(schema: Schema, rows: int) -> list[Finding]:
    """Return what the caller should know of the columns of a training table.

    Parameters
    ----------
    schema : Schema
    rows : int
        Number of rows of the training table.
    """
    return [
        finding
        for name, profile in schema.profiles.items()
        for finding in _of_column(name, profile, rows)
    ]


def _of_column(name: str, profile: Profile, rows: int) -> list[Finding]:
    """Return what the caller should know of one column of a training table."""
    kind, found = profile.column.kind, []
    if kind in LEFT_OUT_BECAUSE and profile.note != "given":
        found.append(
            Finding(
                kind.replace(" ", "-"),
                f"Column {name!r} {LEFT_OUT_BECAUSE[kind]} ({profile.note}), so no pipeline learns"
                f" from it; columns={{{name!r}: 'category'}} or 'number' uses it.",
                name,
            )
        )
    if profile.unread:
        found.append(_unread(name, profile, profile.unread, profile.unread_example))
    if profile.other_forms:
        other = profile.other_forms[0]
        found.append(
            Finding(
                "ambiguous-format",
                f"Column {name!r} is read in the format {profile.column.form or PLAIN!r}, and could"
                f" as well be read in {other!r}, such as {profile.example!r}.",
                name,
            )
        )
    if kind != "constant" and rows - profile.missing < FEW * rows:
        found.append(
            Finding(
                "almost-empty",
                f"Column {name!r} has values in {rows - profile.missing} of {rows} rows.",
                name,
            )
        )
    return found


def _unread(name: str, profile: Profile, count: int, first: Any) -> Finding:
    """Return the finding that values of a column have no reading."""
    message = (
        f"Column {name!r} is read as {_with_article(profile)}, and {count} of its values are none,"
        f" such as {first!r}: they count as missing."
    )
    return Finding("unread-values", message, name)


def _with_article(profile: Profile) -> str:
    """Return the kind of a column in words, with its format."""
    column = profile.column
    form = f" of the format {column.form!r}" if column.kind == "date" and column.form else ""
    return f"a {column.kind}{form}"


def columns_of_fit(schema: Schema, X: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Return the columns of a table that the training table had, and a finding if there are more.

    Parameters
    ----------
    schema : Schema
        Schema of the training table.
    X : DataFrame of shape (n_samples, n_columns)
        Table with at least the columns that pipelines learn from.
    """
    extra = [str(name) for name in X if name not in schema.profiles]
    if not extra:
        return X, []
    message = f"`X` has columns that the training table had not, which are ignored: {extra[:5]}."
    known = [name for name in X if name in schema.profiles]
    return X[known], [Finding("extra-columns", message)]


def read_to_predict(schema: Schema, X: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Return a new table as its columns were read in the training table, and what was found.

    Parameters
    ----------
    schema : Schema
        Schema of the training table.
    X : DataFrame of shape (n_samples, n_features)
        Table with the columns of the schema, those that are left out excepted.

    Raises
    ------
    InputError
        If no value of a column has a reading.
    """
    table, unread = schema.read(X)
    found = []
    for name, (count, first) in unread.items():
        profile = schema.profiles[name]
        if count >= LEAST_ROWS and bool(table[name].isna().all()):
            raise InputError(
                f"`X` must have values in column {name!r} that can be read as"
                f" {_with_article(profile)}, got {count} values such as {first!r}."
            )
        found.append(_unread(name, profile, count, first))
    for name in schema.learned:
        found += _unusual(name, table[name], schema.profiles[name])
    return table, found


def _unusual(name: str, values: pd.Series[Any], profile: Profile) -> list[Finding]:
    """Return a finding if most values of a column are unlike those of the training table."""
    if profile.column.kind in FLOATS and profile.low is not None and profile.high is not None:
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        known = numbers[np.isfinite(numbers)]
        is_odd = (known < profile.low) | (known > profile.high)
        first = known[is_odd][0] if is_odd.any() else ""
        words, code = f"outside {profile.low:g} to {profile.high:g}", "out-of-range"
    elif profile.categories:
        texts = values.dropna().astype(object)
        is_odd = ~texts.isin(profile.categories).to_numpy()
        first = texts[is_odd].iloc[0] if is_odd.any() else ""
        words, code = "not among the categories of the training table", "unseen-categories"
    else:
        return []
    if len(is_odd) < LEAST_ROWS or is_odd.mean() <= MOST:
        return []
    return [
        Finding(
            code,
            f"Column {name!r} has {int(is_odd.sum())} of {len(is_odd)} values {words}, such as"
            f" {first!r}.",
            name,
        )
    ]
