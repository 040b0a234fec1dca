"""Coverage of intervals and sets of classes, and the gain of a chosen threshold.

    python -m benchmarks decisions --datasets FOLDER [--names ...] [--seeds 0]
        [--evaluations 8] [--rows 1000]

Short runs on 70 % of the rows of each table, at most `--rows` of them. On the other rows: the share
of true numbers in `predict_interval`, of true classes in `predict_set` with its number of classes,
and on unequal classes F1, accuracy and balanced accuracy of the model that was optimised for each,
with its threshold and at 0.5. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import markdown
from benchmarks.datasets import TARGET, columns_and_target, estimator_for, split
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver import Settings
from evolver.evaluation.blends import FixedPredictions
from evolver.evaluation.thresholds import HALF
from evolver.task import Classification

NUMBERS = (
    *("abalone", "cpu-act", "elevators", "kin8nm", "pol", "house-8L", "quake", "sensory"),
    *("space-ga", "socmob", "tecator", "boston", "california-housing", "ames-housing", "diamonds"),
    *("concrete", "medical-insurance", "energy-efficiency", "bike-sharing", "auto-mpg", "ccpp"),
    *("house-sales", "melbourne-housing", "nyc-flights", "beijing-pm25", "nyc-taxi-tips"),
    *("hotel-rates", "vega-movies", "math-achievement", "parkinsons-updrs", "forest-fires"),
)
"""Tables of numbers."""

UNEQUAL = (
    *("mammography", "oil-spill", "sick", "lending-club", "give-me-some-credit", "churn"),
    *("stackoverflow-remote", "bank-marketing", "attrition", "default-credit-card"),
    *("blood-transfusion", "adult", "telco-churn", "credit-data", "credit-g"),
)
"""Tables of two classes, the rarer of which has at most 30 % of the rows."""

SEVERAL = ("segment", "vehicle", "cmc", "car", "eucalyptus", "vowel", "page-blocks", "letter")
"""Tables of more than two classes."""

METRICS = ("f1", "accuracy", "balanced_accuracy")
"""Scorers that a threshold is chosen for."""

COVERAGE = 0.9
MOST_HELD_OUT = 10_000
"""Largest number of rows that are scored."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing runs, and save records and table."""
    parser = parser_of(__file__, __doc__, names=(*NUMBERS, *SEVERAL, *UNEQUAL), seeds=[0])
    add_datasets(parser)
    parser.add_argument("--evaluations", type=int, default=8, help="candidates of a run")
    parser.add_argument("--rows", type=int, default=1_000, help="most rows to fit on")
    options = parser.parse_args(arguments)
    size = (options.evaluations, options.rows)
    records = Records(
        options.out / "records.json",
        *("evaluations", "rows", "seed", "name", "scoring"),
        repeat=options.repeat,
    )
    if options.datasets is not None:
        for seed in options.seeds:
            for name in options.names:
                for scoring in METRICS if name in UNEQUAL else (None,):
                    if records.is_missing(*size, seed, name, scoring):
                        records.add(measure(options.datasets, name, seed, scoring, *size))
    if records:
        publish(options.out / "table.md", table_of(records))


def measure(
    datasets: Path, name: str, seed: int, scoring: str | None, evaluations: int, rows: int
) -> dict[str, Any]:
    """Return the record of a run."""
    train, test = split(pd.read_parquet(datasets / f"{name}.parquet"), seed)
    train, test = train.iloc[:rows], test.iloc[:MOST_HELD_OUT]
    test = test[test[TARGET].isin(train[TARGET].unique())] if name not in NUMBERS else test
    (X, y), (X_test, y_test) = columns_and_target(train), columns_and_target(test)
    if name in UNEQUAL:  # the rarer class is the positive one
        rare = y.value_counts().idxmin()
        y, y_test = (y == rare).astype(int), (y_test == rare).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator_for(y)(
            time_budget=None,
            max_evaluations=evaluations,
            scoring=scoring,
            random_state=seed,
            n_jobs=1,
            verbose=0,
            settings=Settings(in_process=True),
        ).fit(X, y)
        found = _scores(model, X_test, y_test)
    return {
        "name": name,
        "seed": seed,
        "scoring": scoring,
        "evaluations": evaluations,
        "rows": rows,
        "fitted_rows": len(y),
        "held_out": len(y_test),
        "shown": float(model.pareto_front_["score"].iloc[0]),
        **found,
    }


def _scores(model: Any, X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    """Return coverage and size, and the scores of labels with the threshold and without."""
    truth = np.asarray(y)
    if not hasattr(model, "classes_"):
        ends = model.predict_interval(X, COVERAGE)
        inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        width = float(np.diff(ends).mean() / np.std(truth))
        return {"coverage": float(inside.mean()), "size": width}
    sets = model.predict_set(X, COVERAGE)
    columns = np.searchsorted(model.classes_, truth)
    found = {
        "coverage": float(sets[np.arange(len(sets)), columns].mean()),
        "size": float(sets.sum(axis=1).mean()),
    }
    if model.threshold_ is None:
        return found
    shares = model.predict_proba(X)[:, 1]
    scored = {}
    for way, limit in (("tuned", model.threshold_), ("half", HALF)):
        labels = np.eye(2)[(shares >= limit).astype(int)]
        fixed = FixedPredictions(labels, Classification(model.classes_))
        scored[way] = float(model.scorer_(fixed, X, truth))
    return {**found, "threshold": model.threshold_, **scored}


def table_of(records: Records) -> str:
    """Return coverage and size by kind of table, then the gain of thresholds by scorer."""
    kinds = {"intervals": NUMBERS, "sets of several classes": SEVERAL, "sets of two": UNEQUAL}
    rows = []
    for kind, names in kinds.items():
        found = [one for one in records if one["name"] in names]
        if found:
            covered = [one["coverage"] for one in found]
            cells = [
                fmean(covered),
                min(covered),
                max(covered),
                fmean(one["size"] for one in found),
            ]
            rows.append([kind, str(len(found)), *(f"{cell:.3f}" for cell in cells)])
    head = ["kind", "runs", "mean coverage", "least", "largest", "mean size"]
    lines = [f"Coverage of {COVERAGE:.0%} asked for; an interval's size is in deviations of y.", ""]
    lines += [*markdown.table(head, rows), ""]
    for metric in METRICS:
        of_metric = [one for one in records if one["scoring"] == metric]
        if of_metric:
            lines += [f"{metric} on held-out rows", "", *_gains(of_metric), ""]
    return "\n".join(lines)


def _gains(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give the lines of a table of the scores with the threshold and at 0.5."""
    columns = ("threshold", "shown", "tuned", "half")
    rows = [
        [one["name"], *(f"{one[column]:.3f}" for column in columns)]
        for one in sorted(records, key=lambda one: one["name"])
    ]
    means = [fmean(one[column] for one in records) for column in columns]
    rows.append(["mean", *(f"{mean:.3f}" for mean in means)])
    head = ["table", "threshold", "shown by the run", "with the threshold", "at 0.5"]
    yield from markdown.table(head, rows)


if __name__ == "__main__":
    main()
