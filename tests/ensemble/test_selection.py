"""Ensembles: chosen on out-of-fold predictions, scored on folds that they were not chosen on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import count
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, make_scorer, roc_auc_score

from evolver.checks import check_scorer
from evolver.ensemble.blend import Blend, Truth, average, predicted
from evolver.ensemble.greedy import BEGIN, BEGIN_SHARE, greedy
from evolver.ensemble.log_opinion_pool import LogPool
from evolver.ensemble.selection import TEMPERATURES, select
from evolver.evaluation.blends import BlendScorer
from evolver.export.source_file import to_source
from evolver.genome.candidate import Candidate, Origin
from evolver.genome.pipeline import to_estimator
from evolver.outcome import standard_error
from evolver.run.fitted_ensemble import blending
from evolver.run.ranking import MAX_PER_PREDICTOR, limit_per_predictor
from evolver.run.record import Record
from evolver.task import Classification
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree
from tests.pipelines import tree_with

ROWS, FOLDS = 80, 4
TARGETS = np.random.default_rng(0).normal(size=(FOLDS, ROWS))


def blends(fold: int, predictions: np.ndarray) -> np.ndarray:
    """Score numbers by their negated squared error."""
    return -((predictions - TARGETS[fold]) ** 2).mean(axis=1)


def library(errors: list[float], seed: int = 0) -> list[list[np.ndarray]]:
    """Return candidates whose predictions have independent errors of these deviations."""
    rng = np.random.default_rng(seed)
    return [[target + rng.normal(0, one, ROWS) for target in TARGETS] for one in errors]


def score(mine: list[list[np.ndarray]], weights: dict[int, float]) -> float:
    return fmean(float(blends(fold, average(mine, weights, fold))[0]) for fold in range(FOLDS))


@given(
    st.lists(st.floats(0.1, 3.0), min_size=2, max_size=12), st.integers(2, 8), st.integers(0, 99)
)
def test_the_average_of_a_few_is_no_worse_than_the_plain_average_of_the_best(
    errors: list[float], most: int, seed: int
) -> None:
    mine = library(errors, seed)
    weights = greedy(mine, blends, range(FOLDS), most)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert 1 <= len(weights) <= most
    assert all(weight > 0 for weight in weights.values())
    begin = max(1, min(BEGIN, len(mine) // BEGIN_SHARE, most))
    best = sorted(range(len(mine)), key=lambda one: -score(mine, {one: 1.0}))[:begin]
    assert score(mine, weights) >= score(mine, dict.fromkeys(best, 1 / begin)) - 1e-12
    assert set(best) <= set(weights)


def test_independent_errors_cancel() -> None:
    mine = library([1.0] * 6)
    chosen = select(mine, blends, most=8)
    assert chosen is not None
    assert len(chosen.blend.weights) >= 4
    assert fmean(chosen.fold_scores) > 0.5 * score(mine, {0: 1.0})  # a quarter would be ideal


def test_there_is_no_ensemble_if_it_helps_only_on_the_folds_it_was_chosen_on() -> None:
    """Each candidate is right on one fold and far off on all others."""
    mine = library([0.5])
    for good in range(FOLDS):
        mine.append(
            [target + (0.0 if fold == good else 3.0) for fold, target in enumerate(TARGETS)]
        )
    assert select(mine, blends, most=8) is None


def test_there_is_no_ensemble_whose_score_is_not_defined_on_a_fold() -> None:
    mine = library([1.0] * 6)

    def undefined(fold: int, predictions: np.ndarray) -> np.ndarray:
        is_member = np.array(
            [any((one == kept[fold]).all() for kept in mine) for one in predictions]
        )
        return np.where(is_member | (fold != 1), blends(fold, predictions), -np.inf)

    assert select(mine, blends, most=8) is not None
    assert select(mine, undefined, most=8) is None


def test_there_is_no_ensemble_of_copies_of_the_best() -> None:
    mine = library([1.0])
    assert select(mine * 4, blends, most=8) is None


@pytest.mark.parametrize("most", [0, 1])
def test_there_is_no_ensemble_without_room_for_two_members(most: int) -> None:
    assert select(library([1.0, 1.0]), blends, most) is None


def test_there_is_no_ensemble_with_only_one_fold() -> None:
    assert select([one[:1] for one in library([1.0, 1.0])], blends, most=8) is None


def test_a_fold_score_is_that_of_the_average_chosen_by_the_other_folds() -> None:
    mine = library([1.0, 1.1, 0.9, 1.2])
    chosen = select(mine, blends, most=8)
    assert chosen is not None
    for fold in range(FOLDS):
        weights = greedy(mine, blends, [one for one in range(FOLDS) if one != fold], 8)
        expected = float(blends(fold, average(mine, weights, fold))[0])
        assert chosen.fold_scores[fold] == pytest.approx(expected)


def test_the_fold_scores_of_a_choice_among_many_are_those_on_new_rows() -> None:
    """Scores on the folds of the choice would be a fifth too good, with 30 equal candidates."""
    new_rows, rows, gaps = 4_000, 60, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        targets = rng.normal(size=FOLDS * rows + new_rows)
        missed = rng.normal(0, 0.4, targets.shape) + rng.normal(0, 1, (30, *targets.shape))
        known, new = np.split(np.vstack([targets, targets + missed]), [FOLDS * rows], axis=1)
        folds = np.split(known, FOLDS, axis=1)

        def blends(
            fold: int, predictions: np.ndarray, folds: list[np.ndarray] = folds
        ) -> np.ndarray:
            return -((predictions - folds[fold][0]) ** 2).mean(axis=1)

        alone = [
            sum(blends(at, folds[at][one][None])[0] for at in range(FOLDS)) for one in range(31)
        ]
        ranked = [one for one in np.argsort(alone)[::-1].tolist() if one > 0]
        chosen = select([[fold[one] for fold in folds] for one in ranked], blends, most=8)
        if chosen is not None:
            predictions = predicted([[new[one]] for one in ranked], chosen.blend, 0)
            gaps.append(fmean(chosen.fold_scores) + float(((predictions - new[0]) ** 2).mean()))
    assert len(gaps) > 20
    assert abs(fmean(gaps)) < 3 * standard_error(gaps)


def test_a_lucky_best_candidate_among_many_does_not_prevent_an_ensemble() -> None:
    """The best candidate and the ensemble are both scored on folds they were not chosen by.

    The best of 200 equally good candidates looks better than it is on the folds of the choice.
    """
    rng = np.random.default_rng(1)
    errors = [
        [rng.normal(0, one, ROWS) for one in rng.uniform(0.2, 2.0, FOLDS)] for _ in range(200)
    ]
    mine = [[target + error for target, error in zip(TARGETS, one, strict=True)] for one in errors]
    mine.sort(key=lambda one: -fmean(float(blends(at, one[at][None])[0]) for at in range(FOLDS)))
    chosen = select(mine[:30], blends, most=8)
    assert chosen is not None
    assert len(chosen.blend.weights) > 2


def test_noise_of_few_rows_does_not_prevent_an_ensemble() -> None:
    """Averaging similar candidates helps a little, but folds of 8 rows seldom show it clearly."""
    n_chosen = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        targets, shared = rng.normal(size=(2, FOLDS, 8))
        mine = [list(targets + shared + 0.65 * rng.normal(size=(FOLDS, 8))) for _ in range(6)]

        def blends(fold: int, predictions: np.ndarray, targets: np.ndarray = targets) -> np.ndarray:
            return -((predictions - targets[fold]) ** 2).mean(axis=1)

        mine.sort(key=lambda one: -fmean(float(blends(at, one[at][None])[0]) for at in range(4)))
        n_chosen += select(mine, blends, most=8) is not None
    assert n_chosen >= 18


@given(
    st.lists(st.tuples(st.floats(0.1, 3.0), st.integers(0, 9)), min_size=2, max_size=12),
    st.integers(0, 30),
)
def test_all_members_together_are_affordable(
    candidates: list[tuple[float, int]], room: int
) -> None:
    errors, costs = zip(*candidates, strict=True)
    mine = library(list(errors))

    def affords(places: Collection[int]) -> bool:
        return sum(costs[place] for place in set(places)) <= room

    weights = greedy(mine, blends, range(FOLDS), 8, affords)
    assert len(weights) == 1 or affords(weights)


def test_an_expensive_candidate_is_left_out_for_two_cheap_ones() -> None:
    mine = library([1.0, 1.0, 1.0, 1.0])
    costs = [0, 9, 3, 3]
    chosen = select(mine, blends, 8, affords=lambda places: sum(costs[at] for at in places) <= 6)
    assert chosen is not None
    assert set(chosen.blend.weights) == {0, 2, 3}


def test_there_is_no_ensemble_when_the_time_is_over() -> None:
    assert select(library([1.0] * 6), blends, 8, is_over=lambda: True) is None


@pytest.mark.parametrize("scorings", [1, 3, 10])
def test_nothing_is_scored_once_the_time_is_over(scorings: int) -> None:
    asked = []

    def counting(fold: int, predictions: np.ndarray) -> np.ndarray:
        asked.append(fold)
        return blends(fold, predictions)

    mine = library([1.0] * 6)
    assert select(mine, counting, 8, is_over=lambda: len(asked) >= scorings) is None
    assert len(asked) == scorings


def log_likelihoods(fold: int, predictions: np.ndarray) -> np.ndarray:
    """Score probabilities of class 1 against labels that are 1 with the chance `CHANCES`."""
    given = np.where(LABELS[fold] == 1, predictions[..., 1], predictions[..., 0])
    return np.log(given).mean(axis=1)


CHANCES = np.random.default_rng(1).uniform(0.02, 0.98, size=(FOLDS, 400))
LABELS = (np.random.default_rng(2).uniform(size=CHANCES.shape) < CHANCES).astype(int)


def noisy_chances(temperature: float, noise: float, seed: int) -> list[np.ndarray]:
    """Return a candidate's probabilities: the chances with noise, too soft or too sharp."""
    rng = np.random.default_rng(seed)
    logits = np.log(CHANCES / (1 - CHANCES)) + rng.normal(0, noise, CHANCES.shape)
    one = 1 / (1 + np.exp(-logits / temperature))
    return list(np.stack([1 - one, one], axis=-1))


