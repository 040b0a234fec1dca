"""What a fold will take is told from the candidate's own folds, or from others like it."""

from __future__ import annotations

import numpy as np
import pytest

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.tree import Tree
from evolver.outcome import ScoredFold
from evolver.pace import GROWTH, Pace
from evolver.record import Record
from tests.genome.strategies import CATALOGUES
from tests.pipelines import tree_with

BINARY = CATALOGUES["binary"]
ROWS = [100, 1_000, 1_000]


def tree(name: str) -> Tree:
    return tree_with(BINARY[name], BINARY, "binary", np.random.default_rng(0))


def record(name: str, *seconds: float, saved: float = 0.0) -> Record:
    candidate = Candidate(tree(name), Origin("evolution", "growth"))
    folds = {unit: ScoredFold(1.0, 1.0, one, saved) for unit, one in enumerate(seconds)}
    return Record(0, candidate, folds)


def test_own_folds_on_the_most_rows_say_it_best() -> None:
    assert Pace(ROWS).expected(record("GaussianNB", 9.0, 2.0, 3.0), 1_000) == pytest.approx(3.0)
    assert Pace(ROWS).expected(record("GaussianNB", 0.2), 1_000) == pytest.approx(0.2 * 10**GROWTH)


def test_what_the_cache_saved_counts() -> None:
    one = record("GaussianNB", 0.1, 0.1, 0.1, saved=0.9)
    assert Pace(ROWS).expected(one, 1_000) == pytest.approx(1.0)


def test_else_others_with_the_same_last_step() -> None:
    pace = Pace(ROWS)
    assert pace.expected(record("GaussianNB"), 1_000) == 0.0
    for seconds in (1.0, 2.0, 9.0):
        pace.learn(record("GaussianNB", 0.1, seconds), 1)
    assert pace.expected(record("GaussianNB"), 1_000) == pytest.approx(2.0)
    assert pace.expected(record("GaussianNB"), 2_000) == pytest.approx(2.0 * 2**GROWTH)
    assert pace.expected(record("LogisticRegression"), 1_000) == 0.0
