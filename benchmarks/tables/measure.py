"""Reading of real tables that are written as text in a random dialect.

    python -m benchmarks tables --datasets FOLDER [--names ...] [--seeds 0] [--budget 0]

Writes each table as a CSV file in a dialect drawn at random, and compares how the file is read with
how the typed table is read: the kind of each column, and each value. With a budget, `evolver fit`
learns from the file; a part of the rows, in a file of its own, must then get the same predictions
as the same rows of the typed table, from the command line and from the exported program. Saves
`records.json` and `table.md`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import markdown
from benchmarks.datasets import TARGET, is_classification
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from benchmarks.tables.dialects import Dialect, write
from evolver.export.table_files import read_table
from evolver.schema import Schema, learn
from evolver.training_table import read_training_table

MAX_CELLS = 400_000
"""Number of cells of a table that are written; fewer rows are taken of a larger one."""

PART = 40
"""Number of rows that are predicted."""

SAME = 1e-6
"""Relative difference up to which predictions are the same: sums have other orders."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=[], seeds=[0], budget=0.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "records.json", "budget", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        catalog = json.loads((options.datasets / "catalog.json").read_text(encoding="utf-8"))
        names = options.names or [one["name"] for one in catalog]
        for budget, seed, name in records.missing([options.budget], options.seeds, names):
            records.add(measure(options.datasets, name, seed, budget))
    if records:
        publish(options.out / "table.md", table_of(records))


