"""Expected seconds of a fit, from the candidate's own folds or from similar candidates."""

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


def test_the_own_folds_on_the_most_rows_count_first() -> None:
    assert FitTimeModel(ROWS).expected(record("GaussianNB", 9.0, 2.0, 3.0), 1_000) == pytest.approx(
        3.0
    )
    assert FitTimeModel(ROWS).expected(record("GaussianNB", 0.2), 1_000) == pytest.approx(
        0.2 * 10**GROWTH
    )


def test_seconds_that_the_cache_saved_count() -> None:
    one = record("GaussianNB", 0.1, 0.1, 0.1, saved=0.9)
    assert FitTimeModel(ROWS).expected(one, 1_000) == pytest.approx(1.0)


def test_without_own_folds_those_of_candidates_with_the_same_last_step_count() -> None:
    fit_times = FitTimeModel(ROWS)
    assert fit_times.expected(record("GaussianNB"), 1_000) == 0.0
    for seconds in (1.0, 2.0, 9.0):
        fit_times.learn(record("GaussianNB", 0.1, seconds), 1)
    assert fit_times.expected(record("GaussianNB"), 1_000) == pytest.approx(2.0)
    assert fit_times.expected(record("GaussianNB"), 2_000) == pytest.approx(2.0 * 2**GROWTH)
    assert fit_times.expected(record("LogisticRegression"), 1_000) == 0.0


def prior_seconds(seconds: float, *known: float) -> Record:
    one = record("GaussianNB", *known)
    candidate = Candidate(one.candidate.tree, one.candidate.origin, seconds)
    return Record(0, candidate, folds=one.folds)


def test_prior_seconds_count_once_the_speed_of_the_machine_is_known() -> None:
    fit_times = FitTimeModel(ROWS)
    for _ in range(ENOUGH - 1):
        fit_times.learn(prior_seconds(2.0, 0.1, 6.0), 1)
        fit_times.learn(prior_seconds(2.0, 6.0), 0)
    assert fit_times.prior_seconds(prior_seconds(5.0)) is None
    fit_times.learn(prior_seconds(2.0, 0.1, 0.1, 6.0), 2)
    assert fit_times.prior_seconds(prior_seconds(5.0)) == pytest.approx(15.0)
    assert fit_times.expected(prior_seconds(5.0), 2_000) == pytest.approx(15.0 * 2**GROWTH)
    assert fit_times.expected(prior_seconds(5.0, 0.1, 7.0), 1_000) == pytest.approx(7.0)
    assert fit_times.prior_seconds(record("GaussianNB")) is None


def test_prior_seconds_of_zero_tell_nothing_of_the_speed_of_the_machine() -> None:
    fit_times = FitTimeModel(ROWS)
    for _ in range(ENOUGH):
        fit_times.learn(prior_seconds(0.0, 0.1, 6.0), 1)
    assert fit_times.prior_seconds(prior_seconds(5.0)) is None
