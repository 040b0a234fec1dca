"""The fold scores of runs in which every candidate is evaluated to the end, as text.

    python benchmarks/racing/record.py --datasets FOLDER --out FOLDER --names NAME ...

Writes NAME-SEED.json for each: complexity, fold scores and fold seconds of every candidate in the
order asked, null for one that failed. `simulate.py` races them.
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import json
import sqlite3
import tempfile
from pathlib import Path

import pandas as pd

from evolver import EvolvedClassifier, EvolvedRegressor, Settings

OFF = {"racing_error": 0.0, "row_ladder": False}


def main() -> None:
    """Record every table and seed."""
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed, name in itertools.product(options.seeds, options.names):
        table = pd.read_parquet(options.datasets / f"{name}.parquet")
        classification = not pd.api.types.is_float_dtype(table["target"])
        off = {key: OFF[key] for key in OFF if key in inspect.signature(Settings).parameters}
        with tempfile.TemporaryDirectory() as folder:
            model = (EvolvedClassifier if classification else EvolvedRegressor)(
                time_budget=options.budget,
                max_evaluations=options.evaluations,
                random_state=seed,
                verbose=0,
                run_dir=folder,
                settings=Settings(lag=16, fold_timeout=options.fold_timeout, **off),
            )
            model.fit(table.drop(columns="target"), table["target"])
            runs = candidates(Path(folder) / "journal.sqlite")
        (options.out / f"{name}-{seed}.json").write_text(json.dumps(runs))
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
    return [None if run is None else [values for _, *values in run] for run in complete]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--out", type=Path, required=True, help="folder of the records")
    parser.add_argument("--names", nargs="+", required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--evaluations", type=int, default=150)
    parser.add_argument("--budget", type=float, default=None, help="seconds for a fit")
    parser.add_argument("--fold-timeout", type=float, default=5.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
