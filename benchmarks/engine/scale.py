"""What a run of 120 s makes of 100,000 rows, and what memory it takes.

    python -m benchmarks.engine.scale --datasets FOLDER [--names ...] [--budget 120]

The memory is that of the process with all its children, looked at twice a second; what they share
counts for each. `full_candidates` are the last steps of those evaluated on all folds of all rows,
and the seconds of all their folds. Saves `results/scale.json` and `results/scale.md`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.engine.measure import RESULTS, peak_memory
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


def main() -> None:
    """Measure every table; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--budget", type=float, default=120.0, help="seconds for a fit")
    options = parser.parse_args()
    records = {}
    for name in options.names:
        table = pd.read_parquet(options.datasets / f"{name}.parquet")
        records[name] = measure(table, options.budget)
        print(name, json.dumps(records[name]), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "scale.json").write_text(json.dumps(records, indent=1) + "\n")
    lines = [f"| table | {' | '.join(COLUMNS)} |", f"|{' --- |' * (1 + len(COLUMNS))}"]
    for name, record in records.items():
        lines.append(f"| {name} | {' | '.join(f'{record[key]:,}' for key in COLUMNS)} |")
    (RESULTS / "scale.md").write_text("\n".join(lines) + "\n")


def measure(table: pd.DataFrame, budget: float) -> dict[str, Any]:
    """Return the record of one run."""
    X, y = table.drop(columns="target"), table["target"]
    with tempfile.TemporaryDirectory() as folder, peak_memory() as peak:
        model = EvolvedClassifier(time_budget=budget, random_state=0, verbose=0, run_dir=folder)
        start = time.monotonic()
        model.fit(X, y)
        seconds = time.monotonic() - start
        with sqlite3.connect(Path(folder) / "journal.sqlite") as connection:
            units = connection.execute(
                "SELECT number, json_extract(body, '$[0]') FROM entries WHERE kind = 'fold'"
            ).fetchall()
            first = connection.execute(
                "SELECT min(json_extract(body, '$.seconds')) FROM entries WHERE kind = 'scored'"
            ).fetchone()[0]
    ladder = len(model._problem.ladder)
    outcomes = model.leaderboard_["outcome"].value_counts()
    return {
        "rows": len(X),
        "columns": X.shape[1],
        "candidates": len(model.leaderboard_),
        "all_rows_one_fold": len({number for number, unit in units if unit >= ladder}),
        "all_rows_all_folds": int(outcomes.get("scored", 0)),
        "failed": int(outcomes.get("failed", 0)),
        "first_full": None if first is None else round(first, 1),
        "seconds": round(seconds, 1),
        "peak_mb": round(max(peak) / 1e6),
        "cross_validated": round(model.best_score_, 5),
        "full_candidates": [
            [str(one.pipeline).partition("(")[0], round(float(one.seconds), 1)]
            for one in model.leaderboard_.query("outcome == 'scored'").itertuples()
        ],
    }


if __name__ == "__main__":
    main()
