"""When a search must end so that a model can still be fitted in the budget.

    best       the winner so far: its fit on all rows is reserved
    reserve    what is fitted where the best cannot be; its fit is reserved too

    idle       candidates scored or raced out since the best one, or since somebody set it to 0

    decided    decisions in which time took part

It decides nothing but the length of a run, and which of the final fits there is time for.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from evolver.run.fit_times import FitTimeModel
from evolver.run.record import Decision, Record, ranking_key

FINAL_OVERHEAD = 0.3
"""Seconds to hand over the final fit and to bring the pipeline home."""

ENSEMBLE_SHARE, CHOICE_SHARE = 0.15, 0.01
"""Of the budget: what choosing and fitting an ensemble may take, and what choosing takes at
least."""

MEMBERS_SHARE = 0.6
"""Of the best candidates, that an ensemble has as members; where they take longer than expected, it
is made of those that are fitted."""

REFITS_PER_MEMBER = 3
"""Of each member with random states, where there is time; they are averaged."""

WORKER_START = 5.0
"""Seconds in which a worker should have started."""

LAST_CHANCE = 1.0
"""Seconds that the reserve may take at the least: a model late by that beats none."""

FIT_MARGIN = 1.3
"""How much longer than expected a final fit may take."""

UNKNOWN_SHARE, MOST_UNKNOWN = 0.1, 2.0
"""Of the budget, and seconds at the most: what is reserved while nothing is scored."""


class Deadline:
    """Seconds that are left, of a run and of its search. Only a run tells it.

    Parameters
    ----------
    start : float
        When the budget began to run, as `time.monotonic` gives it.
    seconds : float or None
        Of the budget; None where time is no matter.
    rows : int
        Of the final fit.
    pace : FitTimeModel
    members : int
        Of an ensemble, at the most.
    workers : int
        That fit them.
    """

    def __init__(
        self,
        start: float,
        seconds: float | None,
        rows: int,
        pace: FitTimeModel,
        *,
        members: int,
        workers: int,
    ) -> None:
        self.best: Record | None = None
        self.idle = 0
        self.decided: set[Decision] = set()
        self._start = start
        self._seconds = seconds
        self._rows = rows
        self._pace = pace
        self._members = members
        self._workers = workers
        self._leaders: list[Record] = []
        self._quickest: dict[str, Record] = {}

    def observe(self, record: Record) -> None:
        """Take in a candidate all of whose folds were scored."""
        self.idle += 1
        if self.best is None or ranking_key(record) < ranking_key(self.best):
            self.best = record
            self.idle = 0
        self._leaders = sorted([*self._leaders, record], key=ranking_key)[: self._members]
        last_step = record.candidate.tree.root.name
        quickest = self._quickest.setdefault(last_step, record)
        if self.expected_fit(record) < self.expected_fit(quickest):
            self._quickest[last_step] = record

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    @property
    def left(self) -> float | None:
        """Seconds of the budget; None where time is no matter."""
        return None if self._seconds is None else self._seconds - self.elapsed

    @property
    def search_left(self) -> float | None:
        """Seconds until the final fit must begin."""
        left = self.left
        if left is None:
            return None
        reserve = self._reserve()
        if self.best is None or reserve is None:
            return left - min(UNKNOWN_SHARE * (self._seconds or 0.0), MOST_UNKNOWN)
        fits = {self.expected_fit(self.best), self.expected_fit(reserve)}
        alone = sum(FINAL_OVERHEAD + FIT_MARGIN * fit for fit in fits)
        return left - alone - self._for_ensemble()

    @property
    def is_over(self) -> bool:
        """Whether the search must end."""
        left = self.search_left
        return left is not None and left <= 0

    def expected_fit(self, record: Record) -> float:
        """Return the seconds that fitting a candidate on all rows should take."""
        return self._pace.expected(record, self._rows)

    def fit_timeout(self, record: Record) -> float | None:
        """Return the seconds that fitting a candidate on all rows may take.

        Unless it is the reserve itself, it leaves the time to fit that instead.
        """
        left = self.left
        if left is None:
            return None
        reserve = self._reserve()
        if reserve is None or reserve is record:
            return max(left, LAST_CHANCE)
        return left - FINAL_OVERHEAD - FIT_MARGIN * self.expected_fit(reserve)

    def affords(self, records: Sequence[Record]) -> bool:
        """Say whether candidates can be fitted on all rows in the time that is left, each by the
        next worker that is free (by the bound of Graham 1966)."""
        left = self.left
        if left is None or not records:
            return True
        seconds = [self.expected_fit(record) for record in records]
        longest = sum(seconds) / self._workers + max(seconds) * (1 - 1 / self._workers)
        return FINAL_OVERHEAD + FIT_MARGIN * longest <= left

    def leave_finish(self) -> None:
        """Have enough left for the final fits, by workers that are yet to start."""
        left = self.search_left
        if left is not None:
            self._start += max(0.0, WORKER_START - left)

    def leave_ensemble(self) -> None:
        """Have no more left than an ensemble should take whose members are fitted once."""
        left = self.left
        if left is not None:
            self._start -= max(0.0, left - self._for_ensemble(1))

    def _for_ensemble(self, n_fits: int = REFITS_PER_MEMBER) -> float:
        """Return the seconds that an ensemble of the best so far should take, its members fitted so
        many times."""
        if self._seconds is None or len(self._leaders) < 2:
            return 0.0
        fits = n_fits * MEMBERS_SHARE * sum(self.expected_fit(record) for record in self._leaders)
        choosing = CHOICE_SHARE * self._seconds + FINAL_OVERHEAD
        return min(ENSEMBLE_SHARE * self._seconds, choosing + fits / self._workers)

    def _reserve(self) -> Record | None:
        """Return what is fitted where the best cannot be: the quickest with another last step, as
        what is wrong with the best may be that."""
        best = None if self.best is None else self.best.candidate.tree.root.name
        others = [record for name, record in self._quickest.items() if name != best]
        return min(others or self._quickest.values(), key=self.expected_fit, default=None)
