"""Queue of folds: it says which fold is next, and which candidates are raced out.

    add       put the first fold of a new candidate in line
    next      take the waiting fold of the oldest candidate
    advance   judge, at every stage, the candidates that reached it, in the order asked; put the
              next fold of a candidate that goes on in line, return those that are stopped

The first candidates cannot be raced out. Their folds are all put in line at once, so that every
core has work, and no candidate is judged before they are done. The queue has no clock.
"""

from __future__ import annotations

import heapq

from evolver.outcome import Scored, mean_costs
from evolver.run.record import Record
from evolver.search.racing import FIRST, Race, Runner


class FoldQueue:
    """Queue of the folds that wait. Only the loop of a run calls it.

    Its state is the folds that wait, and the number of candidates that were judged at each stage.

    Parameters
    ----------
    race : Race or None
        Judge of the candidates; None: every candidate is evaluated to the end.
    n_units : int
        Number of folds of a candidate, those of fewer rows included.
    """

    def __init__(self, race: Race | None, n_units: int) -> None:
        self._records: list[Record] = []
        self._race = race
        self._n_units = n_units
        self._waiting: list[tuple[int, int]] = []
        self._judged = [0] * (n_units - 1)
        self._begun = False

    def add(self, record: Record) -> None:
        """Put the folds of a new record in line, without those that it already has."""
        self._records.append(record)
        races = self._race is not None and record.number >= FIRST
        for unit in (0,) if races else range(self._n_units):
            if unit not in record.folds:
                self._put(record, unit)

    @property
    def is_empty(self) -> bool:
        """True if no fold waits."""
        return not self._waiting

    def next(self) -> tuple[int, int] | None:
        """Take and return the numbers of the next candidate and fold; None if no fold waits."""
        while self._waiting:
            number, unit = heapq.heappop(self._waiting)
            if self._records[number].outcome is None:  # folds of a settled candidate are dropped
                return number, unit
        return None

    def advance(self) -> list[tuple[Record, Runner]]:
        """Judge the candidates that can be judged now.

        Returns
        -------
        list of (Record, Runner)
            Candidates to stop, each as it was at the stage where it was judged.
        """
        stopped: list[tuple[Record, Runner]] = []
        if self._race is None or not self._has_begun():
            return stopped
        for stage in range(self._n_units - 1):
            while self._judged[stage] < len(self._records):
                record = self._records[self._judged[stage]]
                # Those after it must wait: the order of judging may not depend on timing.
                if record.outcome is None and stage not in record.folds:
                    break
                self._judged[stage] += 1
                if self._reached(stage, record) and not self._goes_on(stage, record):
                    stopped.append((record, runner(record, stage + 1)))
        return stopped

    def _has_begun(self) -> bool:
        """Return True if the first candidates are done; begin the race with them once they are."""
        assert self._race is not None
        first = self._records[:FIRST]
        if not self._begun and len(first) == FIRST and all(record.outcome for record in first):
            scored = [record for record in first if isinstance(record.outcome, Scored)]
            self._race.begin([runner(record, self._n_units) for record in scored])
            self._begun = True
        return self._begun

    def _reached(self, stage: int, record: Record) -> bool:
        """Return True if a record reached a stage."""
        # The folds of the first candidates run in any order, so timing would decide which stages a
        # failed one reached.
        if record.number < FIRST and not isinstance(record.outcome, Scored):
            return False
        return stage in record.folds

    def _goes_on(self, stage: int, record: Record) -> bool:
        """Judge a record at a stage; put its next fold in line and return True if it goes on."""
        assert self._race is not None
        goes_on = self._race.decide(runner(record, stage + 1), record.margins)
        # A settled candidate, such as a failed one, is a rival for others but is not stopped.
        if record.outcome is not None:
            return True
        if goes_on and stage + 1 not in record.folds:
            self._put(record, stage + 1)
        return goes_on

    def _put(self, record: Record, unit: int) -> None:
        """Put a fold in line."""
        heapq.heappush(self._waiting, (record.number, unit))


def runner(record: Record, stages: int) -> Runner:
    """Return a record as it was after its first `stages` folds."""
    folds = [record.folds[unit] for unit in range(stages)]
    return Runner(record.number, mean_costs(folds), tuple(fold.score for fold in folds))
