"""Gap between the reported score and the score on rows that were not seen, before and after.

    python -m benchmarks honesty --datasets FOLDER [--names ...] [--seeds 0 1] [--runs FOLDER]

Each table, of at most 3,000 rows, is fitted on 70 % of its rows with a budget of 60 candidates and
scored on the others: the best pipeline alone, and the model that predicts, which may be an
ensemble. Saves `records.json` and `gaps.md`. Runs that are kept need not be searched again when
another version scores them.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.datasets import TARGET, columns_and_target, constant_for, estimator_for, split
from benchmarks.honesty.gaps import MODELS, table_of
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver import Settings
from evolver.evaluation.blends import FixedPredictions

NAMES = (
    *("hepatitis", "sonar", "colic", "cylinder-bands", "australian", "blood-transfusion"),
    *("credit-g", "titanic", "attrition", "churn", "glass", "eucalyptus", "vehicle", "cmc"),
    *("auto-mpg", "forest-fires", "sensory", "concrete", "quake", "abalone"),
)
"""Ten tables of two classes, four of more, six of numbers; 155 to 3,000 rows."""

MOST_ROWS = 3_000
"""Rows of a table that are used; of more rows, random ones are."""

CANDIDATES = 60
"""Candidates of a run."""

DRAWS = 200
"""Draws of the rows that were not seen, for the noise of their score."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and gaps."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1])
    add_datasets(parser)
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="folder that keeps the runs")
    options = parser.parse_args(arguments)
    records = Records(options.out / "records.json", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        for seed, name in records.missing(options.seeds, options.names):
            table = pd.read_parquet(options.datasets / f"{name}.parquet")
            with tempfile.TemporaryDirectory() as folder:
                run = Path(folder if options.runs is None else options.runs / f"{name}-{seed}")
                records.add({"seed": seed, "name": name, **measure(table, seed, run)})
    if records:
        publish(options.out / "gaps.md", table_of(records))


def measure(
    table: pd.DataFrame, seed: int, folder: Path, candidates: int = CANDIDATES
) -> dict[str, Any]:
    """Run one table in a folder; return scores of the best pipeline and the model that predicts."""
    table = table.sample(min(MOST_ROWS, len(table)), random_state=seed)
    train, test = split(table, seed)
    (X, y), (X_test, y_test) = columns_and_target(train), columns_and_target(test)
    found: dict[str, Any] = {"rows": len(table)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The second call finds the finished run in the folder, and fits its best pipeline alone.
        for name, size in zip(MODELS, (Settings().ensemble_size, 1), strict=True):
            model = estimator_for(table[TARGET])(
                time_budget=None,
                max_evaluations=candidates,
                random_state=seed,
                verbose=0,
                run_dir=folder,
                settings=Settings(ensemble_size=size),
            ).fit(X, y)
            found[name] = scores_of(model, X_test, y_test, seed)
        constant = constant_for(y).fit(X, y)
        found["metric"] = next(iter(model.scorers_))
        found["constant"] = float(model.scorer_(constant, X_test, y_test))
    return found


def scores_of(model: Any, X: pd.DataFrame, y: pd.Series, seed: int) -> dict[str, Any]:
    """Return reported, honest and held-out score of a model, and the noise of the last."""
    task = model._fitted_task
    predictions = model.predict(X) if task.classes is None else model.predict_proba(X)
    truth = y.to_numpy()
    rng = np.random.default_rng(seed)
    draws = [rng.integers(len(y), size=len(y)) for _ in range(DRAWS)]
    scores = []
    for rows in draws:
        if task.classes is None or len(np.unique(truth[rows])) == len(task.classes):
            fixed = FixedPredictions(predictions[rows], task)
            scores.append(model.scorer_(fixed, X.iloc[rows], truth[rows]))
    honest = model.honest_score_
    return {
        "reported": float(model.pareto_front_["score"].iloc[0]),
        "honest": honest.score,
        "low": honest.low,
        "high": honest.high,
        "method": honest.method,
        "held_out": float(model.scorer_(FixedPredictions(predictions, task), X, truth)),
        "noise": float(np.std(scores)),
        "is_ensemble": model.ensemble_ is not None,
    }


if __name__ == "__main__":
    main()
