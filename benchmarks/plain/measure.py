"""Short runs against plain models: default boosting, a linear model and a forest.

    python -m benchmarks plain --datasets FOLDER [--names ...] [--seeds 0 1] [--budgets 15 30]
                               [--label NAME]

Each table is fitted on 70 % of its rows, and scored on the others by the default metric. The error
is the RMSE, the log loss, or what the AUC lacks to 1. Saves `LABEL.json` and `LABEL.md`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks import markdown
from benchmarks.datasets import estimator_for, is_classification, read_split
from benchmarks.options import add_datasets, parser_of
from benchmarks.peers.names import NAMES
from benchmarks.records import Records, publish

BUDGETS = (15.0, 30.0)
PLAIN = ("boosting", "linear", "forest")
WITHIN = 0.01
"""Share by which an error may be larger than that of the best plain model."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1])
    add_datasets(parser)
    parser.add_argument("--budgets", nargs="+", type=float, default=BUDGETS)
    parser.add_argument("--label", default="now", help="name of the version that is measured")
    options = parser.parse_args(arguments)
    records = Records(
        options.out / f"{options.label}.json", "name", "seed", "budget", repeat=options.repeat
    )
    if options.datasets is not None:
        for name, seed, budget in records.missing(options.names, options.seeds, options.budgets):
            records.add(measure(options.datasets, name, seed, budget))
    if records:
        publish(options.out / f"{options.label}.md", table_of(records))


def measure(datasets: Path, name: str, seed: int, budget: float) -> dict[str, Any]:
    """Return the errors of a run and of the plain models on held-out rows."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator_for(y)(time_budget=budget, random_state=seed, verbose=0).fit(X, y)
        errors = {"run": error_of(model.score(X_test, y_test))}
        alone = model.select("best")
        errors["single"] = error_of(
            model.scorer_(alone, model._read(X_test), model._scored_target(y_test))
        )
        seconds = {}
        for one in PLAIN:
            start = time.perf_counter()
            plain = plain_model(one, classifies=is_classification(y)).fit(X, y)
            seconds[one] = round(time.perf_counter() - start, 2)
            errors[one] = error_of(model.scorer_(plain, X_test, y_test))
    return {
        "name": name,
        "seed": seed,
        "budget": budget,
        "candidates": len(model.leaderboard_),
        "errors": errors,
        "seconds": seconds,
    }


def error_of(score: float) -> float:
    """Return the error that a score stands for."""
    return -score if score <= 0 else 1 - score


def plain_model(kind: str, *, classifies: bool) -> Any:
    """Return one of the plain models, as its users write it."""
    texts = make_column_selector(dtype_exclude=["number", "bool"])
    if kind == "linear":
        columns = make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), _numbers()),
            (OneHotEncoder(handle_unknown="ignore", min_frequency=5), texts),
        )
        return make_pipeline(
            columns, LogisticRegression(max_iter=2_000) if classifies else RidgeCV()
        )
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    if kind == "boosting":
        columns = make_column_transformer((codes, texts), remainder="passthrough")
        model = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        return make_pipeline(columns, model(random_state=0))
    columns = make_column_transformer(
        (codes, texts), (SimpleImputer(strategy="median"), _numbers())
    )
    forest = RandomForestClassifier if classifies else RandomForestRegressor
    return make_pipeline(columns, forest(random_state=0, n_jobs=2))


def _numbers() -> Any:
    """Return a selector of columns of numbers."""
    return make_column_selector(dtype_include=["number", "bool"])


def table_of(records: Records) -> str:
    """Return the share of pairs with a smaller error, and the errors of each pair."""
    lines = []
    for budget in sorted({one["budget"] for one in records}):
        pairs = [one["errors"] for one in records if one["budget"] == budget]
        cells = []
        for system in ("run", "single"):
            better = [all(one[system] < one[plain] for plain in PLAIN) for one in pairs]
            near = [one[system] <= (1 + WITHIN) * min(one[p] for p in PLAIN) for one in pairs]
            ratios = [one[system] / min(one[plain] for plain in PLAIN) for one in pairs]
            cells.append(
                f"{system}: better than all three on {sum(better)} of {len(pairs)} pairs, within"
                f" {WITHIN:.0%} of the best of them on {sum(near)}; geometric mean of the error"
                f" relative to the best of the three {geometric_mean(ratios):.3f}."
            )
        lines += [f"{budget:g} s. " + " ".join(cells), ""]
    rows = [
        [
            one["name"],
            str(one["seed"]),
            f"{one['budget']:g}",
            *(f"{one['errors'][name]:.4g}" for name in ("run", "single", *PLAIN)),
        ]
        for one in sorted(records, key=lambda one: (one["budget"], one["name"], one["seed"]))
    ]
    head = ["table", "seed", "seconds", "run", "single pipeline", *PLAIN]
    return "\n".join([*lines, *markdown.table(head, rows)]) + "\n"


if __name__ == "__main__":
    main()
