"""Excess of the score of the best of many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.checks import check_scorer
from evolver.evaluation.bias_correction import bootstrap_excess, nested_excess
from evolver.evaluation.folds import apart
from evolver.evaluation.resampled_scores import scores_of_draws
from evolver.evaluation.resampling import Sample, sample_of
from tests.evaluation.test_fold import problem


def others(n_folds: int) -> list[list[int]]:
    return [[other for other in range(n_folds) if other != fold] for fold in range(n_folds)]


def sample() -> Sample:
    one = problem("regression")
    one = replace(one, scorer=check_scorer("neg_root_mean_squared_error", one.task))
    return sample_of(one, np.random.default_rng(0))


def library_of(one: Sample, n_candidates: int, seed: int, spread: float) -> list[list[np.ndarray]]:
    """Return predictions that are wrong by random numbers, the candidate of the least error first.

    `spread` is the difference of the errors of any two candidates that follow one another.
    """
    rng = np.random.default_rng(seed)
    found = [
        [
            one.problem.y[valid] + (1 + spread * place) * rng.normal(size=len(valid))
            for _, valid in one.problem.folds
        ]
        for place in range(n_candidates)
    ]
    once = np.ones((1, one.n_units), dtype=int)
    return sorted(found, key=lambda each: -scores_of_draws(one, each, once, lambda: False)[0])


def test_the_best_of_many_equals_is_corrected_down_to_their_mean() -> None:
    one = sample()
    once = np.ones((1, one.n_units), dtype=int)
    corrected, best = [], []
    for seed in range(10):
        library = library_of(one, 40, seed, 0.0)
        excess = bootstrap_excess(one, library, one.drawn(200, np.random.default_rng(seed)))
        assert excess is not None
        best.append(scores_of_draws(one, library[0], once, lambda: False)[0])
        corrected.append(best[-1] - excess)
    # The error of every candidate on new rows is 1.
    assert np.mean(best) > -0.93
    assert np.mean(corrected) == pytest.approx(-1.0, abs=0.03)


@given(
    n_candidates=st.integers(1, 12),
    seed=st.integers(0, 999),
    spread=st.sampled_from([0.0, 0.02, 1.0]),
)
def test_the_excess_is_never_negative_and_nothing_for_one_or_a_clear_winner(
    n_candidates: int, seed: int, spread: float
) -> None:
    one = sample()
    library = library_of(one, n_candidates, seed, spread)
    counts = one.drawn(60, np.random.default_rng(seed))
    excess = bootstrap_excess(one, library, counts)
    assert excess is not None
    assert excess >= 0
    if n_candidates == 1 or spread == 1.0:
        assert excess == pytest.approx(0, abs=0.02)
    # The same candidates once more are no further choice.
    assert bootstrap_excess(one, [*library, *library], counts) == pytest.approx(excess)


def test_one_row_of_probability_0_does_not_decide_the_excess() -> None:
    """Without that row the second candidate is the best, by very little."""
    given = problem("binary")
    given = replace(given, scorer=check_scorer("neg_log_loss", given.task))
    one = sample_of(given, np.random.default_rng(0))
    assert given.task.classes is not None
    true = [(given.y[valid] == given.task.classes[1]).astype(int) for _, valid in given.folds]
    steady = [np.where(np.eye(2)[labels] == 1, 0.70, 0.30) for labels in true]
    sure = [np.where(np.eye(2)[labels] == 1, 0.71, 0.29) for labels in true]
    sure[0] = sure[0].copy()
    sure[0][0] = 1.0 - np.eye(2)[true[0][0]]
    excess = bootstrap_excess(one, [steady, sure], one.drawn(200, np.random.default_rng(0)))
    # The second is the best in more than a third of the draws, and its loss of 36 would count.
    assert excess is not None
    assert excess < 0.25 * 36 / one.n_rows


def test_a_metric_that_is_slow_has_no_bootstrap() -> None:
    one = sample()
    slow = replace(one, problem=replace(one.problem, scorer=lambda *_: 0.0))
    assert (
        bootstrap_excess(slow, library_of(one, 2, 0, 0.0), one.drawn(5, np.random.default_rng()))
        is None
    )


def test_no_time_leaves_no_bootstrap() -> None:
    one = sample()
    counts = one.drawn(5, np.random.default_rng(0))
    assert bootstrap_excess(one, library_of(one, 2, 0, 0.0), counts, lambda: True) is None


@given(
    st.integers(2, 6).flatmap(
        lambda n_folds: st.lists(
            st.lists(st.integers(0, 100), min_size=n_folds, max_size=n_folds),
            min_size=1,
            max_size=8,
        )
    )
)
def test_the_nested_excess_is_never_negative_nor_above_the_range_of_scores(
    scores: list[list[int]],
) -> None:
    table = np.array(sorted(scores, key=sum, reverse=True), dtype=float)
    excess = nested_excess(table, others(table.shape[1]))
    assert excess is not None
    assert 0 <= excess <= table.max() - table.min()
    if len(table) == 1:
        assert excess == 0


def test_a_winner_by_luck_on_one_fold_is_corrected() -> None:
    lucky, steady = [0.9, 0.5, 0.5], [0.6, 0.6, 0.6]
    assert nested_excess(np.array([lucky, steady]), others(3)) == pytest.approx(
        np.mean(lucky) - np.mean([0.6, 0.5, 0.5])
    )
    assert nested_excess(np.array([[0.5], [0.4]]), others(1)) is None


def test_folds_that_share_rows_take_no_part_in_the_choice_for_one_another() -> None:
    lucky, steady = [0.9, 0.5, 0.9, 0.5], [0.6, 0.6, 0.6, 0.6]
    rows = np.arange(20)
    halves = [(rows[:10], rows[10:]), (rows[10:], rows[:10])]
    repeated = [*halves, *halves]
    assert apart(repeated) == [[1, 3], [0, 2], [1, 3], [0, 2]]
    excess = nested_excess(np.array([lucky, steady]), apart(repeated))
    assert excess == pytest.approx(np.mean(lucky) - np.mean([0.6, 0.5, 0.6, 0.5]))
    assert apart(halves) == [[1], [0]]
