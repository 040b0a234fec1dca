"""Training tables of the command line: reading, and a list of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolver.cli.output import Output, or_exit
from evolver.command import Command

if TYPE_CHECKING:
    import pandas as pd

    from evolver.schema import Schema

MAX_COLUMNS_SHOWN = 40
"""Number of columns of a table that are listed."""


PARSED = ("number", "boolean", "duration", "date", "ignore")
"""Kinds of columns that a parser may read before the schema does."""


@dataclass(frozen=True)
class TrainingData:
    """Training table, apart from its target, weights and groups.

    Parameters
    ----------
    X : DataFrame
        Columns that pipelines learn from.
    y : Series or DataFrame
        Target, or several.
    weights, groups : Series or None
        Weight and group of each row.
    """

    X: pd.DataFrame
    y: Any
    weights: Any = None
    groups: Any = None


def read_data(
    file: str | Path,
    targets: list[str],
    weight: str | None = None,
    groups: str | None = None,
    columns: Mapping[str, Any] | None = None,
) -> TrainingData:
    """Return the training data in a file.

    Parameters
    ----------
    file : str or Path
    targets : list of str
        Names of the target columns.
    weight, groups : str, optional
        Names of the columns of weights and groups.
    columns : mapping, optional
        Kinds of columns that the user has given. Categories and texts are kept as they are written,
        as they are when a further table is read.

    Raises
    ------
    ValueError
        If the table lacks a column, or if it has two uses.
    """
    from evolver.export.program import split_target
    from evolver.training_table import read_training_table

    names = targets if len(targets) > 1 else targets[0]
    kept = [name for name, kind in (columns or {}).items() if kind not in PARSED]
    X, y = split_target(read_training_table(file, *targets, as_texts=kept), names)
    found: dict[str, Any] = {}
    for option, name in (("weight", weight), ("groups", groups)):
        if name is None:
            continue
        if name not in X.columns:
            raise ValueError(
                f"--{option} must be a column of the table beside the target"
                f" ({', '.join(map(str, X.columns))}), got {name!r}."
            )
        found[option] = X[name]
    X = X.drop(columns=[column.name for column in found.values()])
    return TrainingData(X, y, found.get("weight"), found.get("groups"))


def read_command_data(command: Command) -> TrainingData:
    """Return the training data of a command, see `read_data`."""
    return read_data(command.table, command.target, command.weight, command.groups, command.columns)


def show_columns(X: pd.DataFrame, columns: dict[str, Any], output: Output) -> Schema:
    """Print how the columns of a table are read, and return the schema."""
    from evolver.checks import as_table, check_table
    from evolver.schema import learn

    table = or_exit(lambda: check_table(as_table(X)))
    schema: Schema = or_exit(lambda: learn(table, columns))
    shown = schema.table().astype(object).fillna("").astype(str)
    output.line(shown[:MAX_COLUMNS_SHOWN].to_string(index=False, max_colwidth=30))
    if len(shown) > MAX_COLUMNS_SHOWN:
        kinds = shown["kind"].value_counts()
        counts = ", ".join(f"{count} of kind {kind}" for kind, count in kinds.items())
        output.line(f"... {len(shown)} columns: {counts}.")
    return schema
