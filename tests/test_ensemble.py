"""Ensembles: chosen on out-of-fold predictions, judged on folds they were not chosen on."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.ensemble import average, greedy, select

ROWS, FOLDS = 80, 4
TARGETS = np.random.default_rng(0).normal(size=(FOLDS, ROWS))


def blends(fold: int, predictions: np.ndarray) -> np.ndarray:
    """Score numbers by their negated squared error."""
    return -((predictions - TARGETS[fold]) ** 2).mean(axis=1)


def library(errors: list[float], seed: int = 0) -> list[list[np.ndarray]]:
    """Return candidates whose predictions miss by independent errors of these sizes."""
    rng = np.random.default_rng(seed)
    return [[target + rng.normal(0, one, ROWS) for target in TARGETS] for one in errors]


def score(mine: list[list[np.ndarray]], weights: dict[int, float]) -> float:
    return fmean(float(blends(fold, average(mine, weights, fold))[0]) for fold in range(FOLDS))


@given(
    st.lists(st.floats(0.1, 3.0), min_size=2, max_size=12), st.integers(2, 8), st.integers(0, 99)
)
def test_weights_are_shares_of_a_few_and_no_worse_than_the_best_alone(
    errors: list[float], most: int, seed: int
) -> None:
    mine = library(errors, seed)
    weights = greedy(mine, blends, range(FOLDS), most)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert 1 <= len(weights) <= most
    assert all(weight > 0 for weight in weights.values())
    best = max(score(mine, {one: 1.0}) for one in range(len(mine)))
    assert score(mine, weights) >= best - 1e-12


def test_independent_errors_cancel() -> None:
    mine = library([1.0] * 6)
    chosen = select(mine, blends, most=8)
    assert chosen is not None
    assert len(chosen.weights) >= 4
    assert fmean(chosen.fold_scores) > 0.5 * score(mine, {0: 1.0})  # a quarter would be ideal


def test_what_helps_only_where_it_was_chosen_is_no_ensemble() -> None:
    """Each candidate is right on one fold and far off on all others."""
    mine = library([0.5])
    for good in range(FOLDS):
        mine.append(
            [target + (0.0 if fold == good else 3.0) for fold, target in enumerate(TARGETS)]
        )
    assert select(mine, blends, most=8) is None


def test_copies_of_the_best_are_no_ensemble() -> None:
    mine = library([1.0])
    assert select(mine * 4, blends, most=8) is None


@pytest.mark.parametrize("most", [0, 1])
def test_without_room_for_two_there_is_none(most: int) -> None:
    assert select(library([1.0, 1.0]), blends, most) is None


def test_one_fold_cannot_judge() -> None:
    assert select([one[:1] for one in library([1.0, 1.0])], blends, most=8) is None


def test_the_scores_are_those_of_the_average() -> None:
    mine = library([1.0, 1.1, 0.9, 1.2])
    chosen = select(mine, blends, most=8)
    assert chosen is not None
    assert fmean(chosen.fold_scores) == pytest.approx(score(mine, dict(chosen.weights)))


def test_luck_of_the_best_among_many_is_no_reason_against_an_ensemble() -> None:
    """The best of 200 equally good candidates looks better than it is on the folds it was chosen
    by; so it is judged on others, as the ensemble is."""
    rng = np.random.default_rng(1)
    errors = [
        [rng.normal(0, one, ROWS) for one in rng.uniform(0.2, 2.0, FOLDS)] for _ in range(200)
    ]
    mine = [[target + error for target, error in zip(TARGETS, one, strict=True)] for one in errors]
    mine.sort(key=lambda one: -fmean(float(blends(at, one[at][None])[0]) for at in range(FOLDS)))
    chosen = select(mine[:30], blends, most=8)
    assert chosen is not None
    assert len(chosen.weights) > 2


def test_when_the_time_is_over_there_is_none() -> None:
    assert select(library([1.0] * 6), blends, 8, is_over=lambda: True) is None
