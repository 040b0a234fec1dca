"""Runs on large tables that begin with a portfolio learned without them.

    python -m benchmarks portfolio.runs --datasets FOLDER --label LABEL [--names ...]

Each table is fitted on 70 % of its rows for 60 s, with a portfolio learned from the trials of all
other tables, and scored on the others. Saves `runs.json`, a record for each label and table, and
`runs.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.datasets import read_split
from benchmarks.options import add_datasets, parser_of
from benchmarks.portfolio.unseen import fitted
from benchmarks.records import Records, publish

HERE = Path(__file__).parent
BUDGET = 60.0
"""Seconds."""

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, out=HERE)
    add_datasets(parser)
    parser.add_argument("--label", default="now", help="name of the version that is measured")
    options = parser.parse_args(arguments)
    records = Records(options.out / "runs.json", "label", "name", repeat=options.repeat)
    if options.datasets is not None:
        for label, name in records.missing([options.label], options.names):
            records.add({"label": label, **measure(options.datasets, name)})
    if records:
        publish(options.out / "runs.md", table_of(records))


def measure(datasets: Path, name: str) -> dict[str, Any]:
    """Run on one table; return the record."""
    X, y, X_test, y_test = read_split(datasets, name, 0)
    model, seconds = fitted(name, X, y, BUDGET, 0)
    return {
        "name": name,
        "test": model.score(X_test, y_test),
        "single": float(model.scorer_(model.best_pipeline_, X_test, y_test)),
        "seconds": round(seconds, 2),
        "outcomes": dict(Counter(model.leaderboard_["outcome"])),
    }


def table_of(records: Records) -> str:
    """Return a row for each table and a column for each label: the score on held-out rows."""
    labels = list(dict.fromkeys(one["label"] for one in records))
    scores = {(one["name"], one["label"]): one["test"] for one in records}
    rows = []
    for name in dict.fromkeys(one["name"] for one in records):
        known = [scores.get((name, label)) for label in labels]
        rows.append([name, *("" if one is None else f"{one:.5g}" for one in known)])
    intro = "AUC, or the negative log loss or RMSE, of held-out rows: greater is better."
    return "\n".join([intro, "", *markdown.table(["table", *labels], rows)]) + "\n"


if __name__ == "__main__":
    main()
