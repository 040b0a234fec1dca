"""Resampled rows: what is drawn together, and scores that equal those of the repeated rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import RepeatedKFold

from evolver.checks import check_scorer
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.folds import forward_folds, make_folds
from evolver.evaluation.resampled_scores import resampled_of, scores_of_draws
from evolver.evaluation.resampling import Sample, sample_of
from evolver.problem import Problem
from tests.evaluation.test_fold import problem

CASES = [
    ("binary", "roc_auc"),
    ("binary", "accuracy"),
    ("binary", "neg_log_loss"),
    ("binary", "balanced_accuracy"),
    ("multiclass", "balanced_accuracy"),
    ("regression", "r2"),
    ("regression", "neg_mean_absolute_error"),
    ("multiclass", "neg_log_loss"),
    ("regression", "neg_root_mean_squared_error"),
]


def scored_by(task: str, scoring: str, **changes: Any) -> Problem:
    one = problem(task)
    return replace(one, scorer=check_scorer(scoring, one.task), **changes)


def called_for_each(sample: Sample) -> Sample:
    """Return a sample whose scorer is a function of the user's."""
    real = sample.problem.scorer

    def scorer(model: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        return real(model, X, y, sample_weight=sample_weight)

    return replace(sample, problem=replace(sample.problem, scorer=scorer))


def random_predictions(one: Problem, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    found = []
    for _, valid in one.folds:
        given = np.round(rng.random((len(valid), *one.task.output_shape)), 1) + 0.05  # with ties
        found.append(given / given.sum(axis=1, keepdims=True) if given.ndim == 2 else given)
    return found


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize(("task", "scoring"), CASES)
def test_scores_of_many_draws_are_those_of_the_scorer_on_the_repeated_rows(
    task: str, scoring: str, is_weighted: bool
) -> None:
    one = scored_by(task, scoring)
    if is_weighted:
        weights = np.random.default_rng(2).uniform(0.5, 2.0, len(one.y))
        one = replace(one, sample_weight=weights)
    sample = sample_of(one, np.random.default_rng(0))
    counts = sample.drawn(5, np.random.default_rng(1))
    predictions = random_predictions(one, 0)
    quick = scores_of_draws(sample, predictions, counts, lambda: False)
    slow = scores_of_draws(called_for_each(sample), predictions, counts, lambda: False)
    assert quick == pytest.approx(slow, rel=1e-6)
    assert resampled_of(sample) is not None
    assert resampled_of(called_for_each(sample)) is None


def test_drawing_every_row_once_gives_the_score_itself() -> None:
    for task, scoring in CASES:
        one = scored_by(task, scoring)
        sample = sample_of(one, np.random.default_rng(0))
        predictions = random_predictions(one, 3)
        once = np.ones((1, sample.n_units), dtype=int)
        found = scores_of_draws(sample, predictions, once, lambda: False)
        expected = [
            BlendScorer(one)(fold, given[None])[0] for fold, given in enumerate(predictions)
        ]
        assert found == pytest.approx([np.mean(expected)], rel=1e-6)


def test_groups_are_drawn_as_wholes() -> None:
    one = problem("binary")
    groups = np.arange(len(one.y)) // 7
    folds = make_folds(one.X, one.y, 4, one.task, groups=groups, rng=np.random.default_rng(0))
    sample = sample_of(replace(one, groups=groups, folds=folds), np.random.default_rng(0))
    assert sample.noun == "groups"
    assert sample.n_units == len(np.unique(groups))
    counts = sample.drawn(3, np.random.default_rng(0))
    for fold, (_, valid) in enumerate(folds):
        weights = sample.weights(counts, fold)
        for group in np.unique(groups[valid]):
            assert (np.ptp(weights[:, groups[valid] == group], axis=1) == 0).all()


def test_rows_in_the_order_of_time_are_drawn_in_blocks() -> None:
    one = problem("regression")
    folds = forward_folds(np.arange(len(one.y)), 4)
    sample = sample_of(replace(one, folds=folds), np.random.default_rng(0))
    assert sample.noun == "blocks of rows"
    assert 1 < sample.n_units < len(one.y) / 3


def test_a_row_of_several_folds_is_drawn_for_all_of_them_together() -> None:
    one = problem("regression")
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    folds = make_folds(one.X, one.y, cv, one.task, groups=None, rng=np.random.default_rng(0))
    sample = sample_of(replace(one, folds=folds), np.random.default_rng(0))
    assert sample.n_units == len(one.y)
    counts = sample.drawn(2, np.random.default_rng(0))
    by_row = np.full((2, 2, len(one.y)), -1.0)
    for fold, (_, valid) in enumerate(folds):
        by_row[fold // 3][:, valid] = sample.weights(counts, fold)
    assert (by_row[0] == by_row[1]).all()
    assert (by_row >= 0).all()


@given(most=st.integers(2, 200), seed=st.integers(0, 9))
def test_a_part_of_the_rows_keeps_predictions_and_rows_together(most: int, seed: int) -> None:
    one = problem("regression")
    sample = sample_of(one, np.random.default_rng(seed), most)
    assert sample.n_rows == min(most, len(one.y))
    assert sample.share == pytest.approx(sample.n_rows / len(one.y))
    numbers = [valid.astype(float) for _, valid in one.folds]
    for taken, (_, valid) in zip(sample.of(numbers), sample.problem.folds, strict=True):
        assert (taken == valid).all()
