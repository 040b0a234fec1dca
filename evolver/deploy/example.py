"""Example rows of a deployment folder, none of which is a row of the table of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from evolver.schema import Schema

UNSEEN = "an unseen value"
"""Category that no table is expected to have."""

GAP_EVERY = 3
"""Number of rows of which one has a gap."""


def example_rows(
    schema: Schema, table: pd.DataFrame | None, n_rows: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them, some with a gap, and one with an unseen category.

    Parameters
    ----------
    schema : Schema
    table : DataFrame or None
        Table of training as the schema reads it, of which each column is drawn by itself. None, or
        a single column: values are made by what the schema knows.
    n_rows : int
    rng : Generator
    """
    names = schema.learned
    is_drawn = table is not None and len(names) > 1
    columns = {
        name: _drawn(table[name], n_rows, rng)
        if is_drawn and table is not None
        else _made(schema, name, n_rows, rng)
        for name in names
    }
    plain = {name: _writer(schema, name) for name in names}
    rows: list[dict[str, Any]] = [
        {name: plain[name](columns[name][number]) for name in names} for number in range(n_rows)
    ]
    for number in range(1, n_rows, GAP_EVERY):
        rows[number][names[int(rng.integers(len(names)))]] = None
    categories = [name for name in names if schema.profiles[name].column.kind == "category"]
    if categories:
        rows[-1][categories[0]] = UNSEEN
    return rows


def _drawn(values: pd.Series[Any], n_rows: int, rng: np.random.Generator) -> list[Any]:
    """Return values of a column at random, without gaps as long as there is a value."""
    known = values[values.notna()]
    if not len(known):
        return [None] * n_rows
    return [known.iloc[place] for place in rng.integers(len(known), size=n_rows)]


def _made(schema: Schema, name: str, n_rows: int, rng: np.random.Generator) -> list[Any]:
    """Return values that a column may have, by its range or its categories."""
    one = schema.profiles[name]
    if one.low is not None and one.high is not None:
        numbers = one.low + rng.random(n_rows) * (one.high - one.low)
        return list(np.round(numbers) if one.column.kind == "boolean" else numbers)
    values = list(one.column.values) or sorted(one.categories) or [one.example or None]
    return [values[place] for place in rng.integers(len(values), size=n_rows)]


def _writer(schema: Schema, name: str) -> Callable[[Any], Any]:
    """Return the function that writes a value of a column as JSON can hold it."""
    column = schema.profiles[name].column
    if column.kind in ("number", "duration"):
        return lambda value: None if value is None else float(value)
    if column.kind == "boolean":
        return lambda value: None if value is None else bool(value)
    if column.kind == "date":
        return lambda value: _date(value, column.form)
    return lambda value: None if value is None else str(value)


def _date(value: Any, form: str) -> str | None:
    """Return a date in the format of its column; an example is written in it already."""
    if value is None or isinstance(value, str):
        return value
    stamp = pd.Timestamp(value)
    return stamp.strftime(form) if "%" in form else stamp.isoformat()
