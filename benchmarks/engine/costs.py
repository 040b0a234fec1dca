"""What each primitive costs to fit: the static knowledge of which candidates are cheap.

    python benchmarks/engine/costs.py --datasets FOLDER

For each task, 2,000 rows of one table; of each primitive the median of three draws of its
parameters, with what comes before it in the smallest pipeline left out of the time. Saves
`results/costs.json`: milliseconds by name. `Primitive.cost` holds them rounded.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from evolver.checks import selected_catalogue
from evolver.evaluation.folds import make_folds
from evolver.genome.pipeline import to_estimator
from evolver.problem import Problem
from primitives import Prediction
from tests.pipelines import tree_with

TABLES = {"binary": "churn", "multiclass": "segment", "regression": "abalone"}
ROWS = 2_000
DRAWS = 3


def main() -> None:
    """Measure every primitive and save the costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    options = parser.parse_args()
    costs: dict[str, float] = {}
    for task, name in TABLES.items():
        table = pd.read_parquet(options.datasets / f"{name}.parquet").sample(ROWS, random_state=0)
        costs.update(costs_of(task, table.reset_index(drop=True)))
    file = Path(__file__).parent / "results" / "costs.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(dict(sorted(costs.items(), key=lambda one: one[1])), indent=1))


def costs_of(task: str, table: pd.DataFrame) -> dict[str, float]:
    """Return milliseconds by primitive."""
    y, X = table["target"].to_numpy(), table.drop(columns="target")
    rng = np.random.default_rng(0)
    folds = make_folds(X, y, 5, classification=task != "regression", groups=None, rng=rng)
    space = selected_catalogue(None, Problem(task, X, y, folds, bool), grouped=False)
    costs = {}
    for primitive in space:
        seconds = []
        for _ in range(DRAWS):
            pipeline = to_estimator(tree_with(primitive, space, task, rng))
            if not issubclass(primitive.output, Prediction):
                pipeline = Pipeline(pipeline.steps[:-1])
            seconds.append(seconds_of_last(pipeline, X, y))
        costs[primitive.name] = round(1000 * median(seconds), 1)
        print(task, primitive.name, costs[primitive.name], flush=True)
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
