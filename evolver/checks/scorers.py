"""Checks of scorers: they are given all classes, and the class that counts as positive."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    get_scorer,
    get_scorer_names,
    make_scorer,
    roc_auc_score,
    top_k_accuracy_score,
)

from evolver.errors import InputError, InputTypeError
from evolver.evaluation.scorers import Metric, metric_of
from evolver.objectives import OBJECTIVES
from evolver.problem import Scorer
from evolver.task import Task
from evolver.warned import Finding

OF_PROBABILITIES = {
    "roc_auc": roc_auc_score,
    "average_precision": average_precision_score,
    "top_k_accuracy": top_k_accuracy_score,
}
"""Metrics that are computed from probabilities, by the name of the scorer.

scikit-learn's scorers of these names use the decision function of a model if it has one. Ensembles
average probabilities, and some models give equal probabilities to rows that their decision function
orders, so a score of decision functions could not be reached.
"""

RESPONSES = frozenset(["predict_proba", "predict_log_proba", "decision_function"])
"""Methods whose answers have a column for each class."""

NOT_GIVEN = object()
"""Default of a parameter that a metric does not have."""


def check_scorer(scoring: Any, task: Task) -> Scorer:
    """Return the scorer that `scoring` stands for; None stands for the default of the task.

    A metric of probabilities is given the labels of all classes: a fold may lack a rare class.

    Raises
    ------
    InputError, InputTypeError
        If the name is unknown, or if `scoring` is a metric instead of a scorer, or neither.
    """
    scoring = task.default_scoring if scoring is None else scoring
    scorer: Scorer
    if isinstance(scoring, str):
        if scoring not in get_scorer_names():
            raise InputError(
                f"`scoring` must be the name of a scorer ({', '.join(get_scorer_names())}), got"
                f" {scoring!r}."
            )
        scorer = get_scorer(scoring)
        if scoring in OF_PROBABILITIES:
            scorer = make_scorer(OF_PROBABILITIES[scoring], response_method="predict_proba")
        return _of_all_classes(scorer, task)
    if not callable(scoring):
        raise InputTypeError(f"`scoring` must be a scorer, its name or None, got {scoring!r}.")
    # The names of its parameters tell a metric, called with (y_true, y_pred), from a scorer.
    names = list(inspect.signature(scoring).parameters)
    if len(names) < 3 or names[0] in ("y_true", "labels_true", "y"):
        raise InputError(
            "`scoring` must be a scorer, called with (estimator, X, y); got a metric"
            f" {getattr(scoring, '__name__', scoring)!r}: wrap it with sklearn.metrics.make_scorer."
        )
    scorer = scoring
    return _of_all_classes(scorer, task)


def check_scorers(scoring: Any, task: Task) -> dict[str, Scorer]:
    """Return the scorers that `scoring` stands for by name, the one that is optimised first.

    Parameters
    ----------
    scoring : str, callable, None, list of str, or dict of str to str or callable
        Parameter of the estimators.
    task : Task

    Raises
    ------
    InputError, InputTypeError
        If a scorer breaks the rules of `check_scorer`, or if names are missing, are no strings,
        occur twice, or are those of other columns of the tables.
    """
    if isinstance(scoring, list | tuple):
        if len(set(map(str, scoring))) < len(scoring):
            raise InputError(f"`scoring` must name each scorer once, got {scoring!r}.")
        if not all(isinstance(name, str) for name in scoring):
            raise InputTypeError(
                f"`scoring` must be a list of names, or a dict of scorers by name, got {scoring!r}."
            )
        scoring = {name: name for name in scoring}
    if not isinstance(scoring, dict):
        return {leading_name(scoring, task): check_scorer(scoring, task)}
    if not scoring:
        raise InputError(f"`scoring` must have at least one scorer, got {scoring!r}.")
    for name in scoring:
        if not isinstance(name, str):
            raise InputTypeError(f"`scoring` must name scorers by strings, got {name!r}.")
        if name in TAKEN:
            raise InputError(f"`scoring` must use names other than {sorted(TAKEN)}, got {name!r}.")
    return {name: check_scorer(scorer, task) for name, scorer in scoring.items()}


def leading_name(scoring: Any, task: Task) -> str:
    """Return the name of the scorer that is optimised; "score" for a function without a name."""
    if scoring is None:
        return task.default_scoring
    if isinstance(scoring, list | tuple | dict):
        return str(next(iter(scoring)))
    return scoring if isinstance(scoring, str) else "score"


TAKEN = frozenset(
    [
        *("number", "digest", "pipeline", "outcome", "failure", "reason", "score", "std", "rank"),
        *("score_so_far", "folds", "expression"),
        *("complexity", "seconds", "proposer", "operator", "parents", *OBJECTIVES),
    ]
)
"""Names of the other columns of leaderboard and front."""


def _of_all_classes(scorer: Scorer, task: Task) -> Scorer:
    """Return a scorer whose metric of probabilities knows the labels of all classes."""
    metric = metric_of(scorer)
    if task.classes is None or metric is None or not RESPONSES.intersection(metric.responses):
        return scorer
    # A score of two classes is the area of one of them, whatever the labels.
    is_area = metric.function is roc_auc_score and len(task.classes) == 2
    takes_labels = _default(metric, "labels") is not NOT_GIVEN and "labels" not in metric.arguments
    return _made(metric, labels=task.classes) if takes_labels and not is_area else scorer


def with_positive_class(
    scorer: Scorer, task: Task, y: np.ndarray, findings: list[Finding]
) -> Scorer:
    """Return a scorer of two classes that knows which of them is positive.

    scikit-learn takes the label 1 for the positive one. Of other labels the rarer class is taken,
    and if both are as frequent, the second.

    Parameters
    ----------
    scorer : callable
        Checked scorer.
    task : Task
    y : ndarray of shape (n_samples,)
        Checked target.
    findings : list of Finding
        List to which the choice is appended.
    """
    metric, classes = metric_of(scorer), task.classes
    if metric is None or classes is None or len(classes) != 2 or 1 in classes.tolist():
        return scorer
    default = _default(metric, "pos_label")
    average = _default(metric, "average")
    # An average over the classes has no positive one.
    is_averaged = metric.arguments.get("average", average) != average
    if default is NOT_GIVEN or "pos_label" in metric.arguments or is_averaged:
        return scorer
    if default is None:  # such a score is the same for either class
        return _made(metric, pos_label=classes[1])
    counts = [int((y == label).sum()) for label in classes]
    positive = classes[0 if counts[0] < counts[1] else 1]
    name = metric.function.__name__
    findings.append(
        Finding(
            "positive-class",
            f"`scoring` needs a positive class: {classes[classes == positive].tolist()[0]!r}, the"
            f" rarer one, is taken. To choose it, pass sklearn.metrics.make_scorer({name},"
            " pos_label=...).",
        )
    )
    return _made(metric, pos_label=positive)


def _default(metric: Metric, parameter: str) -> Any:
    """Return the default value of a parameter of a metric; `NOT_GIVEN` if it has none such."""
    found = inspect.signature(metric.function).parameters.get(parameter)
    return NOT_GIVEN if found is None else found.default


def _made(metric: Metric, **arguments: Any) -> Scorer:
    """Return the scorer of a metric with further arguments."""
    scorer: Scorer = make_scorer(
        metric.function,
        greater_is_better=metric.greater_is_better,
        response_method=tuple(metric.responses),
        **metric.arguments,
        **arguments,
    )
    return scorer
