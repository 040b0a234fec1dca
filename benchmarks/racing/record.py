"""The fold scores of runs in which every candidate is evaluated to the end, as text.

    python -m benchmarks.racing.record --datasets FOLDER [--names ...] [--seeds ...] [--out FOLDER]

Writes NAME-SEED.json for each: the number of folds of fewer rows, and score, complexity and seconds
by fold of every candidate in the order asked, those of fewer rows first; null for one that failed.
`simulate.py` races them. A recording that exists is not repeated.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

import pandas as pd

from evolver import EvolvedClassifier, EvolvedRegressor, Settings

NAMES = (
    "credit-g",
    "segment",
    "abalone",
    "spambase",
    "phoneme",
    "bike-sharing",
    "california-housing",
    "elevators",
)
"""How sharp the race is was chosen on others; the last three have a ladder."""

NONE = sys.float_info.min
"""So small a rate of error that nobody is raced out; at 0 there would be no ladder either."""

RECORDED = Path(__file__).parent / "results" / "recorded"


def main() -> None:
    """Record every table and seed."""
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed, name in itertools.product(options.seeds, options.names):
        file = options.out / f"{name}-{seed}.json"
        if file.exists():
            continue
        table = pd.read_parquet(options.datasets / f"{name}.parquet")
        classification = not pd.api.types.is_float_dtype(table["target"])
        with tempfile.TemporaryDirectory() as folder:
            model = (EvolvedClassifier if classification else EvolvedRegressor)(
                time_budget=None,
                max_evaluations=options.evaluations,
                random_state=seed,
                verbose=0,
                run_dir=folder,
                settings=Settings(lag=16, fold_timeout=options.fold_timeout, racing_error=NONE),
            )
            model.fit(table.drop(columns="target"), table["target"])
            runs = candidates(Path(folder) / "journal.sqlite")
        ladder = len(model._problem.ladder)
        lines = ",\n".join(json.dumps(run) for run in runs)
        file.write_text(f'{{"ladder": {ladder}, "candidates": [\n{lines}\n]}}\n')
        print(name, seed, len(runs), flush=True)


def candidates(journal: Path) -> list[list[list[float]] | None]:
    """Return [score, complexity, seconds] by fold of each candidate in the order asked."""
    with sqlite3.connect(journal) as connection:
        entries = connection.execute("SELECT number, kind, body FROM entries").fetchall()
    runs: dict[int, list[list[float]]] = {}
    for number, kind, body in entries:
        if kind == "candidate":
            runs[number] = []
        elif kind == "fold":
            runs[number].append(json.loads(body)[:4])
    folds = max(len(run) for run in runs.values())
    complete = [sorted(run) if len(run) == folds else None for _, run in sorted(runs.items())]
    return [
        None if run is None else [[float(f"{value:.8g}") for value in values] for _, *values in run]
        for run in complete
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--out", type=Path, default=RECORDED, help="folder of the recordings")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--fold-timeout", type=float, default=3.0, help="seconds")
    return parser.parse_args()


if __name__ == "__main__":
    main()
