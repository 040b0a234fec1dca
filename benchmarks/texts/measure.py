"""Effect of reading texts on the held-out score.

    python -m benchmarks texts --datasets FOLDER [--names ...] [--seeds 0 1] [--budget 30]

Runs on 70 % of the rows of each table that has columns of texts: with these columns as they are, as
categories, and left out. They begin with the portfolio that is learned without the table, and are
scored on the other 30 %. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks import markdown
from benchmarks.datasets import read_split
from benchmarks.options import add_datasets, parser_of
from benchmarks.portfolio.unseen import fitted
from benchmarks.records import Records, publish
from evolver.run.fitted_ensemble import ENSEMBLE
from evolver.schema import learn

NAMES = ("fine-foods-reviews", "sms-spam")
"""Tables in which a column is taken for a text."""

WAYS = ("read", "categories", "left out")
WORKERS = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing runs, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1], budget=30.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "records.json"
    records = Records(file, "budget", "seed", "name", "way", repeat=options.repeat)
    if options.datasets is not None:
        runs = records.missing([options.budget], options.seeds, options.names, WAYS)
        for budget, seed, name, way in runs:
            records.add(measure(options.datasets, name, budget, seed, way))
    if records:
        publish(options.out / "table.md", table_of(records))


def measure(datasets: Path, name: str, budget: float, seed: int, way: str) -> dict[str, Any]:
    """Return the record of a run; it has no score where the table holds nothing but texts."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    columns = learn(X).columns
    texts = [column for column, one in columns.items() if one.kind == "text"]
    record: dict[str, Any] = {"name": name, "budget": budget, "seed": seed, "way": way}
    if way == "left out":
        if len(texts) == len(columns):
            return {**record, "score": None}
        X, X_test = X.drop(columns=texts), X_test.drop(columns=texts)
    elif way == "categories":
        X = X.astype(dict.fromkeys(texts, "category"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, _ = fitted(name, X, y, budget, seed, workers=WORKERS)
        score = model.score(X_test, y_test)
    front = model.pareto_front_
    return {
        **record,
        "texts": texts,
        "score": score,
        "best": front[front["digest"] != ENSEMBLE]["expression"].iloc[0],
        "candidates": len(model.leaderboard_),
    }


def table_of(records: Records) -> str:
    """Return the mean scores of the ways, a line for each table."""
    rows = []
    for name in sorted({one["name"] for one in records}):
        cells = []
        for way in WAYS:
            found = [one["score"] for one in records if (one["name"], one["way"]) == (name, way)]
            cells.append("" if not found or None in found else f"{fmean(found):.4f}")
        rows.append([name, *cells])
    return "\n".join(markdown.table(["table", *WAYS], rows)) + "\n"


if __name__ == "__main__":
    main()
