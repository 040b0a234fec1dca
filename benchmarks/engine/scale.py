"""Runs of 120 s on tables of 100,000 rows: candidates judged, and memory.

    python -m benchmarks engine.scale --datasets FOLDER [--names ...] [--budget 120]

The memory is that of the process with all its children, looked at twice a second; memory that they
share counts for each. `full_candidates` holds the last steps of the candidates that were evaluated
on all folds of all rows, and the seconds of all their folds. Saves `scale.json` and `scale.md`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.datasets import read
from benchmarks.engine.peak_memory import sampled_memory
from benchmarks.journals import entries, moments
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_in
from benchmarks.records import Records, publish
from evolver import EvolvedClassifier

NAMES = ("give-me-some-credit", "fars")
COLUMNS = (
    "rows",
    "columns",
    "candidates",
    "all_rows_one_fold",
    "all_rows_all_folds",
    "failed",
    "first_full",
    "seconds",
    "peak_mb",
    "cross_validated",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, budget=120.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "scale.json", "name", repeat=options.repeat)
    if options.datasets is not None:
        for (name,) in records.missing(options.names):
            records.add(measure(options.datasets, name, options.budget))
    rows = ([one["name"], *(f"{one[column]:,}" for column in COLUMNS)] for one in records)
    if records:
        lines = markdown.table(["table", *COLUMNS], rows)
        publish(options.out / "scale.md", "\n".join(lines) + "\n")


def measure(datasets: Path, name: str, budget: float) -> dict[str, Any]:
    """Return the record of one run."""
    X, y = read(datasets, name)
    with tempfile.TemporaryDirectory() as folder, sampled_memory() as held:
        model = EvolvedClassifier(time_budget=budget, random_state=0, verbose=0, run_dir=folder)
        start = time.monotonic()
        model.fit(X, y)
        seconds = time.monotonic() - start
        folds = [(number, body[0]) for number, kind, body in entries(folder) if kind == "fold"]
        first = min(moments(folder, "scored").values(), default=None)
    ladder = len(problem_in(model).ladder)
    outcomes = model.leaderboard_["outcome"].value_counts()
    scored = model.leaderboard_.query("outcome == 'scored'")
    return {
        "name": name,
        "budget": budget,
        "rows": len(X),
        "columns": X.shape[1],
        "candidates": len(model.leaderboard_),
        "all_rows_one_fold": len({number for number, unit in folds if unit >= ladder}),
        "all_rows_all_folds": int(outcomes.get("scored", 0)),
        "failed": int(outcomes.get("failed", 0)),
        "first_full": None if first is None else round(first, 1),
        "seconds": round(seconds, 1),
        "peak_mb": round(max(held) / 1e6),
        "cross_validated": round(model.best_score_, 5),
        "full_candidates": [
            [str(pipeline).partition("(")[0], round(float(spent), 1)]
            for pipeline, spent in zip(scored["expression"], scored["seconds"], strict=True)
        ],
    }


if __name__ == "__main__":
    main()
