"""Length of exported files, and whether they predict as the models do.

    python -m benchmarks exports --datasets FOLDER [--names ...] [--seeds 0]

Fits with a few candidates on 70 % of at most 1,500 rows of each table, and writes every member of
the front as a file. The pipeline of the file is fitted again on the same rows and compared on the
other rows and on hostile copies of them: with gaps in every column, and with texts that training
had not. Tables whose names end in ``.csv`` are read from a CSV file, so that dates and words are
texts; of these at most 600 rows are used. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks import markdown
from benchmarks.datasets import estimator_for, read
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver.run.fitted_ensemble import ENSEMBLE

NAMES = (
    *("wdbc", "australian", "credit-g", "titanic", "blood-transfusion", "phoneme", "churn"),
    *("sick", "ionosphere", "adult", "vehicle", "segment", "car", "vowel", "cmc", "nursery"),
    *("abalone", "boston", "concrete", "auto-mpg", "ames-housing", "diamonds", "socmob"),
    "house-sales",
)
"""Tables of numbers and categories, with two classes, several, and a number as the target."""

CSV = ".csv"
"""Ending of the name of a table that is read from a CSV file."""

FROM_CSV = (
    *("nyc-flights.csv", "melbourne-housing.csv", "chicago-ridership.csv", "vega-movies.csv"),
    *("hotel-rates.csv", "bike-sharing.csv", "cylinder-bands.csv", "credit-data.csv"),
    *("telco-churn.csv", "sick.csv", "bank-marketing.csv", "hepatitis.csv", "kr-vs-kp.csv"),
    *("colic.csv", "sms-spam.csv", "fine-foods-reviews.csv"),
)
"""Tables of dates, of words for true and false, and of texts."""

ROWS, FEW_ROWS, CANDIDATES = 1_500, 600, 12


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=(*NAMES, *FROM_CSV), seeds=[0])
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "records.json", "seed", "name", "member", repeat=options.repeat)
    if options.datasets is not None:
        for seed, name, _ in records.missing(options.seeds, options.names, ["best"]):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                measure(records, options.datasets, name, seed)
    if records:
        publish(options.out / "table.md", table_of(records))


def measure(records: Records, datasets: Path, name: str, seed: int) -> None:
    """Measure the files of every member of a front."""
    X, y = read(datasets, name.removesuffix(CSV))
    is_from_csv = name.endswith(CSV)
    rows = X.sample(min(len(X), FEW_ROWS if is_from_csv else ROWS), random_state=seed).index
    X, y = X.loc[rows].reset_index(drop=True), y.loc[rows].reset_index(drop=True)
    if is_from_csv:
        X = pd.read_csv(io.StringIO(X.to_csv(index=False)))
    known = int(0.7 * len(X))
    model = estimator_for(y)(
        time_budget=None, max_evaluations=CANDIDATES, random_state=seed, n_jobs=2, verbose=0
    ).fit(X[:known], y[:known])
    new = pd.concat([X[known:], hostile(X[known:])], ignore_index=True)
    members = [one for one in model.pareto_front_["digest"] if one != model._members.winner[:8]]
    for member in [*members, "best"]:  # the last one completes a table
        source = model.export(member=member)
        again = fitted_again(source, X[:known], y[:known])
        expected, found = (
            response(one, table)
            for one, table in ((model.select(member), model._read(new)), (again, new))
        )
        scale = 1.0 if hasattr(again, "predict_proba") else float(np.abs(expected).max())
        labels = model.select(member).predict(model._read(new)) == again.predict(new)
        records.add(
            {
                "seed": seed,
                "name": name,
                "member": member,
                "is_ensemble": member == ENSEMBLE,
                "lines": source.count("\n"),
                "helpers": helper_lines(source),
                "difference": float(np.abs(expected - found).max()) / scale,
                "labels": float(np.mean(labels)) if scale == 1.0 else 1.0,
                "passes_ruff": passes_ruff(source),
            }
        )


def hostile(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows with gaps in every column, and with texts that training had not."""
    number, columns = np.arange(len(X)), {}
    for place, name in enumerate(X):
        values = X[name]
        if pd.api.types.is_bool_dtype(values):
            continue
        if pd.api.types.is_numeric_dtype(values):
            columns[name] = values.mask(number % 3 == place % 3)
        else:
            texts = values.astype(object).mask(number % 3 == place % 3)
            columns[name] = texts.mask(number % 5 == place % 5, "never seen")
    return X.assign(**columns)


def fitted_again(source: str, X: pd.DataFrame, y: pd.Series[Any]) -> Any:
    """Return the pipeline of a file, fitted on a table by one thread."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), names)
    with threadpool_limits(limits=1):
        return names["make_pipeline"]().fit(X, y)


def response(model: Any, X: pd.DataFrame) -> np.ndarray:
    """Return probabilities, or predicted numbers."""
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return np.asarray(getattr(model, method)(X), dtype=float)


def helper_lines(source: str) -> int:
    """Return the number of lines of helpers in a file."""
    _, mark, rest = source.partition("# Helpers")
    return rest.partition('\nif __name__ == "__main__"')[0].count("\n") if mark else 0


def passes_ruff(source: str) -> bool:
    """Return True if a file passes ruff with its default rules."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "-"]
    return subprocess.run(command, input=source, text=True, capture_output=True).returncode == 0


def table_of(records: Records) -> str:
    """Return the table of all members, and a summary of the single pipelines."""
    rows = [
        [
            one["name"],
            one["member"],
            one["lines"],
            one["helpers"],
            f"{one['difference']:.1e}",
            f"{one['labels']:.4f}",
            "yes" if one["passes_ruff"] else "no",
        ]
        for one in sorted(records, key=lambda one: (one["name"], one["member"]))
    ]
    typed = [one for one in records if not one["name"].endswith(CSV)]
    written = [one for one in records if one["name"].endswith(CSV)]
    lines = [
        summary_of(typed, "numbers and categories"),
        summary_of(written, "dates, words and texts"),
        f"Largest difference of any of {len(records)} members:"
        f" {max(one['difference'] for one in records):.1e}; pass ruff:"
        f" {sum(one['passes_ruff'] for one in records)}.",
        "",
    ]
    header = ["table", "member", "lines", "of helpers", "difference", "equal labels", "ruff"]
    return "\n".join([*lines, *markdown.table(header, rows)]) + "\n"


def summary_of(records: Sequence[dict[str, Any]], kinds: str) -> str:
    """Return a sentence on the lines of the files of some tables."""
    lengths = [one["lines"] for one in records if one["member"] == "best"] or [0]
    ensembles = [one["lines"] for one in records if one["is_ensemble"]] or [0]
    return (
        f"Tables of {kinds}: best pipelines of {len(lengths)} tables have a median of"
        f" {median(lengths):.0f} lines, at most {max(lengths)}. Ensembles: a median of"
        f" {median(ensembles):.0f}, at most {max(ensembles)}.\n"
    )


if __name__ == "__main__":
    main()
