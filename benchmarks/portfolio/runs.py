"""Runs on large tables that begin with what was learned without them.

    python -m benchmarks.portfolio.runs --datasets FOLDER --label LABEL [--names ...]

Of each table 70 % is fitted on for 60 s, with a portfolio learned from the trials of all other
tables, and 30 % scored. Saves `runs.json`, a record for each label and table, and `runs.md`; what
is there is not repeated.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.ablation.measure import fitted, split_of
from benchmarks.records import Records

HERE = Path(__file__).parent
BUDGET = 60.0
NAMES = (
    "adult",
    "electricity",
    "default-credit-card",
    "covertype-20k",
    "california-housing",
    "diamonds",
    "house-sales",
    "pol",
)


def main() -> None:
    """Measure what is not there yet; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, help="NAME.parquet; without: the table alone")
    parser.add_argument("--label", default="now", help="what is measured")
    parser.add_argument("--names", nargs="+", default=NAMES)
    options = parser.parse_args()
    records = Records(HERE / "runs.json", "label", "name")
    for name in options.names if options.datasets is not None else ():
        if not records.has(options.label, name):
            file = options.datasets / f"{name}.parquet"
            records.add({"label": options.label, **measure(file)})
    table = table_of(records)
    (HERE / "runs.md").write_text(table)
    print(table)


def measure(file: Path) -> dict[str, Any]:
    """Run on one table; return the record."""
    train, test = split_of(file, 0)
    model, seconds = fitted(file.stem, train, "all", BUDGET, 0)
    X, y = test.drop(columns="target"), test["target"]
    return {
        "name": file.stem,
        "test": model.score(X, y),
        "single": float(model.scorer_(model.best_pipeline_, X, y)),
        "seconds": round(seconds, 2),
        "outcomes": dict(Counter(model.leaderboard_["outcome"])),
    }


def table_of(records: Records) -> str:
    """Return a row for each table and a column for each label: the score on held-out rows."""
    labels = list(dict.fromkeys(one["label"] for one in records))
    scores = {(one["name"], one["label"]): one["test"] for one in records}
    lines = [
        "AUC, or the negative log loss or RMSE, of held-out rows: greater is better.",
        "",
        f"| table | {' | '.join(labels)} |",
        f"|{' --- |' * (1 + len(labels))}",
    ]
    for name in dict.fromkeys(one["name"] for one in records):
        known = [scores.get((name, label)) for label in labels]
        cells = ["" if one is None else f"{one:.5g}" for one in known]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
