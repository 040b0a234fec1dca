"""Properties of scikit-learn's scorers, and defaults for scorers without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import get_scorer, log_loss, make_scorer, max_error, roc_auc_score

from evolver.checks import check_scorer
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.fold import Evaluator, Request
from evolver.evaluation.scorers import metric_of, takes_weights
from evolver.genome.codec import encode
from evolver.task import Classification
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree


def test_a_metric_is_what_the_scorer_was_made_of() -> None:
    metric = metric_of(check_scorer("neg_log_loss", Classification.of(np.arange(3))))
    assert metric is not None
    assert metric.function is log_loss
    assert not metric.greater_is_better
    assert tuple(metric.responses) == ("predict_proba",)
    assert set(metric.arguments) == {"labels"}
    ranks = metric_of(get_scorer("roc_auc"))
    assert ranks is not None
    assert ranks.function is roc_auc_score
    assert tuple(ranks.responses) == ("decision_function", "predict_proba")


def plain(estimator: Any, X: Any, y: Any) -> float:
    return 0.0


def weighted(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    return 0.0 if sample_weight is None else float(np.sum(sample_weight))


@pytest.mark.parametrize(
    ("scorer", "takes"),
    [
        (get_scorer("accuracy"), True),
        (make_scorer(max_error), False),
        (plain, False),
        (weighted, True),
    ],
)
def test_weights_go_where_they_are_taken(scorer: Any, takes: bool) -> None:
    assert takes_weights(scorer) is takes


def test_a_function_that_takes_weights_is_given_them() -> None:
    on = problem("binary", scorer=weighted, sample_weight=np.full(120, 2.0))
    tree = random_tree(CATALOGUES["binary"], 3, steps=2)
    result: Any = Evaluator(on, CATALOGUES["binary"])(Request(encode(tree), 0))
    assert result.score == 2.0 * len(on.folds[0][1])


class Opaque:
    """Scorer of another library, or of a scikit-learn that has renamed its private names."""

    def __init__(self, scorer: Any) -> None:
        self.scorer = scorer

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        return float(self.scorer(estimator, X, y, sample_weight=sample_weight))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("with_weights", [False, True])
def test_a_scorer_that_says_nothing_scores_the_same(task: str, with_weights: bool) -> None:
    """Scoring is only slower: nothing comes from the cache, and blends are scored one by one."""
    base = problem(task)
    weights = np.linspace(0.5, 2.0, len(base.y)) if with_weights else None
    scorer = check_scorer(None, base.task)
    told = problem(task, scorer=scorer, sample_weight=weights)
    untold = problem(task, scorer=Opaque(scorer), sample_weight=weights)
    assert metric_of(untold.scorer) is None
    tree = random_tree(CATALOGUES[task], 3, steps=3)
    one, other = (
        Evaluator(on, CATALOGUES[task], 50_000_000)(Request(encode(tree), 0))
        for on in (told, untold)
    )
    assert one.score == other.score
    assert not BlendScorer(untold).is_log_loss
    blends = np.stack([one.predictions] * 2)
    np.testing.assert_allclose(
        BlendScorer(untold)(0, blends), BlendScorer(told)(0, blends), rtol=1e-6
    )