def test_probabilities_that_are_too_cautious_are_made_sharper() -> None:
    mine = [noisy_chances(1.6, 0.3, seed) for seed in range(6)]
    plain = select(mine, log_likelihoods, 8)
    chosen = select(mine, log_likelihoods, 8, temperatures=TEMPERATURES)
    assert plain is not None
    assert chosen is not None
    assert plain.blend.temperature == 1
    assert 0.5 < chosen.blend.temperature < 0.8  # 1 / 1.6, and a little less for the noise
    assert fmean(chosen.fold_scores) > fmean(plain.fold_scores)


def test_a_temperature_alone_may_be_chosen() -> None:
    mine = [noisy_chances(1.6, 0.0, 0)] * 4
    chosen = select(mine, log_likelihoods, 8, temperatures=TEMPERATURES)
    assert chosen is not None
    assert chosen.blend.temperature < 1


def test_probabilities_that_are_right_are_left_alone() -> None:
    """A temperature that gains on some of the folds loses on the others."""
    mine = [[np.stack([1 - chance, chance], axis=-1) for chance in CHANCES]] * 3
    halves = []
    for seed in range(10, 18):
        rng = np.random.default_rng(seed)
        labels = (rng.uniform(size=CHANCES.shape) < CHANCES).astype(int)

        def blends(fold: int, predictions: np.ndarray, labels: np.ndarray = labels) -> np.ndarray:
            given = np.where(labels[fold] == 1, predictions[..., 1], predictions[..., 0])
            return np.log(given).mean(axis=1)

        chosen = select(mine, blends, 8, temperatures=TEMPERATURES)
        halves.append(1.0 if chosen is None else chosen.blend.temperature)
    assert np.median(halves) == 1
    assert all(0.8 < one < 1.25 for one in halves)


