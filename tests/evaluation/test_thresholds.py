"""Thresholds that are chosen by rows, and scores of decisions about other rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, get_scorer, make_scorer

from evolver.evaluation.blends import FixedPredictions
from evolver.evaluation.fold import is_foreign
from evolver.evaluation.label_scores import score_of_metric
from evolver.evaluation.scorers import metric_of, takes_weights
from evolver.evaluation.thresholds import Rule, decided_by, undecided
from evolver.objectives import name_of
from evolver.task import Classification

CLASSES = np.array([0, 1])
F1 = get_scorer("f1")


def rule_of(scorer: object) -> Rule:
    metric = metric_of(scorer)  # type: ignore[arg-type]
    assert metric is not None
    return Rule(score_of_metric(metric, CLASSES))


def rare(n_rows: int, rate: float = 0.05, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return true classes, and probabilities that follow the logistic model of their logits."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(np.log(rate / (1 - rate)), 1.5, n_rows)
    shares = 1 / (1 + np.exp(-logits))
    return (rng.random(n_rows) < shares).astype(int), shares


def scored(scorer: object, y: np.ndarray, shares: np.ndarray, **weights: np.ndarray) -> float:
    model = FixedPredictions(np.column_stack([1 - shares, shares]), Classification(CLASSES))
    return float(scorer(model, None, y, **weights))  # type: ignore[operator]


def test_a_threshold_is_better_on_new_rows_than_one_half() -> None:
    y, shares = rare(2_000)
    threshold = rule_of(F1).threshold(y == 1, shares)
    new_y, new_shares = rare(20_000, seed=1)
    assert 0.1 < threshold < 0.4
    assert f1_score(new_y, new_shares >= threshold) > f1_score(new_y, new_shares >= 0.5) + 0.05


def test_a_score_of_decisions_does_not_flatter() -> None:
    """The best threshold of the scored rows themselves would be better than the best of all."""
    rule = rule_of(F1)
    assert rule.score is not None
    many, many_shares = rare(50_000, seed=99)
    best_of_all = rule.score.best_threshold(many == 1, many_shares, None, many)
    decided = decided_by(rule, F1, CLASSES)
    shown, of_all, own = [], [], []
    for seed in range(40):
        y, shares = rare(300, seed=seed)
        second = y == 1
        shown.append(scored(decided, y, shares))
        of_all.append(rule.score(second, shares >= best_of_all))
        best = rule.score.best_threshold(second, shares, None, y)
        own.append(rule.score(second, shares >= best))
    assert np.mean(shown) <= np.mean(of_all) < np.mean(own)


def test_a_fixed_threshold_decides_every_row() -> None:
    y, shares = rare(500)
    scorer = decided_by(Rule(fixed=0.2), F1, CLASSES)
    assert scored(scorer, y, shares) == pytest.approx(f1_score(y, shares >= 0.2))


def test_rows_of_weight_zero_have_no_part_in_a_threshold() -> None:
    y, shares = rare(600)
    weights = np.repeat([1.0, 0.0], 300)
    rule = rule_of(F1)
    assert rule.threshold(y == 1, shares, weights) == pytest.approx(
        rule.threshold(y[:300] == 1, shares[:300])
    )


def test_one_class_alone_is_decided_by_one_half() -> None:
    assert rule_of(F1).threshold(np.zeros(5, bool), np.linspace(0, 1, 5)) == 0.5


def test_scorers_of_probabilities_and_of_other_kinds_stay_as_they_are() -> None:
    rule = rule_of(F1)
    for scorer in (get_scorer("roc_auc"), get_scorer("neg_log_loss"), lambda model, X, y: 0.0):
        assert decided_by(rule, scorer, CLASSES) is scorer
        assert undecided(scorer) is scorer
    assert decided_by(None, F1, CLASSES) is F1


def test_a_decided_scorer_is_known_by_its_metric_and_its_rule() -> None:
    def profit(truth: np.ndarray, labels: np.ndarray) -> float:
        return float(np.sum(truth * labels))

    scorer = decided_by(rule_of(F1), F1, CLASSES)
    own = make_scorer(profit)
    assert undecided(scorer) is F1
    assert takes_weights(scorer)
    assert "f1_score" in name_of(scorer)
    assert name_of(scorer) != name_of(decided_by(Rule(fixed=0.2), F1, CLASSES))
    metric = metric_of(decided_by(rule_of(own), own, CLASSES))
    assert metric is not None
    assert is_foreign(metric.function)
