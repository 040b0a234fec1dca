"""Effect of the treatments of each role of columns on cross-validated scores.

    python -m benchmarks encoders --datasets FOLDER [--names ...]

Encodes at most 5,000 rows of each table, read by its schema, and scores boosting of LightGBM with
its defaults and a linear model on three folds. The columns of one role are treated in each way at a
time; those of other roles are treated as in `OTHERS`. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import markdown
from benchmarks.datasets import is_classification, read
from benchmarks.encoders.runs import NAMES
from benchmarks.errors import error_of, gain
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver.schema import learn
from primitives.cleaning import TableCleaner
from primitives.encoders import build_encoder
from primitives.high_cardinality import has_many_values
from primitives.treatments import TARGET_TYPES, TREATMENTS

ROWS = 5_000
FOLDS = 3
MODELS = ("boosting", "linear")

ORDINAL = {"categories": "ordinal", "min_frequency": 1}
ONE_HOT = {"categories": "one_hot", "max_categories": 32}
READ = {"texts": "read", "alpha": 1.0}
TOPICS = {"texts": "topics", "n_components": 50}
WORDS, CHARACTERS, STATISTICS = (
    {"n_grams": "words"},
    {"n_grams": "characters"},
    {"statistics": True},
)
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "dates": {
        "parts": {"dates": "parts"},
        "cyclic": {"dates": "cyclic"},
        "parts, differences": {"dates": "parts", "differences": True},
        "cyclic, differences": {"dates": "cyclic", "differences": True},
    },
    "categories": {
        "ordinal": ORDINAL,
        "one_hot": ONE_HOT,
        "target": {"categories": "target", "smooth": 10.0},
    },
    "high_cardinality": {
        "ordinal": {"high_cardinality": "ordinal", "high_min_frequency": 1},
        "target": {"high_cardinality": "target", "high_smooth": 5.0},
        "read": {"high_cardinality": "read", "high_smooth": 5.0, "high_alpha": 3.0},
        "one_hot": {"high_cardinality": "one_hot", "high_max_categories": 100},
        "frequency": {"high_cardinality": "frequency"},
        "min_hash": {"high_cardinality": "min_hash", "high_n_components": 30},
        "none": {"high_cardinality": "none"},
    },
    "texts": {
        "read": READ | WORDS,
        "read, statistics": READ | WORDS | STATISTICS,
        "read, characters": READ | CHARACTERS,
        "read, characters, statistics": READ | CHARACTERS | STATISTICS,
        "topics": TOPICS | WORDS,
        "topics, statistics": TOPICS | WORDS | STATISTICS,
        "topics, characters": TOPICS | CHARACTERS,
    },
}
"""Parameter values of an encoder by role and way; the first way is the one of before."""

BEFORE = {"numbers": {"numbers": "median"}} | {
    role: next(iter(ways.values())) for role, ways in WAYS.items()
}
OTHERS = {"boosting": BEFORE, "linear": BEFORE | {"categories": ONE_HOT}}
"""Parameter values for the roles that are not measured, by model."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    file = options.out / "records.json"
    records = Records(file, "name", "model", "role", "way", repeat=options.repeat)
    if options.datasets is not None:
        for name in options.names:
            measure(options.datasets, name, records)
    if records:
        publish(options.out / "table.md", table_of(records))


def measure(datasets: Path, name: str, records: Records) -> None:
    """Add the missing records of a table."""
    X, y = read(datasets, name)
    some = np.random.default_rng(0).permutation(len(X))[:ROWS]
    X, y = learn(X).read(X)[0].iloc[some], y.iloc[some]
    if is_classification(y):  # each class must be in all folds
        known = y.map(y.value_counts()) >= FOLDS
        X, y = X[known], y[known]
    roles = roles_of(X)
    for role in [role for role in WAYS if role in roles]:
        for way in WAYS[role]:
            if "differences" in way and X.select_dtypes("datetime").shape[1] < 2:
                continue
            for model in MODELS:
                if records.is_missing(name, model, role, way):
                    chosen = {**OTHERS[model], role: WAYS[role][way]}
                    values = {one: v for each in roles for one, v in chosen[each].items()}
                    entry = {"name": name, "model": model, "role": role, "way": way}
                    records.add({**entry, **scored(X, y, model, values)})


def roles_of(X: pd.DataFrame) -> list[str]:
    """Return the roles of the columns of a table that was read by its schema."""
    found = ["numbers"] * (X.select_dtypes("number").shape[1] > 0)
    found += ["dates"] * (X.select_dtypes("datetime").shape[1] > 0)
    many = [has_many_values(dtype) for dtype in X.select_dtypes("category").dtypes]
    found += ["categories"] * (False in many) + ["high_cardinality"] * (True in many)
    has_texts = any(map(pd.api.types.is_object_dtype, X.dtypes))
    return found + ["texts"] * has_texts


def scored(X: pd.DataFrame, y: pd.Series, model: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the task, the score of an encoder with these parameter values, and its seconds."""
    classes = y.nunique() if is_classification(y) else 0
    task = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    kinds = {"target_type": TARGET_TYPES[task], "high_target_type": TARGET_TYPES[task]}
    encoder = build_encoder(TREATMENTS, random_state=0, **values, **kinds)
    target = pd.factorize(y)[0] if classes else y.to_numpy()
    splitter = StratifiedKFold if classes else KFold
    scoring = {"binary": "roc_auc", "multiclass": "neg_log_loss"}
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_score(
            make_pipeline(TableCleaner(), encoder, estimator(model, classes > 0)),
            X,
            target,
            cv=splitter(FOLDS, shuffle=True, random_state=0),
            scoring=scoring.get(task, "neg_root_mean_squared_error"),
            error_score="raise",
        )
    seconds = round(time.perf_counter() - start, 1)
    return {"task": task, "score": float(scores.mean()), "seconds": seconds}


def estimator(model: str, classifies: bool) -> Any:
    """Return an unfitted model."""
    if model == "boosting":
        return (LGBMClassifier if classifies else LGBMRegressor)(
            n_jobs=1, verbosity=-1, random_state=0
        )
    return make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=300) if classifies else Ridge()
    )


def table_of(records: Records) -> str:
    """Return a table for each role: gains in percent of the error against the way of before."""
    lines: list[str] = []
    for role, ways in WAYS.items():
        first, *others = ways
        errors = {
            (one["name"], one["model"], one["way"]): error_of(one["task"], one["score"])
            for one in records
            if one["role"] == role
        }
        gains: dict[str, list[float | None]] = {}
        for name, model in [key[:2] for key in errors if key[2] == first]:
            before = errors[name, model, first]
            found = [errors.get((name, model, way)) for way in others]
            gains[f"{name}, {model}"] = [one and gain(before, one, 1e-9) for one in found]
        rows = [[name, *map(_cell, found)] for name, found in gains.items()]
        means = [_mean(column) for column in zip(*gains.values(), strict=True)]
        header = ["table, model", *others]
        table = markdown.table(header, [*rows, ["**mean**", *map(_cell, means)]])
        lines += [f"## {role}, against {first}", "", *table, ""]
    return "\n".join(lines)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return fmean(known) if known else None


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:+.1f}"


if __name__ == "__main__":
    main()
