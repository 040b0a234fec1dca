"""What a fold will take is told from the candidate's own folds, or from others like it."""

from __future__ import annotations

import numpy as np
import pytest

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.tree import Tree
from evolver.outcome import ScoredFold
from evolver.run.fit_times import ENOUGH, GROWTH, FitTimeModel
from evolver.run.record import Record
from tests.genome.strategies import CATALOGUES
from tests.pipelines import tree_with

BINARY = CATALOGUES["binary"]
ROWS = [100, 1_000, 1_000]


def tree(name: str) -> Tree:
    return tree_with(BINARY[name], BINARY, "binary", np.random.default_rng(0))


def record(name: str, *seconds: float, saved: float = 0.0) -> Record:
    candidate = Candidate(tree(name), Origin("evolution", "growth"))
    folds = {unit: ScoredFold(1.0, (1.0,), one, saved) for unit, one in enumerate(seconds)}
    return Record(0, candidate, folds=folds)


def test_own_folds_on_the_most_rows_say_it_best() -> None:
    assert FitTimeModel(ROWS).expected(record("GaussianNB", 9.0, 2.0, 3.0), 1_000) == pytest.approx(
        3.0
    )
    assert FitTimeModel(ROWS).expected(record("GaussianNB", 0.2), 1_000) == pytest.approx(
        0.2 * 10**GROWTH
    )


def test_what_the_cache_saved_counts() -> None:
    one = record("GaussianNB", 0.1, 0.1, 0.1, saved=0.9)
    assert FitTimeModel(ROWS).expected(one, 1_000) == pytest.approx(1.0)


def test_else_others_with_the_same_last_step() -> None:
    pace = FitTimeModel(ROWS)
    assert pace.expected(record("GaussianNB"), 1_000) == 0.0
    for seconds in (1.0, 2.0, 9.0):
        pace.learn(record("GaussianNB", 0.1, seconds), 1)
    assert pace.expected(record("GaussianNB"), 1_000) == pytest.approx(2.0)
    assert pace.expected(record("GaussianNB"), 2_000) == pytest.approx(2.0 * 2**GROWTH)
    assert pace.expected(record("LogisticRegression"), 1_000) == 0.0


def prior_seconds(seconds: float, *known: float) -> Record:
    one = record("GaussianNB", *known)
    candidate = Candidate(one.candidate.tree, one.candidate.origin, seconds)
    return Record(0, candidate, folds=one.folds)


def test_what_was_foreseen_counts_once_it_is_known_how_much_slower_the_machine_is() -> None:
    pace = FitTimeModel(ROWS)
    for _ in range(ENOUGH - 1):
        pace.learn(prior_seconds(2.0, 0.1, 6.0), 1)
        pace.learn(prior_seconds(2.0, 6.0), 0)
    assert pace.prior_seconds(prior_seconds(5.0)) is None
    pace.learn(prior_seconds(2.0, 0.1, 0.1, 6.0), 2)
    assert pace.prior_seconds(prior_seconds(5.0)) == pytest.approx(15.0)
    assert pace.expected(prior_seconds(5.0), 2_000) == pytest.approx(15.0 * 2**GROWTH)
    assert pace.expected(prior_seconds(5.0, 0.1, 7.0), 1_000) == pytest.approx(7.0)
    assert pace.prior_seconds(record("GaussianNB")) is None


def test_what_was_foreseen_to_take_no_time_teaches_nothing() -> None:
    pace = FitTimeModel(ROWS)
    for _ in range(ENOUGH):
        pace.learn(prior_seconds(0.0, 0.1, 6.0), 1)
    assert pace.prior_seconds(prior_seconds(5.0)) is None
