"""Fast scores of blends equal those of the scorer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evolver.checks import check_scorer
from evolver.evaluation.blends import BlendScorer, FixedPredictions
from evolver.evaluation.fold import Evaluator, Request, score_of
from evolver.genome.codec import encode
from evolver.genome.pipeline import to_estimator
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree

SCORINGS = {
    "binary": [None, "accuracy", "balanced_accuracy", "neg_log_loss", "f1_macro"],
    "multiclass": [None, "accuracy", "balanced_accuracy", "roc_auc_ovr"],
    "regression": [None, "r2", "neg_mean_absolute_error"],
}
CASES = [(task, scoring) for task, scorings in SCORINGS.items() for scoring in scorings]


@pytest.mark.parametrize(("task", "scoring"), CASES)
def test_the_score_of_one_is_that_of_its_fold(task: str, scoring: str | None) -> None:
    one = problem(task)
    one = replace(one, scorer=check_scorer(scoring, one.task))
    evaluator = Evaluator(one, CATALOGUES[task])
    scored = BlendScorer(one)
    for seed in (3, 7):
        tree = random_tree(CATALOGUES[task], seed, steps=3)
        done = evaluator(Request(encode(tree), 1))
        found = scored(1, np.stack([done.predictions, done.predictions]))
        assert found == pytest.approx([done.score] * 2, rel=1e-6)


@pytest.mark.parametrize(("task", "scoring"), [*CASES, ("multiclass", "neg_log_loss")])
def test_weights_of_rows_count(task: str, scoring: str | None) -> None:
    one = problem(task)
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 5, len(one.y)).astype(float)
    one = replace(one, scorer=check_scorer(scoring, one.task), sample_weight=weights)
    train, valid = one.folds[0]
    tree = random_tree(CATALOGUES[task], 3, steps=2)
    estimator = to_estimator(tree).fit(one.X.iloc[train], one.y[train])
    method = "predict" if task == "regression" else "predict_proba"
    predictions = np.round(getattr(estimator, method)(one.X.iloc[valid]), 2)  # some are equal
    if predictions.ndim == 2:
        predictions = predictions / predictions.sum(axis=1, keepdims=True)
    X, y = one.X.iloc[valid], one.y[valid]
    weighted = score_of(one.scorer, FixedPredictions(predictions, one.task), X, y, weights[valid])
    found = BlendScorer(one)(0, np.stack([predictions, predictions]))
    assert found == pytest.approx([weighted] * 2)
    plain = BlendScorer(replace(one, sample_weight=None))(0, predictions[None])[0]
    assert found[0] != pytest.approx(plain)


def share_of_yes(estimator: Any, X: Any, y: Any) -> float:
    """Return the precision of the first class: NaN where it is never predicted."""
    taken = estimator.predict(X) == estimator.classes_[0]
    return float(np.mean(y[taken] == estimator.classes_[0])) if taken.any() else float("nan")


def test_a_blend_without_a_score_does_not_stop_the_others() -> None:
    one = replace(problem("binary"), scorer=share_of_yes)
    rows = len(one.folds[0][1])
    never, always = np.tile([0.0, 1.0], (rows, 1)), np.tile([1.0, 0.0], (rows, 1))
    found = BlendScorer(one)(0, np.stack([never, always]))
    assert found[0] == -np.inf
    assert 0 < found[1] < 1
