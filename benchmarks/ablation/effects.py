"""Effects of the parts of a run on its error: over all tables with intervals, and table by table.

The error is 1 - AUC, the log loss or the RMSE. An effect is the logarithm of the error without a
part over the error with it, so it says by how much larger the error is. The seeds of a table are
averaged first, because tables are the sample: another sample would have other tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
from scipy.stats import bootstrap, wilcoxon

from benchmarks import markdown
from benchmarks.errors import error_in

Record = dict[str, Any]

POST_HOC = {"no ensemble": "single", "no refits but fold models": "fold_models"}
"""Parts that need no run of their own, and the entry of a run with all parts that scores them."""

NO_CHANGE = 0.1
"""Percent of the error below which a table is the same with and without a part."""


def effects_of(records: Sequence[Record]) -> str:
    """Return the loss without each part, over all tables."""
    intro = (
        "How much larger the held-out error (1 - AUC, log loss, RMSE) is where a part is left out:"
        " geometric mean over the tables with a bootstrapped 95 % interval, median, effect size"
        " (mean over standard deviation), tables worse : same : better (same: less than"
        f" {NO_CHANGE:g} %), and p of Wilcoxon's signed-rank test. Below 0 the run is better"
        " without."
    )
    header = ["without", "budget, s", "tables", "runs", "mean, %", "95 %", "median, %"]
    header += ["effect size", "worse : same : better", "p"]
    rows = []
    for (part, budget), tables in _by_part(records).items():
        logs = [fmean(found) for found in tables.values()]
        if len(logs) < 2 or not any(logs):
            continue
        n_runs = sum(len(found) for found in tables.values())
        rows.append([part, f"{budget:g}", len(tables), n_runs, *_summary(logs)])
    return "\n".join([intro, "", *markdown.table(header, rows)]) + "\n"


def table_of(records: Sequence[Record]) -> str:
    """Return the loss without each part on each table, one number a seed."""
    parts = _by_part(records)
    names = sorted({(name, budget) for part, budget in parts for name in parts[part, budget]})
    columns = sorted({part for part, _ in parts})
    intro = (
        "Percent by which the held-out error is larger without a part, one number a seed, in"
        " their order; below 0: the run is better without it."
    )
    rows = []
    for name, budget in names:
        effects = [parts.get((part, budget), {}).get(name, []) for part in columns]
        cells = [", ".join(f"{_percent(one):+.2f}" for one in seeds) for seeds in effects]
        rows.append([name, f"{budget:g}", *cells])
    return "\n".join([intro, "", *markdown.table(["table", "budget, s", *columns], rows)]) + "\n"


def _summary(logs: Sequence[float]) -> list[str]:
    """Return the cells that sum up the effects of a part on the tables."""
    changes = [_percent(one) for one in logs]
    low, high = bootstrap(
        (np.array(logs),), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
    ).confidence_interval
    worse = sum(change > NO_CHANGE for change in changes)
    better = sum(change < -NO_CHANGE for change in changes)
    return [
        f"{_percent(fmean(logs)):+.2f}",
        f"{_percent(low):+.2f} to {_percent(high):+.2f}",
        f"{median(changes):+.2f}",
        f"{fmean(logs) / stdev(logs):+.2f}",
        f"{worse} : {len(logs) - worse - better} : {better}",
        f"{wilcoxon(logs, zero_method='zsplit').pvalue:.3f}",
    ]


def _by_part(records: Sequence[Record]) -> dict[tuple[str, float], dict[str, list[float]]]:
    """Return the effects of each part and budget by table, one for each seed in their order."""
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
                effect = math.log(error_in(run, score) / error_in(run, run["test"]))
                tables.setdefault(one["name"], []).append(effect)
    return effects


def _percent(effect: float) -> float:
    return 100 * math.expm1(effect)