EVIDENCE = np.random.default_rng(3).normal(0, 1.2, size=(4, FOLDS, 400))
"""Evidence of four independent sources, as logits of class 1."""

POOLED_LABELS = (
    np.random.default_rng(4).uniform(size=(FOLDS, 400)) < 1 / (1 + np.exp(-EVIDENCE.sum(axis=0)))
).astype(int)


def pooled_likelihoods(fold: int, predictions: np.ndarray) -> np.ndarray:
    given = np.where(POOLED_LABELS[fold] == 1, predictions[..., 1], predictions[..., 0])
    return np.log(given).mean(axis=1)


def sources() -> list[list[np.ndarray]]:
    """Return candidates that each know one source."""
    ones = 1 / (1 + np.exp(-EVIDENCE))
    return [list(np.stack([1 - one, one], axis=-1)) for one in ones]


def test_independent_evidence_of_members_is_pooled() -> None:
    plain = select(sources(), pooled_likelihoods, 8, temperatures=TEMPERATURES)
    chosen = select(
        sources(),
        pooled_likelihoods,
        8,
        temperatures=TEMPERATURES,
        truth=Truth(list(POOLED_LABELS)),
    )
    assert plain is not None
    assert plain.blend.pool is None
    assert chosen is not None
    pool = chosen.blend.pool
    assert pool is not None
    assert len(pool.weights) == len(chosen.blend.weights) == 4
    assert sum(chosen.blend.weights.values()) == pytest.approx(1)
    assert fmean(chosen.fold_scores) > fmean(plain.fold_scores)


