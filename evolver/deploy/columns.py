"""Columns of a model as ``schema.json`` has them: kinds, known categories, ranges of numbers."""

from __future__ import annotations

from typing import Any

from evolver.schema import Schema
from evolver.task import Task
from primitives.formats import MISSING_MARKS

SCHEMA_FILE = "schema.json"
"""Name of the file with the columns of a model."""

VERSION = 1
"""Version of the layout of a deployment folder."""

MOST_CATEGORIES = 1_000
"""Largest number of categories of a column that are listed."""


def schema_of(schema: Schema, task: Task, target: str | list[str]) -> dict[str, Any]:
    """Return the columns and the target of a model as plain data.

    Parameters
    ----------
    schema : Schema
    task : Task
    target : str or list of str
        Names of the target, of one or several columns.
    """
    labels = task.model_classes
    several = isinstance(target, list)
    classes = None if labels is None else [0, 1] if several else task.classes.tolist()  # type: ignore[union-attr]  # one target of classes has them
    return {
        "deployment": VERSION,
        "target": target,
        "task": task.name,
        "classes": classes,
        "missing_marks": sorted(MISSING_MARKS),
        "columns": [_column(schema, name) for name in schema.learned],
    }


def _column(schema: Schema, name: str) -> dict[str, Any]:
    """Return a column: `written` says that it may be given as text."""
    one = schema.profiles[name]
    column = one.column
    values = list(column.values) or sorted(one.categories)
    is_listed = column.kind in ("category", "ordered") and 0 < len(values) <= MOST_CATEGORIES
    return {
        "name": name,
        "kind": column.kind,
        "form": column.form,
        "unit": column.unit,
        "written": one.distinct is not None,
        "missing": one.missing,
        "low": one.low,
        "high": one.high,
        "values": values if is_listed else None,
    }
