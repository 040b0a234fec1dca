"""Fold-seconds that racing and the row ladder save, and what they cost: the same search twice.

    python -m benchmarks.racing.searches --datasets FOLDER [--names ...] [--seeds 0 1 2]

For each table and seed one search in which every candidate is evaluated on all folds, and one with
racing and ladder as they are by default; the same number of candidates, seed and lag. `to target`
is the fold-seconds, in the order asked, until a candidate is within 0.2 % of the winner of the full
search. Saves `results/searches.json` and `results/searches.md`; what is there is not repeated.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from benchmarks.racing.record import NAMES
from benchmarks.records import Records
from evolver import EvolvedClassifier, EvolvedRegressor, Settings

MODES: dict[str, dict[str, Any]] = {
    "full": {"racing_error": 0.0, "row_ladder": False},
    "raced": {},
}
EVALUATIONS = 80
POPULATION = 30
TOLERANCE = 0.002
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure every table, seed and mode, and save records and table."""
    options = parse_arguments()
    records = Records(RESULTS / "searches.json", "name", "seed", "mode")
    for seed, name, mode in itertools.product(options.seeds, options.names, MODES):
        if records.has(name, seed, mode):
            continue
        table = pd.read_parquet(options.datasets / f"{name}.parquet")
        records.add({"name": name, "seed": seed, "mode": mode, **search(table, seed, mode)})
        (RESULTS / "searches.md").write_text(table_of(records))


def search(table: pd.DataFrame, seed: int, mode: str) -> dict[str, Any]:
    """Run one search; return what it cost and what it found."""
    classification = not pd.api.types.is_float_dtype(table["target"])
    model = (EvolvedClassifier if classification else EvolvedRegressor)(
        time_budget=None,
        max_evaluations=EVALUATIONS,
        population_size=POPULATION,
        random_state=seed,
        verbose=0,
        settings=Settings(lag=16, fold_timeout=10.0, **MODES[mode]),
    )
    start = time.monotonic()
    model.fit(table.drop(columns="target"), table["target"])
    board = model.leaderboard_
    return {
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
    lines = [
        "| table | seed | full s | raced s | full / raced | scored | winner, full | winner, raced |"
        " loss | to target, full s | raced s |",
        f"|{' --- |' * 11}",
    ]
    ratios, losses, reached = [], [], []
    for name, seed in dict.fromkeys((one["name"], one["seed"]) for one in records):
        full, raced = by.get((name, seed, "full")), by.get((name, seed, "raced"))
        if full is None or raced is None:
            continue
        ratios.append(full["seconds"] / raced["seconds"])
        losses.append((full["best"] - raced["best"]) / abs(full["best"]))
        target = full["best"] - TOLERANCE * abs(full["best"])
        times = [to_target(one, target) for one in (full, raced)]
        reached.append(times)
        lines.append(
            f"| {name} | {seed} | {full['seconds']:.0f} | {raced['seconds']:.0f} |"
            f" {ratios[-1]:.1f} | {raced['outcomes'].get('scored', 0)} of {EVALUATIONS} |"
            f" {full['best']:.5g} | {raced['best']:.5g} | {losses[-1]:+.2%} |"
            f" {' | '.join('never' if one is None else f'{one:.0f}' for one in times)} |"
        )
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
    return "\n".join([*lines, ""])


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser.parse_args()


if __name__ == "__main__":
    main()
