"""Length of intervals by what their width follows: nothing, the prediction, the spread of members.

    python -m benchmarks decisions.scales --datasets FOLDER [--names ...]

An average of extremely randomised trees, boosting and ridge regression, by five folds on at most
1,200 rows of each table of numbers. Intervals of 90 % are scored on the other rows by their mean
interval score (Winkler 1972): length, and ten times the distance of what lies outside. Saves
`scales.json` and `scales.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import markdown
from benchmarks.datasets import read
from benchmarks.decisions.measure import COVERAGE, NUMBERS
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver.evaluation.conformal import Errors, Scale

ROWS = 4_000
FITTED = 1_200
WEIGHTS = np.array([0.4, 0.5, 0.1])
"""Weights of the models in the average."""

WAYS = ("nothing", "prediction", "spread", "both")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NUMBERS)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "scales.json", "name", repeat=options.repeat)
    if options.datasets is not None:
        for (name,) in records.missing(options.names):
            records.add({"name": name, **measure(options.datasets, name)})
    if records:
        publish(options.out / "scales.md", table_of(records))


def measure(datasets: Path, name: str) -> dict[str, Any]:
    """Return the interval score and the coverage of each way."""
    X, target = read(datasets, name)
    rows = np.random.default_rng(0).permutation(len(X))[:ROWS]
    numbers = X.iloc[rows].apply(
        lambda column: (
            column
            if pd.api.types.is_numeric_dtype(column)
            else pd.Series(pd.factorize(column)[0], column.index)
        )
    )
    table, y = numbers.astype(float).to_numpy(), target.iloc[rows].to_numpy(float)
    share = max(0.4, 1 - FITTED / len(y))
    train, new, y, y_new = train_test_split(table, y, test_size=share, random_state=0)
    folds = np.empty(len(y), dtype=int)
    splitter = KFold(5, shuffle=True, random_state=0)
    for fold, (_, valid) in enumerate(splitter.split(train)):
        folds[valid] = fold
    models = _models()
    of_models = np.array([cross_val_predict(one, train, y, cv=splitter) for one in models])
    of_new = np.array([one.fit(train, y).predict(new) for one in models])
    features, features_new = _features(of_models), _features(of_new)
    errors = np.abs(y - features[0])
    found: dict[str, Any] = {}
    for way in WAYS:
        scaled = np.empty(len(y))
        for fold in range(5):
            own = folds == fold
            size = _sizes(way, features[:, ~own], errors[~own])
            scaled[own] = errors[own] / size(features[:, own])
        reach = Errors.of(scaled).quantile(COVERAGE)
        half = reach * _sizes(way, features, errors)(features_new)
        beyond = np.maximum(np.abs(y_new - features_new[0]) - half, 0)
        score = np.mean(2 * half + 2 / (1 - COVERAGE) * beyond)
        found |= {way: float(score), f"covered by {way}": float((beyond == 0).mean())}
    return found


def _models() -> list[Any]:
    return [
        make_pipeline(SimpleImputer(), ExtraTreesRegressor(60, min_samples_leaf=2, random_state=0)),
        HistGradientBoostingRegressor(max_iter=80, random_state=0),
        make_pipeline(SimpleImputer(), StandardScaler(), RidgeCV()),
    ]


def _features(of_models: np.ndarray) -> np.ndarray:
    """Return the average of the models, and the deviation of the models from it."""
    mean = WEIGHTS @ of_models
    return np.stack([mean, np.sqrt(WEIGHTS @ (of_models - mean) ** 2)])


def _sizes(
    way: str, features: np.ndarray, errors: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of features to the size of errors that is expected."""
    ones = np.ones(len(errors))
    if way == "nothing":
        return lambda given: np.ones(given.shape[1])
    if way != "both":
        place = WAYS.index(way) - 1
        scale = Scale.of(features[place], errors, ones)
        return lambda given: scale(given[place])
    first = Scale.of(features[0], errors, ones)
    second = Scale.of(features[1], errors / first(features[0]), ones)
    return lambda given: first(given[0]) * second(given[1])


def table_of(records: Records) -> str:
    """Return the interval score of each way, relative to a constant width, and its coverage."""
    rows = []
    for way in WAYS:
        ratio = geometric_mean([one[way] / one["nothing"] for one in records])
        covered = [one[f"covered by {way}"] for one in records]
        cells = [fmean(covered), min(covered), max(covered)]
        rows.append([way, f"{ratio:.3f}", *(f"{cell:.3f}" for cell in cells)])
    head = ["width follows", "interval score", "mean coverage", "least", "largest"]
    return "\n".join([f"{len(records)} tables", "", *markdown.table(head, rows)]) + "\n"


if __name__ == "__main__":
    main()
