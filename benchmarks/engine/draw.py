"""Draw the pipelines of the engine benchmark from real runs, once.

    python -m benchmarks.engine.draw --datasets FOLDER

For each table a search of `EVALUATIONS` candidates, none of whose folds may take longer than
`MOST_SECONDS`; of those bred in it that did not fail, `PIPELINES` are drawn, as evenly as can be
over the sizes up to `MOST_STEPS`, and kept in the order asked, one a line.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.engine.problems import PIPELINES_FILE, TABLES, problem_of
from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from evolver.checks import selected_catalogue
from evolver.genome.codec import Encoded

EVALUATIONS = 150
MOST_SECONDS = 4.0
POPULATION = 25
PIPELINES = 24
MOST_STEPS = 6
SEED = 0


def main() -> None:
    """Draw the pipelines of every table and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    options = parser.parse_args()
    drawn = {name: draw(options.datasets, name) for name in TABLES}
    lines = [
        f'"{name}": [\n' + ",\n".join(json.dumps(tree) for tree in trees) + "\n]"
        for name, trees in drawn.items()
    ]
    PIPELINES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def draw(datasets: Path, name: str) -> list[Encoded]:
    """Return encoded trees that one search bred."""
    problem = problem_of(datasets, name)
    classification = problem.task != "regression"
    with tempfile.TemporaryDirectory() as folder:
        model = (EvolvedClassifier if classification else EvolvedRegressor)(
            time_budget=None,
            max_evaluations=EVALUATIONS,
            population_size=POPULATION,
            search_space=selected_catalogue(None, problem, grouped=False),
            random_state=SEED,
            run_dir=folder,
            verbose=0,
            settings=Settings(lag=16, fold_timeout=MOST_SECONDS, row_ladder=False),
        )
        model.fit(problem.X, problem.y)
        with sqlite3.connect(Path(folder) / "journal.sqlite") as connection:
            found = connection.execute(
                "SELECT number, body FROM entries WHERE kind = 'candidate' ORDER BY number"
            )
            trees = {number: json.loads(body)["tree"] for number, body in found}
    board = model.leaderboard_
    board = board[(board["outcome"] != "failed") & (board["operator"] != "growth")]
    chosen = evenly([(number, steps_of(trees[number])) for number in board["number"]])
    print(name, len(board), sorted(steps_of(trees[number]) for number in chosen), flush=True)
    return [trees[number] for number in chosen]


def steps_of(tree: Encoded) -> int:
    return sum(node is not None for node in tree)


def evenly(sized: list[tuple[int, int]]) -> list[int]:
    """Return numbers drawn from each size in turn."""
    rng = np.random.default_rng(SEED)
    left = {
        size: list(rng.permutation([number for number, steps in sized if steps == size]))
        for size in range(1, MOST_STEPS + 1)
    }
    if sum(map(len, left.values())) < PIPELINES:
        raise RuntimeError(f"Only {sum(map(len, left.values()))} pipelines to draw from.")
    chosen: list[int] = []
    while len(chosen) < PIPELINES:
        for numbers in left.values():
            if numbers and len(chosen) < PIPELINES:
                chosen.append(int(numbers.pop()))
    return sorted(chosen)


if __name__ == "__main__":
    main()
