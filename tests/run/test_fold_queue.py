"""Queue of folds: candidates are judged in their order, in whatever order folds are done."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evolver.genome.candidate import Candidate, Origin
from evolver.outcome import RACED_OUT, Failed, Failure, Scored, ScoredFold, Stopped, aggregate_folds
from evolver.run.fold_queue import FoldQueue
from evolver.run.record import Record
from evolver.search.racing import FIRST, Race
from tests.genome.strategies import CATALOGUES, random_tree

CANDIDATE = Candidate(random_tree(CATALOGUES["binary"], 0), Origin("evolution", "growth"))
LADDER, FOLDS, LAG = 1, 3, 6
UNITS = LADDER + FOLDS
CANDIDATES = 40


def scores_of(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=(CANDIDATES, 1))
    return quality + 0.2 * rng.normal(size=(CANDIDATES, UNITS))


def play(scores: np.ndarray, turns: np.random.Generator, places: int) -> list[str]:
    """Run the candidates, `places` folds at a time; draw which running fold is done next.

    Every seventh candidate fails on its second fold.

    Returns
    -------
    list of str
        Outcome and number of scored folds of each candidate.
    """
    records: list[Record] = []
    race = Race(LADDER, FOLDS, 10, 0.2)
    queue = FoldQueue(race, UNITS)
    running: list[tuple[int, int]] = []

    def stop() -> None:
        while stopped := queue.advance():
            for record, _ in stopped:
                record.outcome = Stopped(RACED_OUT, 0.0)

    while True:
        while len(running) < places:
            place = queue.next()
            if place is None:
                number = len(records)
                may_be_asked = number < LAG or records[number - LAG].outcome is not None
                if number == CANDIDATES or not may_be_asked:
                    break
                records.append(Record(number, CANDIDATE, race.margins))
                queue.add(records[-1])
                continue
            running.append(place)
        if not running:
            break
        number, unit = running.pop(int(turns.integers(len(running))))
        record = records[number]
        if number % 7 == 6 and unit == 1:
            record.outcome = Failed(Failure.ERROR, "as asked", 0.0)
        elif record.outcome is None:
            record.folds[unit] = ScoredFold(float(scores[number, unit]), (1.0,), 0.0)
            if len(record.folds) == UNITS:
                record.outcome = aggregate_folds(
                    [record.folds[one] for one in range(UNITS)], LADDER
                )
        stop()
    return [f"{type(one.outcome).__name__} {len(one.folds)}" for one in records]


@given(st.integers(0, 1_000), st.integers(0, 1_000), st.integers(1, 7))
def test_outcomes_do_not_depend_on_the_order_in_which_folds_are_done(
    seed: int, turn: int, places: int
) -> None:
    scores = scores_of(seed)
    expected = play(scores, np.random.default_rng(0), 1)
    assert play(scores, np.random.default_rng(turn), places) == expected


def test_every_candidate_has_an_outcome_and_many_are_stopped_early() -> None:
    outcomes = play(scores_of(0), np.random.default_rng(0), 2)
    assert len(outcomes) == CANDIDATES
    assert sum(one.startswith("Stopped") for one in outcomes) > 10
    assert all(one == "Scored 4" for one in outcomes[:FIRST])
    assert {one.split()[0] for one in outcomes} == {"Scored", "Stopped", "Failed"}


def test_without_a_race_all_folds_wait_at_once() -> None:
    records = [Record(0, CANDIDATE), Record(1, CANDIDATE)]
    queue = FoldQueue(None, 3)
    for record in records:
        queue.add(record)
    places = [queue.next() for _ in range(7)]
    assert places == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), None]
    assert queue.advance() == []


def test_folds_of_a_settled_candidate_no_longer_wait() -> None:
    records = [Record(0, CANDIDATE), Record(1, CANDIDATE)]
    queue = FoldQueue(None, 2)
    for record in records:
        queue.add(record)
    records[0].outcome = Failed(Failure.CRASH, "as asked", 0.0)
    assert queue.next() == (1, 0)


def test_known_folds_of_a_candidate_are_not_run_again() -> None:
    records = [Record(0, CANDIDATE, folds={0: ScoredFold(1.0, (1.0,), 0.0)})]
    queue = FoldQueue(None, 3)
    queue.add(records[0])
    assert [queue.next() for _ in range(3)] == [(0, 1), (0, 2), None]
    assert isinstance(aggregate_folds([ScoredFold(1.0, (1.0,), 0.0)] * 3, 1), Scored)
