"""Rules by which a threshold is chosen on out-of-fold predictions, against the best of new rows.

    python -m benchmarks decisions.rules --datasets FOLDER [--names ...] [--seeds 0 1]

Five kinds of models are fitted on at most 3,000 rows of each table with a rare class. For each rule
and each score of labels: the loss on the other rows, against the threshold that is best there.
A rule mixes the truth of each row with its calibrated probability (Platt 1999), which weighs as
much as a number of rows of the rarer class: 0 is the truth alone, inf the probability alone. Saves
`rules.json` and `rules.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import get_scorer

from benchmarks import markdown
from benchmarks.datasets import columns_and_target, split
from benchmarks.decisions.calibration import MODELS, probabilities
from benchmarks.decisions.measure import METRICS, MOST_HELD_OUT, UNEQUAL
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver.evaluation.label_scores import LabelScore, score_of_metric
from evolver.evaluation.scorers import metric_of
from evolver.evaluation.thresholds import HALF, calibrated

FITTED = 3_000
PRIORS = (0.0, 30.0, 100.0, 300.0, 1_000.0, np.inf)
"""Numbers of rows of the rarer class that weigh as much as the calibrated probabilities do."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=UNEQUAL, seeds=[0, 1])
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "rules.json", "seed", "name", repeat=options.repeat)
    if options.datasets is not None:
        for seed, name in records.missing(options.seeds, options.names):
            found = measure(options.datasets, name, seed)
            records.add({"seed": seed, "name": name, "losses": found})
    if records:
        publish(options.out / "rules.md", table_of(records))


def measure(datasets: Path, name: str, seed: int) -> list[dict[str, Any]]:
    """Return the loss of each rule, by model and score."""
    train, test = split(pd.read_parquet(datasets / f"{name}.parquet"), seed)
    (X, target), (X_test, target_test) = map(
        columns_and_target, (train.iloc[:FITTED], test.iloc[:MOST_HELD_OUT])
    )
    rare = target.value_counts().idxmin()
    y, y_test = np.asarray(target == rare), np.asarray(target_test == rare)
    found = []
    for model_name, model in MODELS.items():
        known, new = (one[:, 1] for one in probabilities(model, X, y, X_test))
        chances = calibrated(y, known)
        for metric in METRICS:
            score = _score(metric)
            best = score(y_test, new >= score.best_threshold(y_test, new, None, y_test))
            limits = {"0.5": HALF}
            for prior in PRIORS:
                mixed = chances if np.isinf(prior) else _mixed(y, chances, prior / y.sum())
                limits[f"{prior:g}"] = score.best_threshold(y, known, None, mixed)
            losses = {rule: best - score(y_test, new >= limit) for rule, limit in limits.items()}
            found.append({"model": model_name, "metric": metric, **losses})
    return found


def _score(metric: str) -> LabelScore:
    """Return the score of labels that a name stands for."""
    found = metric_of(get_scorer(metric))
    assert found is not None
    return score_of_metric(found, np.array([False, True]))


def _mixed(y: np.ndarray, chances: np.ndarray, weight: float) -> np.ndarray:
    """Return the truth of each row, mixed with its calibrated probability of some weight."""
    return np.asarray((y + weight * chances) / (1 + weight))


def table_of(records: Records) -> str:
    """Return the mean loss of each rule by score, over all tables, seeds and models."""
    losses = [one for record in records for one in record["losses"]]
    rules = ["0.5", *(f"{prior:g}" for prior in PRIORS)]
    rows = [
        [
            rule if rule == "0.5" else f"{rule} rows",
            *(f"{fmean(one[rule] for one in losses if one['metric'] == m):.4f}" for m in METRICS),
        ]
        for rule in rules
    ]
    return "\n".join(markdown.table(["rule", *METRICS], rows)) + "\n"


if __name__ == "__main__":
    main()