def test_the_pool_has_no_more_members_than_allowed_or_affordable() -> None:
    for most, affords in [(2, lambda _: True), (8, lambda places: set(places) <= {0, 1, 3})]:
        chosen = select(
            sources(),
            pooled_likelihoods,
            most,
            temperatures=TEMPERATURES,
            truth=Truth(list(POOLED_LABELS)),
            affords=affords,
        )
        assert chosen is not None
        assert chosen.blend.pool is not None
        members = list(chosen.blend.weights)
        assert len(members) == len(chosen.blend.pool.weights) == min(most, 3)
        assert affords(members)


def test_a_pool_that_does_not_help_is_left_out() -> None:
    mine = [[np.stack([1 - chance, chance], axis=-1) for chance in CHANCES]]
    mine += [noisy_chances(1.0, 1.5, seed) for seed in range(3)]
    n_pooled = 0
    for seed in range(20, 30):
        rng = np.random.default_rng(seed)
        labels = (rng.uniform(size=CHANCES.shape) < CHANCES).astype(int)

        def blends(fold: int, predictions: np.ndarray, labels: np.ndarray = labels) -> np.ndarray:
            given = np.where(labels[fold] == 1, predictions[..., 1], predictions[..., 0])
            return np.log(given).mean(axis=1)

        chosen = select(mine, blends, 8, temperatures=TEMPERATURES, truth=Truth(list(labels)))
        n_pooled += chosen is not None and chosen.blend.pool is not None
    assert n_pooled <= 5


def test_members_that_cost_nothing_go_and_no_others() -> None:
    """Two of four good candidates are the others with a little noise."""
    rng = np.random.default_rng(1)
    good = library([0.5, 0.5], 3)
    copies = [[part + rng.normal(0, 0.01, ROWS) for part in candidate] for candidate in good]
    mine = [*good, *copies, *library([2.0] * 8, 5)]
    whole = select(mine, blends, most=8, harmless=-1)
    pruned = select(mine, blends, most=8)
    assert whole is not None
    assert pruned is not None
    assert {0, 1, 2, 3} <= set(whole.blend.weights)
    assert set(pruned.blend.weights) == set(whole.blend.weights) - {2, 3}
    assert sum(pruned.blend.weights.values()) == pytest.approx(1.0)
    assert fmean(pruned.fold_scores) == pytest.approx(fmean(whole.fold_scores), rel=0.02)


def test_the_pool_of_a_pruned_ensemble_has_its_members_alone() -> None:
    mine = [*sources(), *sources()]  # every source twice
    chosen = select(
        mine, pooled_likelihoods, 8, temperatures=TEMPERATURES, truth=Truth(list(POOLED_LABELS))
    )
    whole = select(
        mine,
        pooled_likelihoods,
        8,
        temperatures=TEMPERATURES,
        truth=Truth(list(POOLED_LABELS)),
        harmless=-1,
    )
    assert chosen is not None
    assert whole is not None
    assert chosen.blend.pool is not None
    assert len(chosen.blend.pool.weights) == len(chosen.blend.weights)
    assert len(chosen.blend.weights) < len(whole.blend.weights)


