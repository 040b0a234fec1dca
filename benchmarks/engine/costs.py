"""Milliseconds that each primitive takes to fit: the knowledge of which candidates are cheap.

    python -m benchmarks engine.costs --datasets FOLDER

One table for each task, at most 2,000 rows of it. The cost of a primitive is the median over three
draws of its parameters; the steps before it in the smallest pipeline are not timed. Saves
`costs.json`. `Primitive.cost` holds the milliseconds rounded.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from benchmarks.datasets import read
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import save
from evolver.checks import selected_catalogue
from evolver.evaluation.folds import make_folds
from evolver.genome.pipeline import to_estimator
from evolver.problem import Problem
from evolver.task import TASKS
from primitives import Prediction
from tests.pipelines import tree_with

TABLES = {"binary": "churn", "multiclass": "segment", "regression": "abalone"}
ROWS = 2_000
DRAWS = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every primitive, and save the costs."""
    parser = parser_of(__file__, __doc__, repeat=False)
    add_datasets(parser, required=True)
    options = parser.parse_args(arguments)
    costs: dict[str, dict[str, Any]] = {}
    for task, name in TABLES.items():
        X, target = read(options.datasets, name)
        rows = X.sample(ROWS, random_state=0).index
        X, y = X.loc[rows].reset_index(drop=True), target.loc[rows].to_numpy()
        costs |= {one["primitive"]: one for one in costs_of(task, X, y)}
    ordered = sorted(costs.values(), key=lambda one: one["milliseconds"])
    save(options.out / "costs.json", {"costs": ordered})


def costs_of(task: str, X: pd.DataFrame, y: np.ndarray) -> list[dict[str, Any]]:
    """Return the milliseconds of each primitive for a task."""
    rng = np.random.default_rng(0)
    known = TASKS["regression" if task == "regression" else "classification"].of(y)
    folds = make_folds(X, y, 5, known, groups=None, rng=rng)
    catalogue = selected_catalogue(None, Problem(known, X, y, folds, bool), grouped=False)
    costs = []
    for primitive in catalogue:
        seconds = []
        for _ in range(DRAWS):
            pipeline = to_estimator(tree_with(primitive, catalogue, task, rng))
            if not issubclass(primitive.output, Prediction):
                pipeline = Pipeline(pipeline.steps[:-1])
            seconds.append(seconds_of_last(pipeline, X, y))
        milliseconds = round(1000 * median(seconds), 1)
        costs.append({"primitive": primitive.name, "task": task, "milliseconds": milliseconds})
        print(costs[-1], flush=True)
    return costs


def seconds_of_last(pipeline: Pipeline, X: pd.DataFrame, y: np.ndarray) -> float:
    """Return the seconds to fit the last step on the output of those before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = X
        for _, step in pipeline.steps[:-1]:
            before = step.fit_transform(before, y)
        start = time.perf_counter()
        pipeline.steps[-1][1].fit(before, y)
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
