"""Ranking of systems over many tables: mean ranks with their critical difference, wins, failures.

The tests are those of Demšar (2006), "Statistical comparisons of classifiers over multiple data
sets": ranks by table, and by Nemenyi the difference that two mean ranks must have to differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean, median

import numpy as np
import pandas as pd
from scipy.stats import studentized_range

from benchmarks import markdown
from benchmarks.errors import won_lost
from benchmarks.peers.record import Record
from benchmarks.peers.scoring import METRICS

LEVEL = 0.05
LATE = 0.05
"""Overrun, as a share of the budget, above which a run counts as late."""

COLUMNS = (
    "system",
    "mean rank",
    "scaled score",
    "better : equal : worse",
    "failed",
    "late",
    "fit, s",
    "a row, ms",
    "model, MB",
    "peak memory, MB",
)
SINGLE = ", single pipeline"
"""Ending of the name of a system whose best single pipeline takes part too."""


class Comparison:
    """Systems that have run on the same tables and seeds with one budget.

    A table takes part where every system has a record of it; seeds of a table are averaged.

    Parameters
    ----------
    records : iterable of Record
        Records of one budget.

    Attributes
    ----------
    budget : float
    systems : list of str
        Best mean rank first; single pipelines are systems of their own.
    tables : list of str
    ranks : DataFrame of shape (n_tables, n_systems)
        Ranks; 1 is best, ties share the mean.
    scaled : DataFrame of shape (n_tables, n_systems)
        Scores: 0 that of the constant predictor, 1 the best of all.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)
        self.budget = self._records[0].budget
        scores = pd.DataFrame(
            [
                {"contest": (one.dataset, one.seed), "system": name, "score": score}
                for one in self._records
                for name, score in _scores(one)
            ]
        ).pivot(index="contest", columns="system", values="score")
        whole = scores.dropna()
        constant = {
            (one.dataset, one.seed): _gain(one, one.constant_score) for one in self._records
        }
        floor = pd.Series([constant[contest] for contest in whole.index], index=whole.index)
        above = whole.sub(floor, axis=0)
        scaled = above.div(above.max(axis=1).clip(lower=1e-12), axis=0)
        by_table = [contest[0] for contest in whole.index]
        ranks = whole.round(10).rank(axis=1, ascending=False).groupby(by_table).mean()
        self.systems = list(ranks.mean().sort_values().index)
        self.tables = list(ranks.index)
        self.ranks = ranks[self.systems]
        self.scaled = scaled.groupby(by_table).mean()[self.systems]
        self._scores = whole.groupby(by_table).mean()

    @property
    def critical_difference(self) -> float:
        """Difference of two mean ranks that chance exceeds in 5 % of comparisons (Nemenyi)."""
        systems, tables = len(self.systems), len(self.tables)
        quantile = studentized_range.ppf(1 - LEVEL, systems, np.inf) / np.sqrt(2)
        return float(quantile * np.sqrt(systems * (systems + 1) / (6 * tables)))

    def seconds(self, system: str) -> float:
        """Return the median seconds of a fit."""
        found = [one.fit_seconds for one in self._of(system) if one.fit_seconds is not None]
        return median(found) if found else float("nan")

    def render(self) -> str:
        """Return the Markdown table of the comparison."""
        first = self.systems[0]
        intro = [
            f"{self.budget:g} s, {len(self.tables)} tables: {', '.join(self.tables)}.",
            "",
            f"Mean ranks differ from {self.critical_difference:.2f} on (Nemenyi,"
            f" {LEVEL:.0%}). Scaled: 0 the constant predictor, 1 the best of all. Better : equal :"
            f" worse counts tables against {first}. Late: more than {LATE:.0%} over the budget.",
            "",
        ]
        rows = [self._row(system) for system in self.systems]
        return "\n".join([*intro, *markdown.table(COLUMNS, rows)]) + "\n"

    def _row(self, system: str) -> list[str]:
        mine = self._of(system)
        against = self._scores[system] - self._scores[self.systems[0]]
        better, worse = won_lost(against.round(10))
        counts = f"{better} : {len(against) - better - worse} : {worse}"
        late = sum(one.overrun is not None and one.overrun > LATE for one in mine)
        single = system.endswith(SINGLE)
        delivered = [] if single else [one for one in mine if one.model_bytes is not None]
        return [
            system,
            f"{self.ranks[system].mean():.2f}",
            f"{self.scaled[system].mean():.3f}",
            counts,
            f"{sum(one.imputed for one in mine)} of {len(mine)}",
            str(late),
            f"{self.seconds(system):.1f}",
            _median(1e3 * _row_seconds(one) for one in delivered),
            _median((one.model_bytes or 0) / 1e6 for one in delivered),
            f"{fmean(one.peak_memory for one in mine) / 1e6:.0f}",
        ]

    def _of(self, system: str) -> list[Record]:
        name = system.removesuffix(SINGLE)
        return [one for one in self._records if one.system == name and one.dataset in self.tables]


def times_to_reach(records: Iterable[Record], reference: str, system: str) -> str:
    """Return as Markdown the least budgets at which a system is no worse than another.

    The other counts with its score at its largest budget. Empty where a system has but one budget.
    """
    found: dict[tuple[str, int], dict[str, dict[float, float]]] = {}
    for one in records:
        if one.system in (reference, system):
            mine = found.setdefault((one.dataset, one.seed), {}).setdefault(one.system, {})
            mine[one.budget] = _gain(one, one.score)
    times, most = {}, 0.0
    for contest, scores in sorted(found.items()):
        if len(scores) == 2 and len(scores[system]) > 1:
            most = max(most, *scores[reference])
            target = scores[reference][max(scores[reference])]
            enough = [budget for budget, score in scores[system].items() if score >= target]
            times[contest] = min(enough, default=np.inf)
    if not times:
        return ""
    quartiles = np.quantile(list(times.values()), [0.25, 0.5, 0.75], method="higher")
    lines = [
        f"Least budget of {system} with a score no worse than {reference}'s of {most:g} s:"
        f" median {quartiles[1]:g} s, quartiles {quartiles[0]:g} and {quartiles[2]:g} s.",
        "",
        *markdown.table(
            ["table", "seed", "seconds"],
            ([name, seed, f"{seconds:g}"] for (name, seed), seconds in times.items()),
        ),
    ]
    return "\n".join(lines) + "\n"


def _scores(record: Record) -> list[tuple[str, float]]:
    """Return the names that take part by a record, with scores; greater is better."""
    found = [(record.system, _gain(record, record.score))]
    if record.single_score is not None:
        found.append((record.system + SINGLE, _gain(record, record.single_score)))
    return found


def _gain(record: Record, score: float) -> float:
    return score if METRICS[record.task].greater_is_better else -score


def _row_seconds(record: Record) -> float:
    held_out = 0.3 * record.rows
    return (record.predict_seconds or 0.0) / held_out


def _median(values: Iterable[float]) -> str:
    found: Sequence[float] = list(values)
    return f"{median(found):.3g}" if found else ""
