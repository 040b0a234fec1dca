"""Winners and honest scores by repeated folds on small tables, at equal time.

    python -m benchmarks honesty.repeats --datasets FOLDER [--names ...] [--seeds 0 1]

Eight tables of fewer than 1,000 rows are fitted on 70 % of their rows for the same time with 5
folds, and with 5 folds that are repeated, and scored on the others. Runs of one table follow one
another, so that a busy machine slows all of them. Saves `repeats.json` and `repeats.md`.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pandas as pd
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

from benchmarks import markdown
from benchmarks.datasets import (
    TARGET,
    columns_and_target,
    constant_for,
    estimator_for,
    is_classification,
    split,
)
from benchmarks.errors import error_in, gain
from benchmarks.honesty.gaps import mean_with_interval
from benchmarks.honesty.measure import scores_of
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish

NAMES = (
    *("hepatitis", "sonar", "colic", "cylinder-bands", "australian", "vehicle"),
    *("auto-mpg", "sensory"),
)
"""Tables of 155 to 846 rows: five of two classes, one of four, two of numbers."""

REPEATS = (1, 2, 3)
"""Numbers of repeats of the 5 folds."""

FOLDS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing runs, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1], budget=15.0)
    add_datasets(parser)
    options = parser.parse_args(arguments)
    key = ("seed", "name", "repeats")
    records = Records(options.out / "repeats.json", *key, repeat=options.repeat)
    if options.datasets is not None:
        for seed, name, repeats in records.missing(options.seeds, options.names, REPEATS):
            table = pd.read_parquet(options.datasets / f"{name}.parquet")
            found = measure(table, seed, repeats, options.budget)
            records.add({"seed": seed, "name": name, "repeats": repeats, **found})
    if records:
        publish(options.out / "repeats.md", table_of(records))


def measure(table: pd.DataFrame, seed: int, repeats: int, budget: float) -> dict[str, Any]:
    """Run one table with one number of repeats; return the scores of the model that predicts."""
    train, test = split(table, seed)
    (X, y), (X_test, y_test) = columns_and_target(train), columns_and_target(test)
    repeated = RepeatedStratifiedKFold if is_classification(table[TARGET]) else RepeatedKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator_for(table[TARGET])(
            time_budget=budget,
            cv=repeated(n_splits=FOLDS, n_repeats=repeats, random_state=seed),
            random_state=seed,
            verbose=0,
        ).fit(X, y)
        constant = float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test))
        return {
            "metric": next(iter(model.scorers_)),
            "constant": constant,
            "candidates": len(model.leaderboard_),
            **scores_of(model, X_test, y_test, seed),
        }


def table_of(records: Sequence[dict[str, Any]]) -> str:
    """Return the means of each number of repeats, over the runs that all numbers have."""
    by_run: dict[tuple[str, int], dict[int, dict[str, Any]]] = {}
    for one in records:
        by_run.setdefault((one["name"], one["seed"]), {})[one["repeats"]] = one
    runs = [found for found in by_run.values() if set(found) == set(REPEATS)]
    rows = []
    for repeats in REPEATS:
        compared = [
            {
                "name": found[repeats]["name"],
                "gain": gain(
                    error_in(found[1], found[1]["held_out"]),
                    error_in(found[repeats], found[repeats]["held_out"]),
                    0.0,
                ),
                "gap": relative_gap(found[repeats]),
            }
            for found in runs
        ]
        rows.append(
            [
                f"{FOLDS} folds x {repeats}",
                mean_with_interval(compared, lambda one: one["gain"], "+.1f"),
                mean_with_interval(compared, lambda one: one["gap"], "+.1f"),
                f"{fmean(abs(one['gap']) for one in compared):.1f}" if compared else "",
                f"{fmean(found[repeats]['candidates'] for found in runs):.0f}" if runs else "",
            ]
        )
    header = [
        *("folds", "error smaller by (%)", "honest score too good by (%)"),
        *("size of that gap (%)", "candidates"),
    ]
    title = (
        f"Means over {len(runs)} runs, in brackets intervals of 95 % by resampling of the tables;"
        " percent of the logarithm of the held-out error, and of that error."
    )
    return "\n".join([title, "", *markdown.table(header, rows), "", *_each(by_run)]) + "\n"


def relative_gap(record: dict[str, Any]) -> float:
    """Return by how many percent of the held-out error the honest error is less than that."""
    held_out = error_in(record, record["held_out"])
    return 100 * (held_out - error_in(record, record["honest"])) / held_out


def _each(by_run: dict[tuple[str, int], dict[int, dict[str, Any]]]) -> list[str]:
    """Return the held-out and honest scores of each run."""
    kinds = list(itertools.product(REPEATS, ("held_out", "honest")))
    header = [
        "table",
        "seed",
        *(f"x {repeats}: {kind}".replace("_", " ") for repeats, kind in kinds),
    ]
    rows = [
        [
            name,
            seed,
            *(f"{found[repeats][kind]:.4g}" if repeats in found else "" for repeats, kind in kinds),
        ]
        for (name, seed), found in by_run.items()
    ]
    return markdown.table(header, rows)


if __name__ == "__main__":
    main()
