"""Curves and tables of out-of-fold predictions, as plain data without any row of the table."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    median_absolute_error,
    precision_recall_curve,
    r2_score,
    roc_auc_score,
    roc_curve,
    root_mean_squared_error,
)

from evolver.problem import Problem
from evolver.task import Task

POINTS = 100
"""Largest number of points of a curve."""

MOST_ROWS = 20_000
"""Number of rows that the curves are computed on; more rows are thinned out evenly."""

MOST_CLASSES = 60
"""Number of classes up to which a confusion matrix is shown."""

BINS = 10
"""Number of bins of a calibration curve, each with as many rows."""

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""Function of true values, predictions and probabilities to a score or an error."""


def out_of_fold(
    problem: Problem, by_fold: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true values, predictions and their fold, of the rows that some fold validates.

    Parameters
    ----------
    problem : Problem
    by_fold : sequence of ndarray
        Predictions of the validation part of each fold.
    """
    rows = np.concatenate([valid for _, valid in problem.folds])
    folds = np.repeat(np.arange(len(problem.folds)), [len(valid) for _, valid in problem.folds])
    predictions = np.concatenate(list(by_fold))
    step = max(1, -(-len(rows) // MOST_ROWS))
    return problem.y[rows][::step], predictions[::step], folds[::step]


def metrics_of(problem: Problem, by_fold: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the common metrics of out-of-fold predictions, each the mean over the folds.

    A metric that is not defined, such as an area under a curve of one class, is left out.
    """
    truth, predictions, folds = out_of_fold(problem, by_fold)
    by_number = [
        metrics(problem.task, truth[folds == fold], predictions[folds == fold])
        for fold in np.unique(folds)
    ]
    names = [name for name in by_number[0] if all(name in one for one in by_number)]
    return {name: float(np.mean([one[name] for one in by_number])) for name in names}


def metrics(
    task: Task, truth: np.ndarray, predictions: np.ndarray, decided: np.ndarray | None = None
) -> dict[str, float]:
    """Return the common metrics of predictions, those that are not defined left out.

    Parameters
    ----------
    task : Task
    truth : ndarray of shape (n_rows,)
    predictions : ndarray of shape (n_rows,) or (n_rows, n_classes)
        Numbers, or probabilities.
    decided : ndarray of shape (n_rows,), optional
        Predicted labels; None: those of the largest probabilities.
    """
    if truth.ndim > 1 or (task.classes is not None and len(task.classes) > MOST_CLASSES):
        return {}
    found = {}
    if decided is None:
        decided = predictions if task.classes is None else task.decided(predictions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as that the sum of a blend differs from 1 by 1e-8
        for name, metric in (REGRESSION if task.classes is None else CLASSIFICATION).items():
            with suppress(ValueError):
                score = metric(truth, decided, predictions)
                if np.isfinite(score):
                    found[name] = score
    return found


def _probability(probabilities: np.ndarray) -> np.ndarray:
    """Return the probability of the second of two classes."""
    if probabilities.shape[1] != 2:
        raise ValueError("there must be two classes")
    return np.asarray(probabilities[:, 1])


def _is_second(truth: np.ndarray) -> np.ndarray:
    """Return True for the rows of the second of two classes."""
    classes = np.unique(truth)
    if len(classes) != 2:
        raise ValueError("there must be rows of two classes")
    return np.asarray(truth == classes[1])


def _auc(truth: np.ndarray, decided: np.ndarray, probabilities: np.ndarray) -> float:
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(_is_second(truth), probabilities[:, 1]))
    return float(roc_auc_score(truth, probabilities, multi_class="ovr"))


def _log_loss(truth: np.ndarray, decided: np.ndarray, probabilities: np.ndarray) -> float:
    classes = np.unique(truth)
    if len(classes) != probabilities.shape[1]:
        raise ValueError("each class must have a row")
    return float(log_loss(truth, probabilities, labels=classes))


CLASSIFICATION: Mapping[str, Metric] = {
    "accuracy": lambda truth, decided, _: float(accuracy_score(truth, decided)),
    "balanced accuracy": lambda truth, decided, _: float(balanced_accuracy_score(truth, decided)),
    "F1 (macro)": lambda truth, decided, _: float(f1_score(truth, decided, average="macro")),
    "area under the ROC curve": _auc,
    "average precision": lambda truth, _, shares: float(
        average_precision_score(_is_second(truth), _probability(shares))
    ),
    "log loss": _log_loss,
    "Brier score": lambda truth, _, shares: float(
        brier_score_loss(_is_second(truth), _probability(shares))
    ),
}
"""Metrics of classification by name."""

REGRESSION: Mapping[str, Metric] = {
    "root mean squared error": lambda truth, found, _: float(root_mean_squared_error(truth, found)),
    "mean absolute error": lambda truth, found, _: float(mean_absolute_error(truth, found)),
    "median absolute error": lambda truth, found, _: float(median_absolute_error(truth, found)),
    "R²": lambda truth, found, _: float(r2_score(truth, found)),
}
"""Metrics of regression by name."""

ERRORS = frozenset(
    [*("log loss", "Brier score"), *(name for name in REGRESSION if name.endswith("error"))]
)
"""Metrics that are better if they are smaller."""


def curves_of(problem: Problem, by_fold: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return the curves and tables of out-of-fold predictions, by name; empty for several targets.

    Of two classes: ROC, precision and recall, calibration, and counts by threshold. Of any classes:
    the confusion matrix. Of numbers: predictions against true values, and quantiles of residuals.
    """
    if problem.y.ndim > 1:
        return {}
    truth, predictions, _ = out_of_fold(problem, by_fold)
    classes = problem.task.classes
    if classes is None:
        return _of_numbers(truth, predictions)
    found: dict[str, Any] = {"classes": [str(one) for one in classes]}
    if len(classes) <= MOST_CLASSES:
        decided = problem.task.decided(predictions)
        found["confusion"] = confusion_matrix(truth, decided, labels=classes).tolist()
    if len(classes) == 2:
        found |= _of_two_classes(truth == classes[1], predictions[:, 1])
    return found


def _of_two_classes(truth: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    """Return the curves of the probability of one class."""
    if truth.all() or not truth.any():
        return {}
    false, true, _ = roc_curve(truth, shares)
    precision, recall, _ = precision_recall_curve(truth, shares)
    order = np.argsort(shares, kind="stable")
    bins = [one for one in np.array_split(order, BINS) if len(one)]
    thresholds = np.linspace(0.05, 0.95, 19)
    return {
        "roc": _thinned(false, true),
        "precision_recall": _thinned(recall, precision),
        "calibration": [
            [float(shares[one].mean()), float(truth[one].mean()), len(one)] for one in bins
        ],
        "thresholds": [
            [
                round(float(limit), 2),
                int((truth & (shares >= limit)).sum()),
                int((~truth & (shares >= limit)).sum()),
                int((truth & (shares < limit)).sum()),
                int((~truth & (shares < limit)).sum()),
            ]
            for limit in thresholds
        ],
    }


def _of_numbers(truth: np.ndarray, predictions: np.ndarray) -> dict[str, Any]:
    """Return quantiles of the true values and the residuals of groups of similar predictions."""
    order = np.argsort(predictions, kind="stable")
    groups = [one for one in np.array_split(order, 2 * BINS) if len(one)]
    residuals = truth - predictions
    return {
        "residuals": [
            [
                float(predictions[one].mean()),
                *(float(q) for q in np.quantile(residuals[one], [0.1, 0.5, 0.9])),
                len(one),
            ]
            for one in groups
        ],
        "predicted": [
            [float(predictions[one].mean()), float(truth[one].mean()), len(one)] for one in groups
        ],
    }


def _thinned(x: np.ndarray, y: np.ndarray) -> list[list[float]]:
    """Return some points of a curve, the first and the last among them."""
    places = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
    return [[round(float(x[at]), 4), round(float(y[at]), 4)] for at in places]
