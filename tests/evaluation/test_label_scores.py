"""Scores of labels at all thresholds, against scikit-learn's functions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    fbeta_score,
    jaccard_score,
    make_scorer,
    matthews_corrcoef,
    precision_score,
    zero_one_loss,
)

from evolver.evaluation.label_scores import counts_at, score_of_costs, score_of_metric
from evolver.evaluation.scorers import metric_of

CLASSES = np.array(["bad", "good"])


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the truth, probabilities with ties, and weights."""
    rng = np.random.default_rng(seed)
    second = rng.random(60) < 0.3
    shares = np.round(np.clip(0.3 * second + rng.random(60) * 0.6, 0.02, 0.98), 1)
    return second, shares, rng.integers(1, 4, 60).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (accuracy_score, {}),
        (balanced_accuracy_score, {}),
        (cohen_kappa_score, {}),
        (f1_score, {"pos_label": "good"}),
        (f1_score, {"pos_label": "bad"}),
        (f1_score, {"average": "macro"}),
        (f1_score, {"average": "weighted"}),
        (f1_score, {"average": "binary", "pos_label": "bad"}),
        (precision_score, {"pos_label": "good"}),
        (fbeta_score, {"pos_label": "good", "beta": 2}),
        (jaccard_score, {"pos_label": "bad"}),
        (matthews_corrcoef, {}),
        (zero_one_loss, {}),
    ],
)
def test_scores_are_those_of_scikit_learn(
    function: object, arguments: dict[str, object], weighted: bool
) -> None:
    second, shares, weights = rows()
    is_loss = function is zero_one_loss
    metric = metric_of(make_scorer(function, **arguments, greater_is_better=not is_loss))
    assert metric is not None
    score = score_of_metric(metric, CLASSES)
    given = weights if weighted else None
    sign = -1 if is_loss else 1
    for threshold in (0.15, 0.45, 0.75):
        decided = shares >= threshold
        truth, labels = CLASSES[second.astype(int)], CLASSES[decided.astype(int)]
        expected = sign * metric.function(truth, labels, **arguments, sample_weight=given)
        assert score(second, decided, given) == pytest.approx(expected)


def test_the_best_threshold_is_the_best_of_all() -> None:
    second, shares, weights = rows()
    metric = metric_of(make_scorer(f1_score, pos_label="good"))
    assert metric is not None
    score = score_of_metric(metric, CLASSES)
    best = score.best_threshold(second, shares, weights, second)
    cuts = np.linspace(0.05, 0.95, 19) + 0.001
    scores = [score(second, shares >= cut, weights) for cut in cuts]
    assert score(second, shares >= best, weights) == pytest.approx(max(scores))
    assert np.abs(shares - best).min() > 0.01  # rounding cannot change a decision


def test_a_metric_without_a_closed_form_has_a_threshold_too() -> None:
    second, shares, _ = rows()

    def hits(truth: np.ndarray, labels: np.ndarray) -> float:
        return float(np.mean(truth == labels))

    own, known = (
        score_of_metric(metric_of(make_scorer(one)), CLASSES)  # type: ignore[arg-type]
        for one in (hits, accuracy_score)
    )
    found = [one.best_threshold(second, shares, None, second) for one in (own, known)]
    scores = [known(second, shares >= threshold) for threshold in found]
    assert scores[0] == pytest.approx(scores[1])


def test_counts_are_those_at_each_threshold() -> None:
    second, shares, weights = rows()
    thresholds, (tp, fp, fn, tn) = counts_at(second, shares, weights)
    assert len(thresholds) == len(np.unique(shares)) + 1
    for place, threshold in enumerate(thresholds):
        decided = shares >= threshold
        assert tp[place] == pytest.approx(weights[second & decided].sum())
        assert fp[place] == pytest.approx(weights[~second & decided].sum())
        assert fn[place] == pytest.approx(weights[second & ~decided].sum())
        assert tn[place] == pytest.approx(weights[~second & ~decided].sum())


def test_costs_are_negated_means() -> None:
    second = np.array([True, True, False, False])
    decided = np.array([True, False, True, False])
    score = score_of_costs(np.array([[0.0, 1.0], [5.0, -1.0]]))
    assert score(second, decided) == pytest.approx(-(-1 + 5 + 1 + 0) / 4)
