"""The structures on which samplers are compared, with what a search knew of them, once.

    python -m benchmarks.refinement.record --datasets FOLDER

For each table a search of `EVALUATIONS` candidates, none of whose folds may take longer than
`MOST_SECONDS`. Of the structures on its front, the one with the best score is kept that has at
least `LEAST_VALUES` values to choose: every candidate of it in the order asked, with its outcome.
Saves `recorded.json`, a candidate a line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine.problems import problem_of
from evolver.checks import selected_catalogue
from evolver.genome.codec import encode
from evolver.genome.structure import split_structure
from evolver.outcome import RACED_OUT, Failed, Failure, Outcome, Scored, Stopped
from evolver.problem import Budget, Problem, Settings
from evolver.run.evolve import evolve
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store

TABLES = ("credit-g", "titanic", "cmc", "vehicle", "concrete", "medical-insurance")
"""From 846 to 1,473 rows, so that ten seeds of four samplers end within the hour."""

EVALUATIONS = 150
POPULATION = 25
MOST_SECONDS = 0.3
LEAST_VALUES = 3
RECORDED = Path(__file__).parent / "recorded.json"


def main() -> None:
    """Search every table and save what is kept of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    options = parser.parse_args()
    texts = []
    for name in TABLES:
        kept = record(problem_of(options.datasets, name))
        print(name, len(kept), flush=True)
        texts.append(f'"{name}": [\n' + ",\n".join(json.dumps(one) for one in kept) + "\n]")
    RECORDED.write_text("{\n" + ",\n".join(texts) + "\n}\n", encoding="utf-8")


def record(problem: Problem) -> list[dict[str, Any]]:
    """Return what one search knows of one structure."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(lag=16, fold_timeout=MOST_SECONDS)
        result = evolve(
            problem,
            selected_catalogue(None, problem, grouped=False),
            budget=Budget(None, EVALUATIONS),
            settings=settings,
            population_size=POPULATION,
            workers=2,
            rng=np.random.default_rng(0),
            journal=Journal(None),
            store=Store(Path(folder), settings.store_limit),
        )
    keys = [split_structure(one.candidate.tree)[0] for one in result.front]
    key = next(one.key for one in keys if len(one.space) >= LEAST_VALUES)
    return [
        {"tree": encode(one.candidate.tree), **plain(one.outcome)}
        for one in result.records
        if one.outcome is not None and split_structure(one.candidate.tree)[0].key == key
    ]


def plain(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON has it."""
    if isinstance(outcome, Scored):
        return {"scores": outcome.fold_scores, "complexity": outcome.complexity}
    if isinstance(outcome, Stopped):
        return {"stages": outcome.stages, "score": outcome.score}
    return {"failed": outcome.kind.value}


def outcome_of(kept: dict[str, Any], folds: int) -> Outcome:
    """Return the outcome of a candidate that was kept, of so many folds."""
    if "scores" in kept:
        return Scored(tuple(kept["scores"][:folds]), kept["complexity"], 0.0)
    if "stages" in kept:
        return Stopped(RACED_OUT, 0.0, kept["stages"], kept["score"])
    return Failed(Failure(kept["failed"]), "recorded", 0.0)


if __name__ == "__main__":
    main()
