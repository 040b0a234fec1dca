"""Phases of a search: when refinement and simplification begin.

Time may decide it. So the journal keeps the number of the first candidate of each phase, and a run
that is resumed asks for the same candidates. A search whose patience is over ends with a phase of
simplification.
"""

from __future__ import annotations

import math

from evolver.run.plan import RunPlan
from evolver.run.result import Decision
from evolver.run.time_budget import TimeBudget
from evolver.storage.journal import Journal


class Phases:
    """Phases of one call. Only the loop of a run calls it, before it asks for a candidate.

    Parameters
    ----------
    plan : RunPlan
    journal : Journal
    time : TimeBudget
    """

    def __init__(self, plan: RunPlan, journal: Journal, time: TimeBudget) -> None:
        self._plan = plan
        self._journal = journal
        self._time = time
        # The candidates that the journal knows were asked for in the phases that it knows.
        self._first = max(plan.first_population, len(journal.replayed))

    def begin(self, number: int, *, is_idle: bool) -> None:
        """Begin the phases whose part of the budget has come, from a candidate on.

        Parameters
        ----------
        number : int
            Number of the next candidate.
        is_idle : bool
            True if the patience of the search is over.
        """
        if number >= self._first:
            self._begin_refinement(number)
            self._begin_simplification(number, is_idle)

    def goes_on(self, number: int) -> bool:
        """Return True if a search whose patience is over goes on to simplify its winner."""
        if self._plan.settings.simplification_share == 0 or number < self._first:
            return False
        begun = self._begun_here
        return begun is None or number < begun[1]

    @property
    def _begun_here(self) -> tuple[int, int] | None:
        """Phase of simplification that this call has begun."""
        return next((one for one in self._journal.simplified if one[0] >= self._first), None)

    def _begin_refinement(self, number: int) -> None:
        settings, seconds = self._plan.settings, self._plan.budget.seconds
        if self._journal.shares or seconds is None:
            return
        if self._time.elapsed >= settings.refinement_start * seconds:
            self._journal.share(settings.refinement_share, number)
            self._time.note(Decision.REFINEMENT)

    def _begin_simplification(self, number: int, is_idle: bool) -> None:
        share, seconds = self._plan.settings.simplification_share, self._plan.budget.seconds
        under_way = self._journal.simplifies_at(number)
        if share == 0 or under_way or self._begun_here is not None:
            return
        first = self._plan.first_simplified
        is_last = seconds is not None and self._time.search_left <= share * seconds
        if number == first or is_last or is_idle:
            self._journal.simplify(number, number + math.ceil(share * number))
            if number != first:
                self._time.note(Decision.SIMPLIFICATION)
