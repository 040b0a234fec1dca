"""Fold-seconds that racing and the row ladder save in a search, and their cost.

    python -m benchmarks racing.searches --datasets FOLDER [--names ...] [--seeds 0 1 2]

For each table and seed one search in which every candidate is evaluated on all folds, and one with
racing and ladder as they are by default; the same number of candidates, seed and lag. `to target`
is the fold-seconds, in the order asked, until a candidate is within 0.2 % of the winner of the full
search. Saves `searches.json` and `searches.md`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from benchmarks import markdown
from benchmarks.datasets import estimator_for, read
from benchmarks.options import add_datasets, parser_of
from benchmarks.racing.record import NAMES
from benchmarks.records import Records, publish
from evolver import Settings

MODES: dict[str, dict[str, Any]] = {
    "full": {"racing_error": 0.0, "row_ladder": False},
    "raced": {},
}
EVALUATIONS = 80
POPULATION = 30
TOLERANCE = 0.002


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing searches, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1, 2])
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "searches.json"
    records = Records(file, "seed", "name", "mode", repeat=options.repeat)
    if options.datasets is not None:
        for seed, name, mode in records.missing(options.seeds, options.names, MODES):
            records.add(measure(options.datasets, name, seed, mode))
    if records:
        publish(options.out / "searches.md", table_of(records))


def measure(datasets: Path, name: str, seed: int, mode: str) -> dict[str, Any]:
    """Run one search; return its cost and its winner's score."""
    X, y = read(datasets, name)
    model = estimator_for(y)(
        time_budget=None,
        max_evaluations=EVALUATIONS,
        population_size=POPULATION,
        random_state=seed,
        verbose=0,
        settings=Settings(lag=16, fold_timeout=10.0, **MODES[mode]),
    )
    start = time.monotonic()
    model.fit(X, y)
    board = model.leaderboard_.sort_values("number")
    return {
        "name": name,
        "seed": seed,
        "mode": mode,
        "wall": time.monotonic() - start,
        "seconds": float(board["seconds"].sum()),
        "best": model.best_score_,
        "outcomes": board["outcome"].value_counts().to_dict(),
        "candidates": [
            [round(seconds, 4), None if pd.isna(score) else score]
            for seconds, score in zip(board["seconds"], board["score"], strict=True)
        ],
    }


def to_target(record: dict[str, Any], target: float) -> float | None:
    """Return the fold-seconds until a candidate reaches a score; None where none does."""
    spent = 0.0
    for seconds, score in record["candidates"]:
        spent += seconds
        if score is not None and score >= target:
            return spent
    return None


def table_of(records: list[dict[str, Any]]) -> str:
    """Return a row for each table and seed, and the medians."""
    by = {(one["name"], one["seed"], one["mode"]): one for one in records}
    header = ["table", "seed", "full s", "raced s", "full / raced", "scored", "winner, full"]
    header += ["winner, raced", "loss", "to target, full s", "raced s"]
    rows, ratios, losses, reached = [], [], [], []
    for name, seed in dict.fromkeys((one["name"], one["seed"]) for one in records):
        full, raced = by.get((name, seed, "full")), by.get((name, seed, "raced"))
        if full is None or raced is None:
            continue
        ratios.append(full["seconds"] / raced["seconds"])
        losses.append((full["best"] - raced["best"]) / abs(full["best"]))
        target = full["best"] - TOLERANCE * abs(full["best"])
        reached.append([to_target(one, target) for one in (full, raced)])
        rows.append(
            [
                *(name, seed, f"{full['seconds']:.0f}", f"{raced['seconds']:.0f}"),
                *(f"{ratios[-1]:.1f}", f"{raced['outcomes'].get('scored', 0)} of {EVALUATIONS}"),
                *(f"{full['best']:.5g}", f"{raced['best']:.5g}", f"{losses[-1]:+.2%}"),
                *("never" if one is None else f"{one:.0f}" for one in reached[-1]),
            ]
        )
    lines = markdown.table(header, rows)
    if ratios:
        within = sum(loss <= TOLERANCE for loss in losses)
        both = [(one, two) for one, two in reached if one and two]
        lines += [
            "",
            f"Median of full / raced {median(ratios):.1f}, least {min(ratios):.1f}. Winner within"
            f" {TOLERANCE:.1%} of the full search's, or better, in {within} of {len(losses)};"
            f" median loss {median(losses):+.2%}. To target: reached in {len(both)} of"
            f" {len(reached)} raced searches, median full / raced"
            f" {median(a / b for a, b in both):.1f}.",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
