"""Checks of `threshold`, by which a class follows from its probability, and of `coverage`."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import precision_score, recall_score

from evolver.checks.scorers import check_scorer, with_positive_class
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.label_scores import score_of_costs, score_of_metric
from evolver.evaluation.scorers import Metric
from evolver.evaluation.thresholds import HALF, Rule, label_metric
from evolver.problem import Scorer
from evolver.task import Task

ONE_SIDED = (precision_score, recall_score)
"""Metrics that see one kind of error alone: the best threshold puts all rows into one class."""

CHOICES = "None, a number above 0 and below 1, the name of a scorer of labels, or a 2 x 2 matrix"
"""Values of `threshold` in words."""


def check_threshold(threshold: Any, task: Task, y: np.ndarray, scorer: Scorer) -> Rule | None:
    """Return the rule by which the threshold is set; None: the most probable class is predicted.

    Parameters
    ----------
    threshold : None, float, str, callable or array-like of shape (2, 2)
        Parameter of the classifier. None: the threshold is chosen by the metric that is optimised,
        if that is one of labels.
    task : Task
    y : ndarray of shape (n_samples,)
        Checked target.
    scorer : callable
        Checked scorer that is optimised.

    Raises
    ------
    InputError, InputTypeError
        If `threshold` is none of these, or if the target has not two classes.
    """
    classes = task.classes
    if classes is None or len(classes) != 2:
        if threshold is None:
            return None
        raise InputError(
            "`threshold` must be None unless the target has two classes, got"
            f" {threshold!r} for a target of {task.kind}: decide by `predict_proba`."
        )
    if threshold is None:
        metric = label_metric(scorer)
        if metric is None or metric.function in ONE_SIDED:
            return None
        return Rule(score_of_metric(metric, classes))
    if isinstance(threshold, Real) and not isinstance(threshold, bool | np.bool_):
        if not 0 < float(threshold) < 1:
            raise InputError(f"`threshold` must be above 0 and below 1, got {threshold!r}.")
        fixed = float(threshold)
        return None if fixed == HALF else Rule(fixed=fixed)
    if isinstance(threshold, str) or callable(threshold):
        return Rule(score_of_metric(_metric_of_labels(threshold, task, y), classes))
    return Rule(score_of_costs(_check_costs(threshold)))


def _metric_of_labels(threshold: Any, task: Task, y: np.ndarray) -> Metric:
    """Return the metric of labels that a name or a scorer stands for."""
    try:
        scorer = with_positive_class(check_scorer(threshold, task), task, y, [])
    except (InputError, InputTypeError) as error:
        raise InputError(f"`threshold` must be {CHOICES}, got {threshold!r}: {error}") from None
    metric = label_metric(scorer)
    if metric is None:
        raise InputError(
            "`threshold` must name a scorer of labels, such as 'f1' or 'balanced_accuracy', got"
            f" {threshold!r}, whose score does not depend on a threshold."
        )
    if metric.function in ONE_SIDED:
        raise InputError(
            "`threshold` must name a scorer that counts both kinds of errors, such as 'f1', got"
            f" {threshold!r}, by which all rows would be of one class."
        )
    return metric


def _check_costs(threshold: Any) -> np.ndarray:
    """Return a matrix of costs by true class (rows) and predicted class (columns)."""
    try:
        costs = np.asarray(threshold, dtype=float)
    except (TypeError, ValueError):
        raise InputTypeError(f"`threshold` must be {CHOICES}, got {threshold!r}.") from None
    if costs.shape != (2, 2) or not np.isfinite(costs).all():
        raise InputError(
            f"`threshold` must be {CHOICES} of finite costs by true class (rows) and predicted"
            f" class (columns), got {threshold!r}."
        )
    if costs[0, 1] <= costs[0, 0] or costs[1, 0] <= costs[1, 1]:
        raise InputError(
            "`threshold` must be a matrix in which each error costs more than a right prediction of"
            f" the same class, got {costs.tolist()}: one class would be predicted for all rows."
        )
    return costs


def check_coverage(coverage: Any) -> None:
    """Raise an InputError or InputTypeError unless `coverage` is above 0 and below 1."""
    if isinstance(coverage, bool) or not isinstance(coverage, Real):
        raise InputTypeError(f"`coverage` must be a number, got {coverage!r}.")
    if not 0 < float(coverage) < 1:
        raise InputError(f"`coverage` must be above 0 and below 1, got {coverage!r}.")