def test_the_average_is_kept_if_there_is_no_time_for_a_pool() -> None:
    asked = []

    def counting(fold: int, predictions: np.ndarray) -> np.ndarray:
        asked.append(fold)
        return pooled_likelihoods(fold, predictions)

    plain = select(sources(), counting, 8, temperatures=TEMPERATURES, harmless=-1)
    enough = len(asked)
    asked.clear()
    late = select(
        sources(),
        counting,
        8,
        temperatures=TEMPERATURES,
        truth=Truth(list(POOLED_LABELS)),
        harmless=-1,
        is_over=lambda: len(asked) >= enough + 3,
    )
    assert len(asked) == enough + 3
    assert plain is not None
    assert late == plain
    looks = count()
    not_learned = select(
        sources(),
        pooled_likelihoods,
        8,
        temperatures=TEMPERATURES,
        truth=Truth(list(POOLED_LABELS)),
        harmless=-1,
        is_over=lambda: next(looks) > enough,
    )
    assert next(looks) == enough + 2
    assert not_learned == plain


@pytest.mark.parametrize("metric", [roc_auc_score, log_loss])
def test_metrics_of_labels_or_with_another_sign_are_scored_as_such(
    metric: Any,
) -> None:
    one = problem("binary")
    _, valid = one.folds[0]
    is_second = one.y[valid] == np.unique(one.y)[1]
    chance = np.random.default_rng(0).uniform(size=len(valid))
    predictions = np.stack([1 - chance, chance], axis=-1)[None]
    turned = make_scorer(
        metric, response_method="predict_proba", greater_is_better=metric is log_loss
    )
    assert BlendScorer(replace(one, scorer=turned))(0, predictions)[0] == pytest.approx(
        metric(is_second, chance) * (1 if metric is log_loss else -1)
    )
    if metric is roc_auc_score:
        y = (one.y == np.unique(one.y)[1]).astype(int)
        numbered = replace(one, task=Classification.of(y), y=y)
        of_labels = BlendScorer(replace(numbered, scorer=make_scorer(metric)))
        assert of_labels(0, predictions)[0] == pytest.approx(metric(is_second, chance > 0.5))


@pytest.mark.parametrize("pool", [None, LogPool((0.9, -0.1, 0.4), (0.2, 0.0, -0.2))])
@pytest.mark.parametrize("members", [1, 3])
def test_an_exported_blend_predicts_the_same(members: int, pool: LogPool | None) -> None:
    one = problem("multiclass")
    if pool is not None:
        pool = LogPool(pool.weights[:members], pool.biases)
    trees = [random_tree(CATALOGUES["multiclass"], seed, steps=3) for seed in range(members)]
    fitted = [to_estimator(tree).fit(one.X, one.y) for tree in trees]
    blend = Blend(dict.fromkeys(range(members), 1 / members), 0.8, pool)
    estimator = blending(one, fitted, blend)
    library = [[each.predict_proba(one.X)] for each in fitted]
    np.testing.assert_allclose(estimator.predict_proba(one.X), predicted(library, blend, 0)[0])
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(to_source(estimator), "ensemble.py", "exec"), names)
    again = names["make_pipeline"]().fit(one.X, one.y)
    np.testing.assert_array_equal(again.predict_proba(one.X), estimator.predict_proba(one.X))
    np.testing.assert_array_equal(again.predict(one.X), estimator.predict(one.X))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_only_the_log_loss_has_a_temperature_and_a_pool(task: str) -> None:
    one = problem(task)
    assert not BlendScorer(one).is_log_loss
    blends = BlendScorer(replace(one, scorer=check_scorer("neg_log_loss", one.task)))
    assert blends.is_log_loss
    classes = np.unique(one.y)
    for labels, (_, valid) in zip(blends.labels, one.folds, strict=True):
        np.testing.assert_array_equal(classes[labels], one.y[valid])


@given(st.lists(st.sampled_from(["GaussianNB", "DecisionTreeClassifier", "KNeighborsClassifier"])))
def test_only_the_first_few_candidates_with_the_same_last_step_are_kept(names: list[str]) -> None:
    catalogue = CATALOGUES["binary"]
    trees = {
        name: tree_with(catalogue[name], catalogue, "binary", np.random.default_rng(0))
        for name in set(names)
    }
    records = [
        Record(number, Candidate(trees[name], Origin("evolution", "growth")))
        for number, name in enumerate(names)
    ]
    kept = [record.number for record in limit_per_predictor(records)]
    assert kept == [
        number
        for number, name in enumerate(names)
        if names[:number].count(name) < MAX_PER_PREDICTOR
    ]
