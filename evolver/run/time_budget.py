"""Time of a run: the search must end early enough for the final fits to end in the budget.

The search leaves time for four things:

    best       fit of the best candidate so far, on all rows
    reserve    fit of another candidate, in case that the best cannot be fitted
    ensemble   choice and fits of its members, up to a small share of the budget
    honest     correction of the score of the model that predicts

Time decides only when the search ends and which of the final fits are made.
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
"""Largest share of the budget that is reserved for choosing and fitting an ensemble."""

CHOICE_SHARE = 0.01
"""Share of the budget that is reserved for choosing an ensemble."""

HONEST_SECONDS = 5.0
"""Largest number of seconds that the honest score may take; it takes about one."""

HONEST_SHARE = 0.01
"""Share of the budget that is reserved for the honest score."""

MOST_HONEST = 1.0
"""Largest number of seconds that are reserved for the honest score."""

MEMBERS_SHARE = 0.6
"""Expected share of the best candidates that become members of an ensemble.

If fitting takes longer than expected, the ensemble is made of the members that are fitted.
"""

REFITS_PER_MEMBER = 3
"""Number of fits of each member that has random states, if there is time; they are averaged."""

WORKER_START = 5.0
"""Seconds that a worker should need to start."""

LAST_CHANCE = 1.0
"""Smallest timeout of the last fit in seconds: a model that late is better than none."""

FIT_MARGIN = 1.3
"""Ratio of the reserved to the expected seconds of a final fit."""

UNKNOWN_SHARE = 0.1
"""Share of the budget that is reserved while no candidate is scored."""

MOST_UNKNOWN = 2.0
"""Largest number of seconds that are reserved while no candidate is scored."""


class TimeBudget:
    """Seconds that are left for a run, for its search and for its final fits. Only a run calls it.

    Parameters
    ----------
    budget : Budget
    start : float
        Moment at which this call of `fit` began, as `time.monotonic` gives it.
    fit_times : FitTimeModel
    rows : int
        Number of rows of a final fit.
    members : int
        Largest number of members of an ensemble.
    workers : int
        Number of workers that fit the members.
    spent : float, default=0.0
        Seconds of the budget that the run had taken before it was resumed.

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
        """Take a scored candidate into account."""
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
        """Seconds of the budget that have passed, including those before the run was resumed."""
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds until the end of the run; infinite if there is no time budget."""
        return self.deadline.left

    @property
    def search_left(self) -> float:
        """Seconds until the search must end; infinite if there is no time budget."""
        if self._seconds is None:
            return math.inf
        reserve = self._reserve()
        if self.best is None or reserve is None:
            return self.left - min(UNKNOWN_SHARE * self._seconds, MOST_UNKNOWN)
        # A set: where the best is its own reserve, its fit counts once.
        fits = {self.expected_fit(self.best), self.expected_fit(reserve)}
        alone = sum(FINAL_OVERHEAD + FIT_MARGIN * fit for fit in fits)
        return self.left - alone - self._for_ensemble(self._seconds) - self._for_score

    @property
    def is_over(self) -> bool:
        """True when the search must end."""
        return self.search_left <= 0

    def expected_fit(self, record: Record) -> float:
        """Return the expected seconds of the fit of a candidate on all rows."""
        return self._fit_times.expected(record, self._rows)

    def fit_timeout(self, record: Record) -> float:
        """Return the timeout, in seconds, of the fit of a candidate on all rows.

        Unless the candidate is the reserve, the time to fit the reserve after it is left out.
        """
        reserve = self._reserve()
        if reserve is None or reserve is record:
            return max(self.left, LAST_CHANCE)
        return self.left - FINAL_OVERHEAD - FIT_MARGIN * self.expected_fit(reserve)

    def affords(self, records: Sequence[Record]) -> bool:
        """Return True if candidates can all be fitted on all rows in the time that is left.

        Notes
        -----
        Fits in any order, each by the next free worker, end within the mean load of the workers
        plus (1 - 1 / workers) of the longest fit (Graham 1966).
        """
        if not records:
            return True
        seconds = [self.expected_fit(record) for record in records]
        longest = sum(seconds) / self._workers + max(seconds) * (1 - 1 / self._workers)
        return FINAL_OVERHEAD + FIT_MARGIN * longest <= self.left - self._for_score

    def leave_final_fits(self) -> None:
        """Move the deadline so that there is time to start workers and make the final fits.

        A run that is resumed after its time was over still fits the best candidate it has found.
        """
        self.deadline = self.deadline.later(max(0.0, WORKER_START - self.search_left))

    def leave_ensemble(self) -> None:
        """Move the deadline forward to the expected end of an ensemble without repeated fits."""
        if self._seconds is not None:
            self.deadline = self.deadline.at_most(self._for_ensemble(self._seconds, refits=1))

    @property
    def _for_score(self) -> float:
        """Seconds to reserve for the honest score."""
        return 0.0 if self._seconds is None else min(HONEST_SHARE * self._seconds, MOST_HONEST)

    def _for_ensemble(self, seconds: float, refits: int = REFITS_PER_MEMBER) -> float:
        """Return the seconds to reserve for an ensemble of the best candidates so far.

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
        """Return the quickest candidate whose last step is not that of the best candidate.

        If the best candidate cannot be fitted on all rows, its last step may be the reason. If all
        have the same last step, the quickest of all is returned; None if none is scored.
        """
        best = None if self.best is None else self.best.candidate.tree.root.name
        others = [record for name, record in self._quickest.items() if name != best]
        return min(others or self._quickest.values(), key=self.expected_fit, default=None)
