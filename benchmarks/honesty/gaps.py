"""Gaps of reported and held-out scores: their mean with an interval, and how many are covered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import hypot
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.errors import error_in

MODELS = {"predicts": "model that predicts", "alone": "best pipeline"}
"""Models that are compared, by the key of their scores in a record."""

SCORES = {"reported": "before: reported score", "honest": "after: honest score"}
"""Scores that are compared with the held-out one, by their key."""

RESAMPLINGS = 10_000
"""Resamplings of the tables for the interval of a mean."""

DEVIATIONS = 1.96
"""Half of an interval of 95 % in standard deviations."""

METRICS = {
    "roc_auc": "AUC",
    "neg_log_loss": "log loss",
    "neg_root_mean_squared_error": "RMSE / that of the mean",
}
"""Names of the metrics by that of their scorer. Errors of numbers have the unit of their table, so
that they are divided by the error of the constant prediction."""

Record = Mapping[str, Any]
Gap = Callable[[Record], float]


def table_of(records: Sequence[Record]) -> str:
    """Return the mean gaps and the coverage, then the scores of each run."""
    n_tables = len({one["name"] for one in records})
    lines = [
        f"Score minus held-out score, mean over {len(records)} runs on {n_tables} tables; in"
        " brackets an interval of 95 % by resampling of the tables. Above 0: too good. The last"
        " column is in percent of the held-out error.",
        "",
        *markdown.table(["model", "score", *METRICS.values(), "relative (%)"], _gaps(records)),
        "",
        "Held-out scores inside the interval of `honest_score_`. Held-out rows are few, so that"
        " their score varies too: the last column counts those inside an interval that is widened"
        " by their noise.",
        "",
        *markdown.table(["model", "inside", "inside, with noise"], _covered(records)),
        "",
        "Scores of each run, errors negated:",
        "",
        *markdown.table(
            [
                *("table", "seed", "rows", "reported", "honest", "interval", "held out"),
                *("best pipeline: reported", "honest", "held out"),
            ],
            map(_scores, records),
        ),
    ]
    return "\n".join(lines) + "\n"


def mean_with_interval(records: Sequence[Record], gap: Gap, form: str = "+.4f") -> str:
    """Return the mean of a gap and its interval by resampling of tables, with all of their runs."""
    by_table: dict[str, list[float]] = {}
    for one in records:
        by_table.setdefault(one["name"], []).append(gap(one))
    if not by_table:
        return ""
    means = np.array([np.mean(gaps) for gaps in by_table.values()])
    rng = np.random.default_rng(0)
    draws = means[rng.integers(len(means), size=(RESAMPLINGS, len(means)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{means.mean():{form}} [{low:{form}}, {high:{form}}]"


def _gaps(records: Sequence[Record]) -> list[list[str]]:
    """Return the rows of the mean gaps."""
    rows = []
    for model, words in MODELS.items():
        for score, name in SCORES.items():
            by_metric = [
                mean_with_interval(
                    [one for one in records if one["metric"] == metric],
                    lambda one, model=model, score=score: _gap(one, model, score),  # type: ignore[misc]
                )
                for metric in METRICS
            ]
            relative = mean_with_interval(
                records,
                lambda one, model=model, score=score: _relative(one, model, score),  # type: ignore[misc]
                "+.1f",
            )
            rows.append([words, name, *by_metric, relative])
    return rows


def _gap(record: Record, model: str, score: str) -> float:
    """Return by how much a score is above the held-out one."""
    gap = float(record[model][score] - record[model]["held_out"])
    is_of_numbers = record["metric"] == "neg_root_mean_squared_error"
    return gap / -record["constant"] if is_of_numbers else gap


def _relative(record: Record, model: str, score: str) -> float:
    """Return by how many percent of the held-out error an error is less than that."""
    held_out = error_in(record, record[model]["held_out"])
    return 100 * (held_out - error_in(record, record[model][score])) / held_out


def _covered(records: Sequence[Record]) -> list[list[str]]:
    """Return the shares of held-out scores that are inside the interval."""
    rows = []
    for model, words in MODELS.items():
        found = [one[model] for one in records]
        shares = [np.mean([_is_inside(one, noise) for one in found]) for noise in (0.0, DEVIATIONS)]
        rows.append([words, *(f"{100 * share:.0f} %" for share in shares)])
    return rows


def _is_inside(found: Mapping[str, Any], deviations: float) -> bool:
    """Say whether a held-out score is inside the interval, widened by deviations of its noise."""
    low, high = (
        hypot(found["honest"] - found[end], deviations * found["noise"]) for end in ("low", "high")
    )
    return bool(found["honest"] - low <= found["held_out"] <= found["honest"] + high)


def _scores(record: Record) -> list[str]:
    """Return the row of a run."""
    first, alone = (record[model] for model in MODELS)
    shown = [
        *(f"{first[key]:.4g}" for key in ("reported", "honest")),
        f"{first['low']:.4g} to {first['high']:.4g}",
        f"{first['held_out']:.4g}",
        *(f"{alone[key]:.4g}" for key in ("reported", "honest", "held_out")),
    ]
    return [record["name"], str(record["seed"]), str(record["rows"]), *shown]
