"""Which fold of which candidate is next, and which candidates are raced out. It knows no time.

    add       a candidate joins: its first fold waits
    next      the waiting fold of the oldest candidate
    advance   at every stage the candidates that reached it are judged, one after another in the
              order asked; one that goes on has its next fold put in line, the others are stopped

The first candidate cannot be raced out: its folds wait all at once, so that every core has work.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from statistics import fmean

from evolver.outcome import Failed, Stopped
from evolver.record import Record
from evolver.search.racing import Race, Runner

RACED_OUT = "raced out"


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

    def add(self, record: Record) -> None:
        """Take in a record, with what is known of its folds."""
        if self._race is not None:
            record.errors = self._race.errors
        units = range(self._n_units) if self._race is None or record.number == 0 else (0,)
        for unit in units:
            if unit not in record.folds:
                self._put(record, unit)

    def next(self) -> tuple[int, int] | None:
        """Return candidate and fold to run now; None where nothing waits."""
        while self._waiting:
            number, unit = heapq.heappop(self._waiting)
            if self._records[number].outcome is None:
                return number, unit
        return None

    def advance(self) -> list[Record]:
        """Judge who can be judged; return those that are stopped."""
        stopped: list[Record] = []
        if self._race is None:
            return stopped
        for stage in range(self._n_units - 1):
            while self._judged[stage] < len(self._records):
                record = self._records[self._judged[stage]]
                if not self._is_settled_at(stage, record):
                    break
                self._judged[stage] += 1
                if self._reached(stage, record) and not self._judge(stage, record):
                    stopped.append(record)
        return stopped

    def _is_settled_at(self, stage: int, record: Record) -> bool:
        """Say whether it is known if a record reaches a stage, whatever happens from now on."""
        if record.number == 0:
            return record.outcome is not None
        return record.outcome is not None or stage in record.folds

    def _reached(self, stage: int, record: Record) -> bool:
        """Say whether a record reached a stage; the first only if it was evaluated to the end, as
        its folds run in any order."""
        if record.number == 0 and isinstance(record.outcome, Failed | Stopped):
            return False
        return stage in record.folds

    def _judge(self, stage: int, record: Record) -> bool:
        assert self._race is not None
        goes_on = self._race.decide(runner(record, stage + 1), record.errors) or record.number == 0
        if goes_on and record.outcome is None and stage + 1 not in record.folds:
            self._put(record, stage + 1)
        return goes_on or record.outcome is not None

    def _put(self, record: Record, unit: int) -> None:
        heapq.heappush(self._waiting, (record.number, unit))


def runner(record: Record, stages: int) -> Runner:
    """Return a record as it was after so many folds."""
    folds = [record.folds[unit] for unit in range(stages)]
    complexity = fmean(fold.complexity for fold in folds)
    return Runner(record.number, complexity, tuple(fold.score for fold in folds))
