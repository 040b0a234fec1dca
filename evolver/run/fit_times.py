"""How long a fold will take, from those that were done.

It decides nothing but what is not started, because it would not end in time. Seconds are those
without a cache: the final fit has none.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from evolver.run.record import Record

MEMORY = 15
"""Folds of a last step that are remembered."""

GROWTH = 1.2
"""Power of the number of rows by which seconds grow: between linear and the slower models."""

ENOUGH = 8
"""Folds on the most rows after which it is known how much slower this machine and table are than
was expected. On few rows a pipeline takes longer than its share."""


class FitTimeModel:
    """Seconds by last step and rows. Only a run tells it.

    Parameters
    ----------
    rows : sequence of int
        Training rows of each fold of a candidate.
    """

    def __init__(self, rows: list[int]) -> None:
        self._rows = rows
        self._known: dict[str, deque[float]] = {}
        self._slower: list[float] = []

    def learn(self, record: Record, unit: int) -> None:
        """Take in a fold that was done."""
        known = self._known.setdefault(record.candidate.tree.root.name, deque(maxlen=MEMORY))
        seconds = record.folds[unit].whole_seconds
        known.append(seconds / self._rows[unit] ** GROWTH)
        is_whole = self._rows[unit] > 0.9 * max(self._rows)
        if (
            is_whole and record.candidate.prior_seconds
        ):  # 0 s says nothing of how much slower this is
            self._slower.append(seconds / record.candidate.prior_seconds)

    def prior_seconds(self, record: Record) -> float | None:
        """Return the seconds of a fold on the most rows by what other tables say, on this machine;
        None where they say nothing, or too few such folds were done."""
        prior_seconds = record.candidate.prior_seconds
        if prior_seconds is None or len(self._slower) < ENOUGH:
            return None
        return prior_seconds * median(self._slower)

    def expected(self, record: Record, rows: int) -> float:
        """Return the seconds to fit a candidate on so many rows; 0 where nothing is known.

        Its own folds on the most rows say it best; else its prior seconds, or the folds of others
        with the same last step.
        """
        if record.folds:
            most = max(self._rows[unit] for unit in record.folds)
            slowest = max(
                fold.whole_seconds
                for unit, fold in record.folds.items()
                if self._rows[unit] > 0.9 * most
            )
            return float(slowest * (rows / most) ** GROWTH)
        prior_seconds = self.prior_seconds(record)
        if prior_seconds is not None:
            return float(prior_seconds * (rows / max(self._rows)) ** GROWTH)
        known = self._known.get(record.candidate.tree.root.name)
        return float(median(known) * rows**GROWTH) if known else 0.0
