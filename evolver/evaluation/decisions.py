"""Decisions of a fitted classifier between two classes: its threshold, and what is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier

from evolver.evaluation.blends import FixedPredictions
from evolver.evaluation.calibration import Line, is_shifted, needed_line
from evolver.evaluation.fold import score_of
from evolver.evaluation.scorers import metric_of
from evolver.evaluation.thresholds import HALF, Rule, label_metric, undecided
from evolver.problem import Problem
from evolver.warned import Finding
from primitives.calibration import PlattScaledClassifier

UNEQUAL = 0.3
"""Share of the rarest class up to which classes are unequal."""

LEAST_ROWS = 50
"""Number of rows below which nothing is said of what is predicted."""

SAME_SCORE = 1e-4
"""Difference of two scores that are the same: a line may part ties, or join tiny probabilities."""


def lines_of(
    problem: Problem,
    rule: Rule | None,
    out_of_fold: Mapping[str, Sequence[np.ndarray]],
) -> dict[str, Line]:
    """Return the lines of the models whose probabilities need one, by digest.

    A metric of the order of the rows chooses models whatever their probabilities are: with balanced
    class weights, 1 % of a class have a mean probability of 20 %. Where the score depends on the
    probabilities, they stay as they were scored.

    Parameters
    ----------
    problem : Problem
    rule : Rule or None
        Rule by which the threshold is set, after the change.
    out_of_fold : mapping of str to sequence of ndarray
        Out-of-fold predictions of each model.
    """
    classes = problem.task.classes
    if classes is None or len(classes) != 2 or metric_of(problem.scorer) is None:
        return {}
    rows = np.concatenate([valid for _, valid in problem.folds])
    weights = None if problem.sample_weight is None else problem.sample_weight[rows]
    second = problem.y[rows] == classes[1]
    chooses = rule is not None and rule.score is not None
    is_free = chooses and label_metric(undecided(problem.scorer)) is not None
    found = {}
    for digest, by_fold in out_of_fold.items():
        line = needed_line(second, np.concatenate(list(by_fold)), weights)
        if line is not None and (is_free or _keeps_score(problem, by_fold[0], line)):
            found[digest] = line
    return found


def _keeps_score(problem: Problem, predictions: np.ndarray, line: Line) -> bool:
    """Return True if the score of the first fold does not depend on a line."""
    valid = problem.folds[0][1]
    weights = None if problem.sample_weight is None else problem.sample_weight[valid]
    rows = problem.X.iloc[:0]  # the metric sees predictions alone
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            before, after = (
                score_of(
                    problem.scorer,
                    FixedPredictions(one, problem.task),
                    rows,
                    problem.y[valid],
                    weights,
                )
                for one in (predictions, line(predictions))
            )
    except Exception:  # a metric of the user may raise any error
        return False
    return bool(abs(before - after) <= SAME_SCORE)


def as_decided(model: Any, line: Line | None, threshold: float | None) -> Any:
    """Return a fitted classifier with its line and its threshold.

    Parameters
    ----------
    model : estimator
    line : Line or None
        None: probabilities are not changed.
    threshold : float or None
        None for other targets than two classes. At 0.5 there is no wrapper.
    """
    if line is not None:
        biases = [0.0, line.bias]
        model = _around(PlattScaledClassifier(model, line.slope, biases, line.smallest), "classes_")
    if threshold is None or threshold == HALF:
        return model
    decided = FixedThresholdClassifier(model, threshold=threshold, response_method="predict_proba")
    return _around(decided, "n_features_in_", "feature_names_in_")


def _around(wrapper: Any, *attributes: str) -> Any:
    """Return a wrapper as its `fit` would leave it, which would fit the model once more."""
    wrapper.estimator_ = wrapper.estimator
    for name in attributes:
        if hasattr(wrapper.estimator, name):
            setattr(wrapper, name, getattr(wrapper.estimator, name))
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
        *(_shifted(problem, rows, predictions) if len(classes) == 2 else []),
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
    if is_shifted(truth, predicted, weights):
        mean = float(np.average(predicted[:, 1], weights=weights))
        share = float(np.average(truth, weights=weights))
        yield Finding(
            "shifted-probabilities",
            f"Probabilities of the class {problem.task.classes.tolist()[1]!r} are {mean:.3g} in the"
            f" mean, while its share of the rows is {share:.3g}: they order the rows alone. They"
            " are not calibrated, as the score depends on them: a metric of their order, such as"
            " `scoring='roc_auc'`, or a chosen `threshold` allows it.",
        )
