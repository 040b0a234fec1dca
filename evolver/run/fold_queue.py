"""Which fold of which candidate is next, and which candidates are raced out. It knows no time.

    add       a candidate joins: its first fold waits
    next      the waiting fold of the oldest candidate
    advance   at every stage the candidates that reached it are judged, one after another in the
              order asked; one that goes on has its next fold put in line, the others are stopped

The first candidates cannot be raced out: their folds wait all at once, so that every core has work,
and nobody is judged before they are done.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from statistics import fmean

from evolver.outcome import Scored
from evolver.run.record import Record
from evolver.search.racing import FIRST, Race, Runner


class Schedule:
    """The folds that wait. Its state is the queue, and how far the judging has come at each stage.

    Parameters
    ----------
    records : sequence of Record
        Of the run, which appends to it.
    race : Race or None
        None: every candidate is evaluated to the end.
    n_units : int
        Folds of a candidate.
    """

    def __init__(self, records: Sequence[Record], race: Race | None, n_units: int) -> None:
        self._records = records
        self._race = race
        self._n_units = n_units
        self._waiting: list[tuple[int, int]] = []
        self._judged = [0] * (n_units - 1)
        self._begun = False

    def add(self, record: Record) -> None:
        """Take in a record, with what is known of its folds."""
        if self._race is not None:
            record.margins = self._race.margins
        races = self._race is not None and record.number >= FIRST
        for unit in (0,) if races else range(self._n_units):
            if unit not in record.folds:
                self._put(record, unit)

    @property
    def is_empty(self) -> bool:
        """Whether no fold waits."""
        return not self._waiting

    def next(self) -> tuple[int, int] | None:
        """Return candidate and fold to run now; None where nothing waits."""
        while self._waiting:
            number, unit = heapq.heappop(self._waiting)
            if self._records[number].outcome is None:
                return number, unit
        return None

    def advance(self) -> list[tuple[Record, Runner]]:
        """Judge who can be judged; return those that are to be stopped, and as what they were."""
        stopped: list[tuple[Record, Runner]] = []
        if self._race is None or not self._has_begun():
            return stopped
        for stage in range(self._n_units - 1):
            while self._judged[stage] < len(self._records):
                record = self._records[self._judged[stage]]
                if record.outcome is None and stage not in record.folds:
                    break
                self._judged[stage] += 1
                if self._reached(stage, record) and not self._goes_on(stage, record):
                    stopped.append((record, runner(record, stage + 1)))
        return stopped

    def _has_begun(self) -> bool:
        """Say whether the first candidates are done; the race begins with them."""
        assert self._race is not None
        first = self._records[:FIRST]
        if not self._begun and len(first) == FIRST and all(one.outcome for one in first):
            done = [one for one in first if isinstance(one.outcome, Scored)]
            self._race.begin([runner(one, self._n_units) for one in done])
            self._begun = True
        return self._begun

    def _reached(self, stage: int, record: Record) -> bool:
        """Say whether a record reached a stage; of the first candidates, only those that were
        scored, as their folds run in any order."""
        if record.number < FIRST and not isinstance(record.outcome, Scored):
            return False
        # A journal that is damaged may have lost an earlier fold.
        return all(unit in record.folds for unit in range(stage + 1))

    def _goes_on(self, stage: int, record: Record) -> bool:
        """Judge a record at a stage; where it goes on, its next fold waits."""
        assert self._race is not None
        goes_on = self._race.decide(runner(record, stage + 1), record.margins)
        if record.outcome is not None:
            return True
        if goes_on and stage + 1 not in record.folds:
            self._put(record, stage + 1)
        return goes_on

    def _put(self, record: Record, unit: int) -> None:
        heapq.heappush(self._waiting, (record.number, unit))


def runner(record: Record, stages: int) -> Runner:
    """Return a record as it was after so many folds."""
    folds = [record.folds[unit] for unit in range(stages)]
    complexity = fmean(fold.complexity for fold in folds)
    return Runner(record.number, complexity, tuple(fold.score for fold in folds))