def measure(datasets: Path, name: str, seed: int, budget: float) -> dict[str, Any]:
    """Return the record of a table: its dialect, and every column or prediction that differs."""
    table = pd.read_parquet(datasets / f"{name}.parquet")
    rows = max(200, MAX_CELLS // table.shape[1])
    if len(table) > rows:
        table = table.sample(rows, random_state=seed)
    table = table.reset_index(drop=True)
    dialect = dialect_for(table, seed)
    record = {"name": name, "seed": seed, "budget": budget, "dialect": asdict(dialect)}
    with tempfile.TemporaryDirectory() as folder:
        file = write(table, Path(folder), dialect)
        found = read_training_table(file, TARGET).drop(columns=TARGET)
        typed = table.drop(columns=TARGET)
        by_type, by_text = learn(typed), learn(found)
        record |= {
            "columns": typed.shape[1],
            "other_kinds": other_kinds(by_type, by_text),
            "other_values": other_values(by_type.read(typed)[0], by_text.read(found)[0]),
        }
        if budget > 0:
            try:
                record |= predictions(table, dialect, Path(folder), file, budget)
            except subprocess.CalledProcessError as error:
                record["failure"] = error.stderr.decode(errors="replace")[-500:]
    return record


def dialect_for(table: pd.DataFrame, seed: int) -> Dialect:
    """Return a dialect drawn at random that can write every letter of a table."""
    dialect = Dialect.random(np.random.default_rng(seed * 10_000 + len(table) + table.shape[1]))
    texts = (
        table.select_dtypes(exclude=["number", "bool", "datetime"])
        .astype(object)
        .fillna("")
        .astype(str)
    )
    letters = "".join({letter for name in texts for text in texts[name] for letter in text})
    try:
        ("".join(map(str, table.columns)) + letters).encode(dialect.encoding)
    except UnicodeEncodeError:
        return replace(dialect, encoding="utf-8")
    return dialect


def other_kinds(typed: Schema, found: Schema) -> dict[str, str]:
    """Return the kinds of the columns whose kinds differ, by name.

    A category of two words and a boolean are the same.
    """
    kinds = {
        name: (column.kind, found.columns[name].kind) for name, column in typed.columns.items()
    }
    return {
        name: " -> ".join(pair)
        for name, pair in kinds.items()
        if len({kind.replace("boolean", "category") for kind in pair}) > 1
    }


def other_values(typed: pd.DataFrame, found: pd.DataFrame) -> dict[str, int]:
    """Return the number of values that differ, by the columns of both tables."""
    counts = {}
    for name in [name for name in typed if name in found]:
        one, other = typed[name], found[name]
        if isinstance(one.dtype, pd.CategoricalDtype) and other.dtype.kind == "f":
            # Each word has one number, and each number one word.
            pairs = pd.DataFrame({"one": one.astype(object), "other": other}).drop_duplicates()
            equal = np.array([len(pairs) == one.nunique() + int(one.isna().any())])
        elif one.dtype.kind in "fiub" and other.dtype.kind in "fiub":
            equal = np.isclose(one.astype(float), other.astype(float), rtol=1e-12, equal_nan=True)
        else:
            texts = one.astype(object).astype(str), other.astype(object).astype(str)
            equal = ((texts[0] == texts[1]) | (one.isna() & other.isna())).to_numpy()
        if not equal.all():
            counts[name] = int((~equal).sum())
    return counts


def predictions(
    table: pd.DataFrame, dialect: Dialect, folder: Path, file: Path, budget: float
) -> dict[str, Any]:
    """Return the largest differences of predictions from those of the typed rows."""
    kind = "classification" if is_classification(table[TARGET]) else "regression"
    part = table.drop(columns=TARGET)[:PART]
    written = write(part, folder, dialect, "part")
    part.to_parquet(folder / "part.parquet")
    run = folder / "run"
    evolver("fit", file, "--target", TARGET, "--task", kind, "--time", budget, "--out", run)
    evolver("predict", run, written, "--out", folder / "text.parquet")
    evolver("predict", run, folder / "part.parquet", "--out", folder / "typed.parquet")
    program = run / ("ensemble.py" if (run / "ensemble.py").exists() else "winner.py")
    alone = folder / "alone.parquet"
    command = [sys.executable, program, file, "--predict", written, "--out", alone]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    expected = read_table(folder / "typed.parquet")
    return {
        "from_text": difference(read_table(folder / "text.parquet"), expected),
        "from_program": difference(read_table(alone), expected),
    }


def evolver(*arguments: object) -> None:
    """Run a command of the command line; raise an error if it fails."""
    command = [sys.executable, "-c", "from evolver.cli import main; main()", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def difference(found: pd.DataFrame, expected: pd.DataFrame) -> float:
    """Return the largest relative difference of two tables of predictions; 1 for other labels."""
    numbers = [name for name in expected if expected[name].dtype.kind == "f"]
    others = [name for name in expected if name not in numbers]
    if (found[others].astype(str) != expected[others].astype(str)).any(axis=None):
        return 1.0
    scale = expected[numbers].abs().max().max() if numbers else 1.0
    return float((found[numbers] - expected[numbers]).abs().max().max() / scale) if numbers else 0.0


def table_of(records: Records) -> str:
    """Return the sums over all tables, and a line for each table with a difference."""
    rows = [
        [
            record["name"],
            str(record["columns"]),
            ", ".join(f"{name}: {kinds}" for name, kinds in record["other_kinds"].items())[:300],
            ", ".join(f"{name}: {count}" for name, count in record["other_values"].items())[:300],
            of_predictions(record),
        ]
        for record in records
        if record["other_kinds"] or record["other_values"] or of_predictions(record)
    ]
    columns = sum(record["columns"] for record in records)
    kinds = sum(len(record["other_kinds"]) for record in records)
    values = sum(len(record["other_values"]) for record in records)
    heading = (
        f"{len(records)} tables, {columns} columns: {kinds} of another kind than in the typed"
        f" table, {values} with other values."
    )
    fitted = [record for record in records if record["budget"] > 0]
    if fitted:
        same = sum(not of_predictions(record) for record in fitted)
        heading += (
            f" Of {len(fitted)} runs {same} predict the same from text, from the typed table and in"
            " the exported program."
        )
    names = ["table", "columns", "other kinds", "other values", "predictions"]
    return "\n".join([heading, "", *markdown.table(names, rows)]) + "\n"


def of_predictions(record: dict[str, Any]) -> str:
    """Return how the predictions of a table differ, or why there are none; empty if they agree."""
    if "failure" in record:
        return str(record["failure"].strip().rpartition("\n")[2])
    differences = {name: record.get(name, 0.0) for name in ("from_text", "from_program")}
    return ", ".join(f"{name}: {size:.1e}" for name, size in differences.items() if size > SAME)


if __name__ == "__main__":
    main()
