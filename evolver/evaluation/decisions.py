"""Decisions of a fitted classifier between two classes: its threshold, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier

from evolver.evaluation.thresholds import HALF, Rule
from evolver.problem import Problem
from evolver.warned import Finding

UNEQUAL = 0.3
"""Share of the rarest class up to which classes are unequal."""

LEAST_ROWS = 50
"""Number of rows below which nothing is said of what is predicted."""

ERRORS_OF_SHIFT = 3.0
"""Number of standard errors beyond which probabilities differ from a share by no chance."""

SHIFT = 0.2
"""Difference between probabilities and the share of the rarer class that matters, as its share."""


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
    classes = problem.task.classes
    if classes is None:
        return []
    rows = np.concatenate([valid for _, valid in problem.folds])
    predictions = np.concatenate(list(by_fold))
    return [
        *_one_class(problem, predictions, threshold),
        *(_shifted(problem, rows, predictions[:, 1]) if len(classes) == 2 else []),
    ]


def _one_class(
    problem: Problem, predictions: np.ndarray, threshold: float | None
) -> Iterator[Finding]:
    """Give a finding if one class alone is predicted, and is much more frequent than another."""
    shares = problem.task.class_counts(problem.y) / len(problem.y)
    decided = np.argmax(predictions, axis=1)
    if threshold is not None:
        decided = (predictions[:, 1] >= threshold).astype(int)
    if len(np.unique(decided)) > 1 or shares.min() > UNEQUAL or len(problem.y) < LEAST_ROWS:
        return
    assert problem.task.classes is not None
    label = problem.task.classes.tolist()[decided[0]]
    advice = (
        "`threshold`, such as 'f1' or 'balanced_accuracy', sets another one"
        if threshold is not None
        else "decide by `predict_proba`"
    )
    yield Finding(
        "predicts-one-class",
        f"`predict` gives the class {label!r} for every row, as the classes of `y` are very unequal"
        f" (the rarest has {shares.min():.1%} of the rows): {advice}.",
    )


def _shifted(problem: Problem, rows: np.ndarray, predicted: np.ndarray) -> Iterator[Finding]:
    """Give a finding if probabilities are larger or smaller than the share of the class."""
    assert problem.task.classes is not None
    truth = problem.y[rows] == problem.task.classes[1]
    weights = None if problem.sample_weight is None else problem.sample_weight[rows]
    mean = float(np.average(predicted, weights=weights))
    share = float(np.average(truth, weights=weights))
    error = np.std(truth - predicted) / np.sqrt(len(rows))
    rarer = min(share, 1 - share)
    if abs(mean - share) > ERRORS_OF_SHIFT * error and abs(mean - share) > SHIFT * rarer:
        yield Finding(
            "shifted-probabilities",
            f"Probabilities of the class {problem.task.classes.tolist()[1]!r} are {mean:.3g} in the"
            f" mean, while its share of the rows is {share:.3g}: they order the rows alone. With"
            " `scoring='neg_log_loss'` models are chosen whose probabilities are right.",
        )
