"""Scores of predictions on resampled rows.

Common metrics are computed for many candidates and draws at once: those that are means over rows by
a product of matrices, the area under the ROC curve by sorting the rows of a candidate once. For any
other scorer, the rows are taken and the scorer is called for each draw.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    mean_absolute_error,
    r2_score,
)

from evolver.evaluation.blends import (
    BlendScorer,
    areas,
    fast_metric,
    log_likelihoods,
    negative_errors,
    negative_log_losses,
)
from evolver.evaluation.resampling import Sample
from evolver.evaluation.scorers import metric_of
from evolver.problem import Problem
from evolver.task import Task

Resampled = Callable[[int, np.ndarray, np.ndarray], np.ndarray]
"""Function of a fold, predictions (n_candidates, n_rows, ...) and weights of rows (n_draws, n_rows)
to scores (n_draws, n_candidates); NaN where the rows that are drawn have no score."""


OfTargets = Callable[[Task, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Function of a task, targets, predictions and weights of the rows of a fold to scores as above."""


def resampled_of(sample: Sample) -> Resampled | None:
    """Return the function that scores many candidates and draws; None if the metric has none."""
    problem = sample.problem
    of_targets = _of_targets(problem)
    if of_targets is None:
        return None

    def scores(fold: int, predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
        y = problem.y[problem.folds[fold][1]]
        with np.errstate(divide="ignore", invalid="ignore"):
            return of_targets(problem.task, y, predictions, weights)

    return scores


def scores_of_draws(
    sample: Sample,
    predictions: Sequence[np.ndarray],
    counts: np.ndarray,
    is_over: Callable[[], bool],
) -> np.ndarray:
    """Return the score of predictions in each draw, the mean over the folds that have one.

    Parameters
    ----------
    sample : Sample
    predictions : sequence of ndarray
        Predictions for the rows of the sample, by fold.
    counts : ndarray of shape (n_draws, n_units)
        How often each unit is drawn.
    is_over : callable
        Returns True if the time is over.

    Returns
    -------
    ndarray
        Score of each draw that was scored in time; NaN where no fold has one.
    """
    resampled = resampled_of(sample)
    if resampled is not None:
        folds = [
            resampled(fold, one[None], sample.weights(counts, fold))[:, 0]
            for fold, one in enumerate(predictions)
        ]
        return mean_of_folds(np.array(folds))
    found = []
    for count in counts:
        if is_over():
            break
        found.append(_score_of_draw(sample, predictions, count))
    return np.array(found)


def mean_of_folds(scores: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis of the entries that are finite; NaN where none is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean of no entry is NaN here
        found: np.ndarray = np.nanmean(np.where(np.isfinite(scores), scores, np.nan), axis=0)
    return found


def _score_of_draw(sample: Sample, predictions: Sequence[np.ndarray], count: np.ndarray) -> float:
    """Return the mean score of one draw over the folds; NaN where no fold has a score."""
    taken = [np.repeat(np.arange(len(units)), count[units]) for units in sample.units]
    folds = [
        (train, valid[rows])
        for (train, valid), rows in zip(sample.problem.folds, taken, strict=True)
    ]
    scorer = BlendScorer(replace(sample.problem, folds=folds))
    scores = [_score(scorer, fold, predictions[fold][rows]) for fold, rows in enumerate(taken)]
    return float(mean_of_folds(np.array(scores)))


def _score(scorer: BlendScorer, fold: int, predictions: np.ndarray) -> float:
    """Return a score; NaN where a metric refuses the rows, such as those of a single class."""
    try:
        return float(scorer(fold, predictions[None])[0])
    except ValueError:
        return float("nan")


def _of_targets(problem: Problem) -> OfTargets | None:
    """Return the function of the problem's metric, or None."""
    fast, metric = fast_metric(problem), metric_of(problem.scorer)
    if fast is not None:
        return OF_FAST.get(fast)
    if metric is None or metric.function not in OF_METRICS or problem.y.ndim > 1:
        return None
    is_greater, of_targets = OF_METRICS[metric.function]
    is_plain = not metric.arguments and metric.greater_is_better == is_greater
    return of_targets if is_plain else None


def _areas(task: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the areas under the ROC curve, see `evolver.evaluation.blends.areas`."""
    assert task.classes is not None
    positive = y == task.classes[1]
    of_positive = np.ascontiguousarray(np.where(positive, weights, 0.0).T)
    of_negative = np.ascontiguousarray(np.where(positive, 0.0, weights).T)
    found = np.empty((len(predictions), len(weights)))
    for place, values in enumerate(predictions[..., 1]):
        order = np.argsort(values)
        starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf))  # equal ones are one step
        ups = np.add.reduceat(of_positive[order], starts)
        downs = np.add.reduceat(of_negative[order], starts)
        found[place] = np.einsum("rd,rd->d", ups, np.cumsum(downs, axis=0) - downs / 2)
    areas_of_draws: np.ndarray = (found / (of_positive.sum(axis=0) * of_negative.sum(axis=0))).T
    return areas_of_draws


def _log_losses(
    task: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the negated log losses."""
    assert task.classes is not None
    return _means(log_likelihoods(y, predictions, task.classes), weights)


def _errors(_: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the negated root mean squared errors."""
    found: np.ndarray = -np.sqrt(_means((predictions - y) ** 2, weights))
    return found


def _absolute_errors(
    _: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the negated mean absolute errors."""
    return -_means(np.abs(predictions - y), weights)


def _explained(_: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the coefficients of determination."""
    away = y - np.average(y)
    variances = _means(away[None] ** 2, weights) - _means(away[None], weights) ** 2
    found: np.ndarray = 1 - _means((predictions - y) ** 2, weights) / variances
    return found


def _accuracies(
    task: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the shares of rows whose label is predicted."""
    return _means(_hits(task, y, predictions), weights)


def _balanced_accuracies(
    task: Task, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the mean over the classes of the shares of rows whose label is predicted."""
    assert task.classes is not None
    hits = _hits(task, y, predictions)
    return mean_of_folds(np.array([_means(hits, weights * (y == one)) for one in task.classes]))


def _hits(task: Task, y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return 1 where the label of a row is predicted, else 0, shape (n_candidates, n_rows)."""
    return np.array([task.decided(one) == y for one in predictions], dtype=float)


def _means(of_rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weighted means of the rows of each candidate, shape (n_draws, n_candidates)."""
    found: np.ndarray = weights @ of_rows.T / weights.sum(axis=1, keepdims=True)
    return found


OF_FAST: dict[Any, OfTargets] = {
    areas: _areas,
    negative_log_losses: _log_losses,
    negative_errors: _errors,
}
"""Functions of the metrics that blends are scored by."""

OF_METRICS: dict[Any, tuple[bool, OfTargets]] = {
    accuracy_score: (True, _accuracies),
    balanced_accuracy_score: (True, _balanced_accuracies),
    mean_absolute_error: (False, _absolute_errors),
    r2_score: (True, _explained),
}
"""Functions of further metrics without arguments, each with True if greater is better."""
