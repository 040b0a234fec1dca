"""Draw the pipelines of the engine benchmark from real runs, once.

    python -m benchmarks.engine.draw --datasets FOLDER

For each table a search of `EVALUATIONS` candidates; of those bred in it, with at most `MOST_STEPS`
steps, that did not fail, `PIPELINES` are drawn and kept in the order asked, one a line.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.engine.problems import PIPELINES_FILE, TABLES
from evolver import EvolvedClassifier, EvolvedRegressor, Settings

EVALUATIONS = 100
POPULATION = 25
PIPELINES = 24
MOST_STEPS = 6
SEED = 0


def main() -> None:
    """Draw the pipelines of every table and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    options = parser.parse_args()
    drawn = {name: draw(options.datasets / f"{name}.parquet") for name in TABLES}
    lines = [
        f'"{name}": [\n' + ",\n".join(json.dumps(tree) for tree in trees) + "\n]"
        for name, trees in drawn.items()
    ]
    PIPELINES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def draw(file: Path) -> list[object]:
    """Return encoded trees that one search bred."""
    table = pd.read_parquet(file)
    classification = not pd.api.types.is_float_dtype(table["target"])
    with tempfile.TemporaryDirectory() as folder:
        model = (EvolvedClassifier if classification else EvolvedRegressor)(
            time_budget=None,
            max_evaluations=EVALUATIONS,
            population_size=POPULATION,
            random_state=SEED,
            run_dir=folder,
            verbose=0,
            settings=Settings(lag=16, fold_timeout=8.0),
        )
        model.fit(table.drop(columns="target"), table["target"])
        with sqlite3.connect(Path(folder) / "journal.sqlite") as connection:
            rows = connection.execute(
                "SELECT number, body FROM entries WHERE kind = 'candidate' ORDER BY number"
            )
            trees = {number: json.loads(body)["tree"] for number, body in rows}
    board = model.leaderboard_
    board = board[(board["outcome"] != "failed") & (board["operator"] != "growth")]
    fitting = [number for number in board["number"] if 1 < len(trees[number]) <= MOST_STEPS + 1]
    chosen = np.random.default_rng(SEED).choice(fitting, PIPELINES, replace=False)
    print(file.stem, len(fitting), flush=True)
    return [trees[number] for number in sorted(chosen)]


if __name__ == "__main__":
    main()
