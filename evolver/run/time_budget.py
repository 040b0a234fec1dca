"""Time of a run: how long its search may go on, so that a model can still be fitted in the budget.

    best       best candidate so far; the time for its fit on all rows is reserved
    reserve    candidate that is fitted where the best cannot be; its fit is reserved too
    ensemble   fits of the members, as long as they take a small share of the budget

The time budget decides only when a run ends, and which of the final fits there is time for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from evolver.budget import Budget, Deadline
from evolver.run.fit_times import FitTimeModel
from evolver.run.ranking import ranking_key
from evolver.run.record import Record
from evolver.run.result import Decision

FINAL_OVERHEAD = 0.3
"""Seconds to hand over the final fit and to receive the pipeline."""

ENSEMBLE_SHARE = 0.15
"""Largest share of the budget that choosing and fitting an ensemble may take."""

CHOICE_SHARE = 0.01
"""Share of the budget that is reserved for choosing an ensemble."""

MEMBERS_SHARE = 0.6
"""Expected share of the best candidates that are members of an ensemble. Where fitting takes longer
than expected, the ensemble is made of those that are fitted."""

REFITS_PER_MEMBER = 3
"""Fits of each member with random states, where there is time; they are averaged."""

WORKER_START = 5.0
"""Seconds in which a worker should have started."""

LAST_CHANCE = 1.0
"""Least seconds for the fit of the reserve: a model late by that is better than none."""

FIT_MARGIN = 1.3
"""Ratio of the longest to the expected seconds of a final fit."""

UNKNOWN_SHARE = 0.1
"""Share of the budget that is reserved while no candidate is scored."""

MOST_UNKNOWN = 2.0
"""Largest number of seconds that are reserved while no candidate is scored."""


class TimeBudget:
    """Seconds that are left for a run and for its search. Only a run calls it.

    Parameters
    ----------
    budget : Budget
    start : float
        Moment at which this call of the run began, as `time.monotonic` gives it.
    fit_times : FitTimeModel
    rows : int
        Number of rows of a final fit.
    members : int
        Largest number of members of an ensemble.
    workers : int
        Number of workers that fit them.
    spent : float, default=0.0
        Seconds of the budget that earlier calls of the run have taken.

    Attributes
    ----------
    best : Record or None
        Best candidate so far.
    deadline : Deadline
        End of the run.
    """

    def __init__(
        self,
        budget: Budget,
        start: float,
        fit_times: FitTimeModel,
        *,
        rows: int,
        members: int,
        workers: int,
        spent: float = 0.0,
    ) -> None:
        self.best: Record | None = None
        self.deadline = Deadline.after(budget.seconds, start - spent)
        self._seconds = budget.seconds
        self._begun = start - spent
        self._fit_times = fit_times
        self._rows = rows
        self._members = members
        self._workers = workers
        self._decisions: set[Decision] = set()
        self._leaders: list[Record] = []
        self._quickest: dict[str, Record] = {}

    def observe(self, record: Record) -> None:
        """Take in a candidate all of whose folds were scored."""
        if self.best is None or ranking_key(record) < ranking_key(self.best):
            self.best = record
        self._leaders = sorted([*self._leaders, record], key=ranking_key)[: self._members]
        last_step = record.candidate.tree.root.name
        quickest = self._quickest.setdefault(last_step, record)
        if self.expected_fit(record) < self.expected_fit(quickest):
            self._quickest[last_step] = record

    def note(self, decision: Decision) -> None:
        """Note that time took part in a decision."""
        self._decisions.add(decision)

    @property
    def decisions(self) -> frozenset[Decision]:
        """Decisions in which time took part so far."""
        return frozenset(self._decisions)

    @property
    def elapsed(self) -> float:
        """Seconds of the budget that have passed, those of earlier calls included."""
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds until the end of the run; infinite where there is no limit."""
        return self.deadline.left

    @property
    def search_left(self) -> float:
        """Seconds until the search must end; infinite where there is no limit."""
        if self._seconds is None:
            return math.inf
        reserve = self._reserve()
        if self.best is None or reserve is None:
            return self.left - min(UNKNOWN_SHARE * self._seconds, MOST_UNKNOWN)
        fits = {self.expected_fit(self.best), self.expected_fit(reserve)}
        alone = sum(FINAL_OVERHEAD + FIT_MARGIN * fit for fit in fits)
        return self.left - alone - self._for_ensemble(self._seconds)

    @property
    def is_over(self) -> bool:
        """True when the search must end."""
        return self.search_left <= 0

    def expected_fit(self, record: Record) -> float:
        """Return the expected seconds of the fit of a candidate on all rows."""
        return self._fit_times.expected(record, self._rows)

    def fit_timeout(self, record: Record) -> float:
        """Return the seconds that fitting a candidate on all rows may take.

        Unless the candidate is the reserve itself, time is left to fit the reserve instead.
        """
        reserve = self._reserve()
        if reserve is None or reserve is record:
            return max(self.left, LAST_CHANCE)
        return self.left - FINAL_OVERHEAD - FIT_MARGIN * self.expected_fit(reserve)

    def affords(self, records: Sequence[Record]) -> bool:
        """Say whether candidates can be fitted on all rows in the time that is left.

        Each is fitted by the next worker that is free (bound of Graham 1966).
        """
        if not records:
            return True
        seconds = [self.expected_fit(record) for record in records]
        longest = sum(seconds) / self._workers + max(seconds) * (1 - 1 / self._workers)
        return FINAL_OVERHEAD + FIT_MARGIN * longest <= self.left

    def leave_final_fits(self) -> None:
        """Put the deadline off until there is time for final fits by workers that are yet to start.

        A run that is resumed after its time was over ends with what it has found.
        """
        self.deadline = self.deadline.later(max(0.0, WORKER_START - self.search_left))

    def leave_ensemble(self) -> None:
        """Bring the deadline forward to the expected end of an ensemble without repeated fits."""
        if self._seconds is not None:
            self.deadline = self.deadline.at_most(self._for_ensemble(self._seconds, refits=1))

    def _for_ensemble(self, seconds: float, refits: int = REFITS_PER_MEMBER) -> float:
        """Return the expected seconds of an ensemble of the best so far.

        Parameters
        ----------
        seconds : float
            Seconds of the budget.
        refits : int
            Number of fits of each member.
        """
        if len(self._leaders) < 2:
            return 0.0
        fits = refits * MEMBERS_SHARE * sum(self.expected_fit(record) for record in self._leaders)
        choosing = CHOICE_SHARE * seconds + FINAL_OVERHEAD
        return min(ENSEMBLE_SHARE * seconds, choosing + fits / self._workers)

    def _reserve(self) -> Record | None:
        """Return the quickest candidate with another last step than the best.

        The last step may be what is wrong with the best.
        """
        best = None if self.best is None else self.best.candidate.tree.root.name
        others = [record for name, record in self._quickest.items() if name != best]
        return min(others or self._quickest.values(), key=self.expected_fit, default=None)
