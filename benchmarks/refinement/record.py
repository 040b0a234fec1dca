"""Structures on which samplers are compared, with the candidates that a search had of them.

    python -m benchmarks refinement.record --datasets FOLDER

Each table is searched once with `EVALUATIONS` candidates, and no fold may take longer than
`MOST_SECONDS`. Of the structures on its front, the one with the best score is kept that has at
least `LEAST_VALUES` values to choose: every candidate of it in the order asked, with its outcome.
Saves `recorded.json`, a candidate a line.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_of
from benchmarks.records import save
from evolver.budget import Budget
from evolver.checks import selected_catalogue
from evolver.genome.codec import encode
from evolver.genome.structure import split_structure
from evolver.outcome import RACED_OUT, Failed, Failure, Outcome, Scored, Stopped
from evolver.problem import Problem
from evolver.run.evolve import evolve
from evolver.run.plan import RunPlan
from evolver.settings import Settings
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store

TABLES = ("credit-g", "titanic", "cmc", "vehicle", "concrete", "medical-insurance")
"""Tables of 846 to 1,473 rows, so that ten seeds of four samplers end within the hour."""

EVALUATIONS = 150
POPULATION = 25
MOST_SECONDS = 0.3
LEAST_VALUES = 3
HERE = Path(__file__).parent
FILE = "recorded.json"


def main(arguments: Sequence[str] | None = None) -> None:
    """Search every table, and save the candidates that are kept."""
    parser = parser_of(__file__, __doc__, out=HERE, repeat=False)
    add_datasets(parser, required=True)
    options = parser.parse_args(arguments)
    kept = {name: record(problem_of(options.datasets, name)) for name in TABLES}
    print({name: len(candidates) for name, candidates in kept.items()}, flush=True)
    save(options.out / FILE, kept)


def recorded(name: str) -> list[dict[str, Any]]:
    """Return the candidates that are kept of a table."""
    found: list[dict[str, Any]] = json.loads((HERE / FILE).read_text(encoding="utf-8"))[name]
    return found


def record(problem: Problem) -> list[dict[str, Any]]:
    """Return the candidates that one search had of one structure, with their outcomes."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(lag=16, fold_timeout=MOST_SECONDS)
        catalogue = selected_catalogue(None, problem, grouped=False)
        budget = Budget(None, EVALUATIONS)
        result = evolve(
            RunPlan(problem, catalogue, budget, settings, POPULATION, workers=2),
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
    """Return an outcome as plain data."""
    if isinstance(outcome, Scored):
        return {"scores": outcome.fold_scores, "complexity": outcome.complexity}
    if isinstance(outcome, Stopped):
        return {"stages": outcome.stages, "score": outcome.score}
    return {"failed": outcome.kind.value}


def outcome_of(kept: dict[str, Any], folds: int) -> Outcome:
    """Return the outcome of a candidate that was kept, on the first folds."""
    if "scores" in kept:
        return Scored(tuple(kept["scores"][:folds]), (kept["complexity"],), 0.0)
    if "stages" in kept:
        return Stopped(RACED_OUT, 0.0, kept["stages"], kept["score"])
    return Failed(Failure(kept["failed"]), "recorded", 0.0)


if __name__ == "__main__":
    main()
