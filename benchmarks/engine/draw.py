"""Pipelines of the engine benchmark, drawn once from real runs.

    python -m benchmarks engine.draw --datasets FOLDER

Each table is searched with `EVALUATIONS` candidates, and no fold may take longer than
`MOST_SECONDS`. Of the candidates that were bred and did not fail, `PIPELINES` are drawn, spread as
evenly as possible over the sizes up to `MOST_STEPS`, and kept in the order asked. Saves
`pipelines.json`, a pipeline a line.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.datasets import estimator_for, read
from benchmarks.engine.pipelines import FILE, HERE, TABLES
from benchmarks.journals import trees
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_of
from benchmarks.records import save
from evolver import Settings
from evolver.checks import selected_catalogue
from evolver.genome.codec import Encoded

EVALUATIONS = 150
MOST_SECONDS = 4.0
POPULATION = 25
PIPELINES = 24
MOST_STEPS = 6
SEED = 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the pipelines of every table, and save them."""
    parser = parser_of(__file__, __doc__, out=HERE, repeat=False)
    add_datasets(parser, required=True)
    options = parser.parse_args(arguments)
    save(options.out / FILE, {name: draw(options.datasets, name) for name in TABLES})


def draw(datasets: Path, name: str) -> list[Encoded]:
    """Return encoded trees that one search bred."""
    problem = problem_of(datasets, name)
    with tempfile.TemporaryDirectory() as folder:
        model = estimator_for(read(datasets, name)[1])(
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
        encoded = trees(folder)
    board = model.leaderboard_.sort_values("number")
    board = board[(board["outcome"] != "failed") & (board["operator"] != "growth")]
    chosen = evenly([(number, steps_of(encoded[number])) for number in board["number"]])
    print(name, len(board), sorted(steps_of(encoded[number]) for number in chosen), flush=True)
    return [encoded[number] for number in chosen]


def steps_of(tree: Encoded) -> int:
    return sum(node is not None for node in tree)


def evenly(sized: list[tuple[int, int]]) -> list[int]:
    """Return numbers drawn from each size in turn.

    Parameters
    ----------
    sized : list of (int, int)
        Number and size of each candidate.

    Raises
    ------
    RuntimeError
        When there are fewer candidates than `PIPELINES`.
    """
    rng = np.random.default_rng(SEED)
    left = {
        size: list(rng.permutation([number for number, steps in sized if steps == size]))
        for size in range(1, MOST_STEPS + 1)
    }
    if sum(map(len, left.values())) < PIPELINES:
        raise RuntimeError(
            f"There must be {PIPELINES} pipelines to draw from, got {sum(map(len, left.values()))}."
        )
    chosen: list[int] = []
    while len(chosen) < PIPELINES:
        for numbers in left.values():
            if numbers and len(chosen) < PIPELINES:
                chosen.append(int(numbers.pop()))
    return sorted(chosen)


if __name__ == "__main__":
    main()
