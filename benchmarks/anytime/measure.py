"""How good the best pipeline is after 15, 30 and 60 seconds of one run, on some real tables.

    python benchmarks/anytime/measure.py --datasets FOLDER --out FILE [--names ...] [--seeds 0 1]

Of each table 70 % is fitted on and 30 % scored. The journal of a run says when each candidate was
done; the best one at each moment is fitted on all rows afterwards and scored on the held-out ones.
A run that exists in the file of the records is not repeated.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sqlite3
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import train_test_split

from benchmarks.records import Records
from evolver import EvolvedClassifier, EvolvedRegressor
from evolver.checks import selected_catalogue
from evolver.genome.codec import decode
from evolver.genome.pipeline import to_estimator

NAMES = (
    "credit-g",
    "segment",
    "adult",
    "ames-housing",
    "abalone",
    "arcene",
    "arrhythmia",
    "bike-sharing",
    "covertype-20k",
    "nyc-flights",
)
"""Of many kinds: mixed, multiclass, with gaps, 10,000 columns, tiny classes, dates, many rows."""

MOMENTS = (15.0, 30.0, 60.0)
"""Seconds from the start of `fit`."""


class Done(NamedTuple):
    """A candidate that was fully scored so many seconds after the start."""

    seconds: float
    number: int
    tree: Any


def main() -> None:
    """Measure every table and save the records."""
    options = parse_arguments()
    records = Records(options.out, "name", "seed")
    for seed, name in itertools.product(options.seeds, options.names):
        if records.has(name, seed):
            continue
        records.add(measure(options.datasets / f"{name}.parquet", options.budget, seed))


def measure(file: Path, budget: float, seed: int) -> dict[str, Any]:
    """Run one table; return the record."""
    table = pd.read_parquet(file)
    classification = not pd.api.types.is_float_dtype(table["target"])
    train, test = split(table, classification, seed)
    X, y = train.drop(columns="target"), train["target"]
    X_test, y_test = test.drop(columns="target"), test["target"]
    make = EvolvedClassifier if classification else EvolvedRegressor
    with tempfile.TemporaryDirectory() as folder:
        model = make(time_budget=budget, random_state=seed, verbose=0, run_dir=folder)
        start = time.monotonic()
        model.fit(X, y)
        seconds = time.monotonic() - start
        done = scored_candidates(Path(folder) / "journal.sqlite")
    outcomes = model.leaderboard_["outcome"].value_counts()
    constant = DummyClassifier(strategy="prior") if classification else DummyRegressor()
    return {
        "name": file.stem,
        "seed": seed,
        "budget": budget,
        "seconds": round(seconds, 2),
        "overrun": round(seconds / budget - 1, 4),
        **{outcome: int(outcomes.get(outcome, 0)) for outcome in ("scored", "stopped", "failed")},
        "first_full": round(done[0].seconds, 2) if done else None,
        "test": {
            f"{moment:g}": score_at(moment, done, model, X_test, y_test) for moment in MOMENTS
        },
        "final_test": model.score(X_test, y_test),
        "constant_test": float(model.scorer_(constant.fit(X, y), X_test, y_test)),
    }


def split(
    table: pd.DataFrame, classification: bool, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 70 % and 30 % of the rows, classes in equal shares where each has two rows or more."""
    stratify = table["target"] if classification else None
    if stratify is not None and stratify.value_counts().min() < 2:
        stratify = None
    train, test = train_test_split(table, test_size=0.3, random_state=seed, stratify=stratify)
    if classification:  # a class that is in the test rows alone can be neither learned nor scored
        test = test[test["target"].isin(train["target"].unique())]
    return train, test


def scored_candidates(journal: Path) -> list[Done]:
    """Return the candidates that were fully scored, in the order of time."""
    with sqlite3.connect(journal) as connection:
        bodies = connection.execute("SELECT number, body FROM entries WHERE kind = 'candidate'")
        trees = {number: json.loads(body)["tree"] for number, body in bodies}
        rows = connection.execute(
            "SELECT number, json_extract(body, '$.seconds') FROM entries WHERE kind = 'scored'"
        )
        done = [Done(seconds, number, trees[number]) for number, seconds in rows]
    return sorted(done, key=lambda one: one.seconds)


def score_at(moment: float, done: list[Done], model: Any, X_test: Any, y_test: Any) -> float | None:
    """Return the test score of the best candidate at a moment; None where there was none."""
    so_far = [one for one in done if one.seconds <= moment]
    if not so_far:
        return None
    scores = model.leaderboard_.set_index("number")["score"]
    best = max(so_far, key=lambda one: scores[one.number])
    problem = model._problem
    tree = decode(best.tree, selected_catalogue(None, problem, grouped=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = to_estimator(tree).fit(problem.X, problem.y)
        return float(model.scorer_(pipeline, X_test, y_test))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--out", type=Path, required=True, help="file of the records")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for a fit")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    return parser.parse_args()


if __name__ == "__main__":
    main()
