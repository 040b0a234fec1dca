"""Portfolio, random growth, evolution and refinement: what each finds that the others do not.

    python -m benchmarks evolution --datasets FOLDER [--names ...] [--seeds 0 1 2]
                                   [--evaluations 100 300] [--budgets 60 300] [--arms ...]

Runs of six kinds, at equal numbers of candidates and at equal seconds. A run begins with the
portfolio that is learned from the trials of all other tables, or without one. Random growth is a
population that is never full: no candidate is bred. Each table is fitted on 70 % of its rows and
scored on the others. Saves `records.json` and `table.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from benchmarks import markdown
from benchmarks.datasets import constant_for, read_split
from benchmarks.errors import error_in
from benchmarks.options import add_datasets, parser_of
from benchmarks.portfolio.unseen import fitted
from benchmarks.records import Records, publish
from evolver import Settings
from evolver.search.hypervolume import hypervolume

NAMES = (
    *("credit-g", "vehicle", "space-ga", "segment", "abalone", "telco-churn", "auto-mpg"),
    *("eucalyptus", "splice", "glass", "attrition", "house-8L", "phoneme", "kin8nm", "cmc"),
    *("churn", "concrete", "sensory", "titanic", "bank-marketing"),
)
"""Tables of 200 to 45,000 rows."""

GROWN = {"population_size": 100_000}
"""Parameters of random growth: a population that is never full."""

SEARCH_ALONE = {"refinement_share": 0.0, "simplification_share": 0.0}
NO_PORTFOLIO = {"portfolio_size": 0}
ARMS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "portfolio": ({"max_evaluations": Settings().portfolio_size}, SEARCH_ALONE),
    "portfolio + growth": (GROWN, SEARCH_ALONE),
    "growth": (GROWN, {**SEARCH_ALONE, **NO_PORTFOLIO}),
    "evolution": ({}, {**SEARCH_ALONE, **NO_PORTFOLIO}),
    "portfolio + evolution": ({}, SEARCH_ALONE),
    "all": ({}, {}),
}
"""Parameters of the estimator and settings of each kind of run."""

PAIRS = (
    ("portfolio + evolution", "portfolio + growth"),
    ("evolution", "growth"),
    ("portfolio + evolution", "portfolio"),
    ("all", "portfolio + evolution"),
)
"""Kinds that are compared: the first should be better."""

MOST_OPERATORS = 20.0
"""Complexity of the reference point of the hypervolume."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0, 1, 2])
    add_datasets(parser)
    parser.add_argument("--evaluations", nargs="*", type=int, default=[100, 300])
    parser.add_argument("--budgets", nargs="*", type=float, default=[60.0, 300.0])
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    options = parser.parse_args(arguments)
    ends = [
        *(f"{count} candidates" for count in options.evaluations),
        *(f"{budget:g} s" for budget in options.budgets),
    ]
    records = Records(
        options.out / "records.json", "end", "seed", "name", "arm", repeat=options.repeat
    )
    if options.datasets is not None:
        for end, seed, name, arm in records.missing(
            ends, options.seeds, options.names, options.arms
        ):
            records.add(measure(options.datasets, name, seed, end, arm))
    if records:
        publish(options.out / "table.md", table_of(records))


def measure(datasets: Path, name: str, seed: int, end: str, arm: str) -> dict[str, Any]:
    """Run one kind on one table; return the record."""
    X, y, X_test, y_test = read_split(datasets, name, seed)
    amount, unit = end.split()
    budget = float(amount) if unit == "s" else None
    own, settings = ARMS[arm]
    limit = {} if unit == "s" else {"max_evaluations": int(amount)}
    model, seconds = fitted(name, X, y, budget, seed, options={**limit, **own}, **settings)
    front = model.pareto_front_[model.pareto_front_["digest"] != "ensemble"]
    constant = float(model.scorer_(constant_for(y).fit(X, y), X_test, y_test))
    points = list(zip(front["score"], ((cost,) for cost in front["complexity"]), strict=True))
    ensemble = (model._facts or {}).get("ensemble", [])
    board, rows = model.leaderboard_, model._read(X_test)
    return {
        "name": name,
        "seed": seed,
        "end": end,
        "arm": arm,
        "seconds": round(seconds, 1),
        "candidates": len(board),
        "scored": int((board["outcome"] == "scored").sum()),
        "cross_validated": model.best_score_,
        "single": float(model.scorer_(model.best_pipeline_, rows, np.asarray(y_test))),
        "test": model.score(X_test, y_test),
        "constant": constant,
        "hypervolume": hypervolume(points, constant, (MOST_OPERATORS,)),
        "members": len(ensemble) or 1,
        "models": len({one["name"].rpartition(" ")[2] for one in ensemble}) or 1,
    }


def table_of(records: Records) -> str:
    """Return the comparisons of kinds of runs, then the means of each kind."""
    ends = list(dict.fromkeys(one["end"] for one in records))
    lines = [
        "Error (1 - AUC, log loss, RMSE) of the first kind relative to that of the second, minus 1,"
        " in the geometric mean of the pairs of table and seed, with a bootstrapped 95 % interval"
        " over tables; below 0 the first is better.",
        "",
    ]
    rows = [
        [end, f"{first} : {second}", what, *_comparison(records, end, first, second, what)]
        for end in ends
        for first, second in PAIRS
        for what in ("single", "test")
    ]
    head = ["end", "kinds", "of", "pairs", "error", "95 %", "better : worse"]
    lines += [*markdown.table(head, [row for row in rows if row[3] != "0"]), ""]
    means = []
    for end in ends:
        for arm in ARMS:
            of = [one for one in records if (one["end"], one["arm"]) == (end, arm)]
            if of:
                cells = [fmean(one[name] for one in of) for name in MEANS]
                means.append([end, arm, str(len(of)), *(f"{cell:.3g}" for cell in cells)])
    lines += markdown.table(["end", "kind", "runs", *MEANS], means)
    return "\n".join(lines) + "\n"


MEANS = ("candidates", "scored", "hypervolume", "members", "models", "seconds")
"""Entries of the records whose means are shown."""


def _comparison(records: Records, end: str, first: str, second: str, what: str) -> list[str]:
    """Return number of pairs, mean relative error, its interval, and the pairs won and lost."""
    found = {
        (one["arm"], one["name"], one["seed"]): math.log(error_in(one, one[what]))
        for one in records
        if one["end"] == end
    }
    by_table: dict[str, list[float]] = {}
    for arm, name, seed in found:
        if arm == first and (second, name, seed) in found:
            change = found[first, name, seed] - found[second, name, seed]
            by_table.setdefault(name, []).append(change)
    changes = [change for several in by_table.values() for change in several]
    if len(by_table) < 2:
        return ["0", "", "", ""]
    means = np.array([fmean(several) for several in by_table.values()])
    low = high = float(means[0])
    if np.ptp(means) > 0:
        low, high = bootstrap(
            (means,), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
        ).confidence_interval
    better, worse = sum(change < 0 for change in changes), sum(change > 0 for change in changes)
    cells = [f"{100 * math.expm1(value):+.2f} %" for value in (fmean(means), low, high)]
    return [str(len(changes)), cells[0], f"{cells[1]} to {cells[2]}", f"{better} : {worse}"]


if __name__ == "__main__":
    main()
