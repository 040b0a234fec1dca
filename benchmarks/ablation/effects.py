"""The effects of the parts: over the tables, with intervals; and table by table.

The error is 1 - AUC, the log loss or the RMSE; an effect is the logarithm of the error without a
part over that with it, so that it says by how much larger the error is. The seeds of a table are
averaged first: tables are what another sample would have others of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
from scipy.stats import bootstrap, wilcoxon

Record = dict[str, Any]

POST_HOC = {"no ensemble": "single", "no refits but fold models": "fold_models"}
"""What needs no run of its own, and where a run with all parts has its score."""

LEAST_ERROR = 0.002
"""Of that of the constant predictor; smaller ones count as this."""

NO_CHANGE = 0.1
"""Percent of the error, below which a table is the same with and without."""


def effects_of(records: Sequence[Record]) -> str:
    """Return what is lost without a part, over all tables."""
    lines = [
        "How much larger the held-out error (1 - AUC, log loss, RMSE) is where a part is left out:"
        " geometric mean over the tables with a bootstrapped 95 % interval, median, effect size"
        " (mean over standard deviation), tables worse : same : better (same: less than"
        f" {NO_CHANGE:g} %), and p of Wilcoxon's signed-rank test. Below 0 the run is better"
        " without.",
        "",
        "| without | budget, s | tables | runs | mean, % | 95 % | median, % | effect size"
        " | worse : same : better | p |",
        f"|{' --- |' * 10}",
    ]
    for (part, budget), tables in _by_part(records).items():
        changes = [_percent(fmean(found)) for found in tables.values()]
        logs = [fmean(found) for found in tables.values()]
        n_runs = sum(len(found) for found in tables.values())
        start = f"| {part} | {budget:g} | {len(tables)} | {n_runs} | {_percent(fmean(logs)):+.2f} |"
        if len(logs) < 2 or not any(logs):
            continue
        low, high = bootstrap(
            (np.array(logs),), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
        ).confidence_interval
        worse = sum(change > NO_CHANGE for change in changes)
        better = sum(change < -NO_CHANGE for change in changes)
        lines.append(
            f"{start} {_percent(low):+.2f} to {_percent(high):+.2f} | {median(changes):+.2f} |"
            f" {fmean(logs) / stdev(logs):+.2f} |"
            f" {worse} : {len(logs) - worse - better} : {better} |"
            f" {wilcoxon(logs, zero_method='zsplit').pvalue:.3f} |"
        )
    return "\n".join(lines) + "\n"


def table_of(records: Sequence[Record]) -> str:
    """Return what is lost without a part on each table, one number a seed."""
    parts = _by_part(records)
    names = sorted({(name, budget) for part, budget in parts for name in parts[part, budget]})
    columns = sorted({part for part, _ in parts})
    lines = [
        "Percent by which the held-out error is larger without a part, one number a seed, in"
        " their order; below 0: the run is better without it.",
        "",
        f"| table | budget, s | {' | '.join(columns)} |",
        f"|{' --- |' * (len(columns) + 2)}",
    ]
    for name, budget in names:
        cells = [
            ", ".join(
                f"{_percent(one):+.2f}" for one in parts.get((part, budget), {}).get(name, [])
            )
            for part in columns
        ]
        lines.append(f"| {name} | {budget:g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _by_part(records: Sequence[Record]) -> dict[tuple[str, float], dict[str, list[float]]]:
    """Return the effects of each part and budget by table, a number for each seed, in
    their order."""
    whole = {
        (one["name"], one["budget"], one["seed"]): one for one in records if one["arm"] == "all"
    }
    effects: dict[tuple[str, float], dict[str, list[float]]] = {}
    for one in sorted(records, key=lambda record: record["seed"]):
        run = whole.get((one["name"], one["budget"], one["seed"]))
        if run is None:
            continue
        others = {part: one[key] for part, key in POST_HOC.items()}
        scores = others if one is run else {one["arm"]: one["test"]}
        for part, score in scores.items():
            if score is not None:
                tables = effects.setdefault((part, one["budget"]), {})
                effect = math.log(error_of(run, score) / error_of(run, run["test"]))
                tables.setdefault(one["name"], []).append(effect)
    return effects


def error_of(run: Record, score: float) -> float:
    """Return the error of a score of a run: the scores of two classes are areas under the curve,
    all others are errors with their sign turned."""
    best = 1.0 if run["constant"] > 0 else 0.0
    return max(best - score, LEAST_ERROR * (best - run["constant"]))


def _percent(effect: float) -> float:
    return 100 * math.expm1(effect)
