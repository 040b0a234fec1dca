"""Runs from a table to the predictions of the exported file, on ten real tables.

    python -m benchmarks end_to_end --datasets FOLDER [--names ...] [--seeds 0 1] [--budget 60]

Each table is fitted on 70 % of its rows; the others are predicted. The exported file fits and
predicts the same rows in an interpreter of its own that cannot import evolver or primitives. A
record holds the seconds of the run, its score, the score of the constant prediction, and the
largest difference of the exported file's predictions from the model's. Saves `records.json`,
`table.md` and a picture of each front.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import markdown
from benchmarks.datasets import DIVERSE, TARGET, constant_for, estimator_for, read_split
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish, write
from evolver.report.picture import front_svg
from tests.alone import run_exported


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records, table and pictures."""
    parser = parser_of(__file__, __doc__, names=DIVERSE, seeds=[0], budget=60.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "records.json"
    records = Records(file, "budget", "name", "seed", repeat=options.repeat)
    if options.datasets is not None:
        for budget, name, seed in records.missing([options.budget], options.names, options.seeds):
            model, record = measure(options.datasets, name, budget, seed)
            records.add(record)
            picture = front_svg(model.leaderboard_, model.pareto_front_)
            write(options.out / f"{name}-{seed}.svg", picture)
    mine = [one for one in records if one["budget"] == options.budget]
    if mine:
        publish(options.out / "table.md", table_of(mine, options.budget))


def measure(datasets: Path, name: str, budget: float, seed: int) -> tuple[Any, dict[str, Any]]:
    """Run one table; return the fitted model and the record."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    model = estimator_for(y)(time_budget=budget, random_state=seed, verbose=0)
    start = time.monotonic()
    model.fit(X, y)
    seconds = time.monotonic() - start
    outcomes = model.leaderboard_["outcome"].value_counts()
    train, test = X.assign(**{TARGET: y}), X_test.assign(**{TARGET: y_test})
    return model, {
        "name": name,
        "metric": str(model.scorer_),
        "budget": budget,
        "seed": seed,
        "score": model.score(X_test, y_test),
        "constant_score": float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test)),
        "seconds": round(seconds, 2),
        "overrun": round(seconds / budget - 1, 4),
        "candidates": int(outcomes.sum()),
        "failed": int(outcomes.get("failed", 0)),
        "pipeline": model.pareto_front_["expression"].iloc[0] if len(model.pareto_front_) else None,
        **agreement(model, train, test),
    }


def agreement(model: Any, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    """Return how far the predictions of the exported file are from the model's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train.to_parquet(folder / "train.parquet")
        test.to_parquet(folder / "test.parquet")
        model.export(folder / "winner.py")
        tables = [folder / "train.parquet", "--predict", folder / "test.parquet"]
        run_exported(folder / "winner.py", *tables, "--out", folder / "out.parquet")
        alone = pd.read_parquet(folder / "out.parquet")
    X = test.drop(columns=TARGET)
    expected = model.predict(X)
    if not hasattr(model, "classes_"):
        return {"largest_difference": largest_difference(alone["prediction"].to_numpy(), expected)}
    probabilities = alone.drop(columns="prediction").to_numpy()
    return {
        "equal_labels": bool((alone["prediction"].to_numpy() == expected).all()),
        "largest_difference": largest_difference(probabilities, model.predict_proba(X)),
    }


def largest_difference(got: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest relative difference; values below 1e-12 count as that."""
    scale = np.maximum(np.abs(expected), 1e-12)
    return float(np.max(np.abs(got - expected) / scale))


def table_of(records: list[dict[str, Any]], budget: float) -> str:
    """Return a row for each run."""
    header = ["table", "seed", "metric", "score", "constant", "seconds", "overrun", "candidates"]
    header += ["failed", "export"]
    rows = [
        [
            one["name"],
            one["seed"],
            one["metric"].removeprefix("make_scorer(").split(",")[0].rstrip(")"),
            f"{one['score']:.4f}",
            f"{one['constant_score']:.4f}",
            one["seconds"],
            f"{one['overrun']:+.1%}",
            one["candidates"],
            one["failed"],
            f"{one['largest_difference']:.1e}",
        ]
        for one in records
    ]
    note = (
        "`export`: largest relative difference of the exported file's predictions from the model's."
    )
    lines = [f"{budget:g} s a run.", "", *markdown.table(header, rows), "", note]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
