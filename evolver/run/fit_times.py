"""Expected seconds of a fold or final fit, learned from the folds that were done.

They decide only which fits are not begun because they would not end in time. All seconds are those
that a fit takes without the cache, because the final fits have none.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from evolver.run.record import Record

MEMORY = 15
"""Largest number of folds that are remembered for each last step."""

GROWTH = 1.2
"""Power of the number of rows by which seconds grow: between linear models and slower ones."""

ENOUGH = 8
"""Number of folds on the most rows that tell how much slower this machine is than was expected.

Folds on fewer rows do not tell it: a pipeline takes longer there than its share of the rows.
"""

NEARLY_ALL = 0.9
"""Share of the most rows from which a fold counts as one on the most rows."""


class FitTimeModel:
    """Expected seconds by last step and number of rows. Only a run calls it.

    Parameters
    ----------
    rows : sequence of int
        Number of training rows of each fold of a candidate.
    """

    def __init__(self, rows: list[int]) -> None:
        self._rows = rows
        self._known: dict[str, deque[float]] = {}
        self._slower: list[float] = []

    def learn(self, record: Record, unit: int) -> None:
        """Learn from a fold that was scored.

        Parameters
        ----------
        record : Record
        unit : int
            Number of the fold.
        """
        known = self._known.setdefault(record.candidate.tree.root.name, deque(maxlen=MEMORY))
        seconds = record.folds[unit].whole_seconds
        known.append(seconds / self._rows[unit] ** GROWTH)
        is_whole = self._rows[unit] > NEARLY_ALL * max(self._rows)
        # Prior seconds of 0 give no ratio.
        if is_whole and record.candidate.prior_seconds:
            self._slower.append(seconds / record.candidate.prior_seconds)

    def prior_seconds(self, record: Record) -> float | None:
        """Return the seconds of a fold on the most rows, as known from other tables.

        They are scaled to this machine. None if nothing is known from other tables, or if too few
        folds were done to know how fast this machine is.
        """
        prior_seconds = record.candidate.prior_seconds
        if prior_seconds is None or len(self._slower) < ENOUGH:
            return None
        return prior_seconds * median(self._slower)

    def expected(self, record: Record, rows: int) -> float:
        """Return the expected seconds to fit a candidate on some rows; 0 where nothing is known.

        The candidate's own folds on the most rows are the best source, then its prior seconds, then
        the folds of other candidates with the same last step.

        Parameters
        ----------
        record : Record
        rows : int
            Number of rows.
        """
        if record.folds:
            most = max(self._rows[unit] for unit in record.folds)
            slowest = max(
                fold.whole_seconds
                for unit, fold in record.folds.items()
                if self._rows[unit] > NEARLY_ALL * most
            )
            return float(slowest * (rows / most) ** GROWTH)
        prior_seconds = self.prior_seconds(record)
        if prior_seconds is not None:
            return float(prior_seconds * (rows / max(self._rows)) ** GROWTH)
        known = self._known.get(record.candidate.tree.root.name)
        return float(median(known) * rows**GROWTH) if known else 0.0
