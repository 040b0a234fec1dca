"""Scores of blends (averages of predictions), many at once.

The default metrics are computed for all blends together. For any other metric, the scorer is called
once for each blend.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from evolver.evaluation.fold import UndefinedScoreError, reported_of, score_of
from evolver.evaluation.scorers import metric_of
from evolver.evaluation.thresholds import Decided
from evolver.outcome import mean_reported
from evolver.problem import Problem
from evolver.task import Task
from primitives.isolation import private_copy


class FixedPredictions:
    """Stand-in for a fitted estimator, which returns copies of given predictions.

    Parameters
    ----------
    predictions : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Numbers of a regressor, or probabilities.
    task : Task
    """

    def __init__(self, predictions: np.ndarray, task: Task) -> None:
        self._predictions = predictions
        self._task = task
        self._classifies = task.model_classes is not None
        if self._classifies:
            self.classes_ = task.model_classes

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier" if self._classifies else "regressor",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if self._classifies else None,
            regressor_tags=None if self._classifies else RegressorTags(),
        )

    def predict(self, X: Any) -> np.ndarray:
        """Return the given numbers, or the labels that the probabilities stand for."""
        return self._task.decided(self._copy())

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the given probabilities."""
        return self._copy()

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy or R², as the estimators of scikit-learn do."""
        metric = accuracy_score if self._classifies else r2_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))

    def _copy(self) -> np.ndarray:
        copy: np.ndarray = private_copy(self._predictions)
        return copy


class BlendScorer:
    """Scorer of blends of predictions on the folds of a problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._classes = problem.task.classes
        self._fast = fast_metric(problem)

    @property
    def is_log_loss(self) -> bool:
        """True if the score is the log loss, which depends on how sure probabilities are."""
        metric = metric_of(self._problem.scorer)
        return self._classes is not None and metric is not None and metric.function is log_loss

    @property
    def labels(self) -> list[np.ndarray]:
        """Numbers of the true classes of each fold's validation part, from 0.

        Only a classification problem has them.
        """
        assert self._classes is not None
        places = np.searchsorted(self._classes, self._problem.y)
        return [places[valid] for _, valid in self._problem.folds]

    @property
    def row_weights(self) -> list[np.ndarray] | None:
        """Weights of the rows of each fold's validation part; None if there are none."""
        weights = self._problem.sample_weight
        return None if weights is None else [weights[valid] for _, valid in self._problem.folds]

    def __call__(self, fold: int, blends: np.ndarray) -> np.ndarray:
        """Return the scores of blends on a fold.

        Parameters
        ----------
        fold : int
            Number of the fold.
        blends : ndarray of shape (n_blends, n_valid, n_outputs) or (n_blends, n_valid)
            Probabilities or numbers for the validation part.

        Returns
        -------
        ndarray of shape (n_blends,)
            Scores; greater is better. Minus infinity where a score is not defined, such as a
            correlation of a constant prediction.

        Raises
        ------
        ValueError
            If a scorer that is called for each blend returns no number.
        """
        problem = self._problem
        valid = problem.folds[fold][1]
        y = problem.y[valid]
        weights = None if problem.sample_weight is None else problem.sample_weight[valid]
        if self._fast is not None:
            scores: np.ndarray = self._fast(y, blends, self._classes, weights)
            return scores
        X = problem.X.iloc[valid]
        with warnings.catch_warnings():
            # Warnings of metrics are ignored here as in the evaluation of a fold.
            warnings.simplefilter("ignore")
            return np.array([self._score(blend, X, y, weights) for blend in blends])

    def _score(self, blend: np.ndarray, X: pd.DataFrame, y: np.ndarray, weights: Any) -> float:
        """Return the score of a blend; minus infinity where it is not defined."""
        model = FixedPredictions(blend, self._problem.task)
        try:
            return score_of(self._problem.scorer, model, private_copy(X), y, weights)
        except UndefinedScoreError:
            return float("-inf")

    def reported(self, predictions: Sequence[np.ndarray]) -> tuple[float, ...]:
        """Return the mean scores by the further scorers of the problem.

        Parameters
        ----------
        predictions : sequence of ndarray
            Predictions of the validation part of each fold.
        """
        problem = self._problem
        folds = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for (_, valid), one in zip(problem.folds, predictions, strict=True):
                weights = None if problem.sample_weight is None else problem.sample_weight[valid]
                model = FixedPredictions(one, problem.task)
                X = private_copy(problem.X.iloc[valid])
                folds.append(reported_of(problem, model, X, problem.y[valid], weights))
        return mean_reported(folds)


Weights = np.ndarray | None
"""Weights of the rows that are scored; None: all rows count the same."""


def areas(
    y: np.ndarray, blends: np.ndarray, classes: np.ndarray, weights: Weights = None
) -> np.ndarray:
    """Return the area under the ROC curve of each blend.

    It follows from the rank sum of the positive class (Mann-Whitney U; Hanley and McNeil 1982).
    """
    positive = y == classes[1]
    if weights is not None:
        of_classes = np.where(positive, weights, 0.0), np.where(positive, 0.0, weights)
        return np.array([_weighted_area(blend[:, 1], *of_classes) for blend in blends])
    ranks = rankdata(blends[..., 1], axis=1)
    n = positive.sum()
    found: np.ndarray = (ranks[:, positive].sum(axis=1) - n * (n + 1) / 2) / (n * (len(y) - n))
    return found


def _weighted_area(values: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
    """Return the area under the ROC curve of values.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
    positive, negative : ndarray of shape (n_rows,)
        Weights of the rows of the positive and of the negative class, 0 for all others.
    """
    order = np.argsort(values)
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf))  # equal values are one step
    ups = np.add.reduceat(positive[order], starts)
    downs = np.add.reduceat(negative[order], starts)
    below = np.cumsum(downs) - downs / 2
    return float(ups @ below / (ups.sum() * downs.sum()))


def negative_log_losses(
    y: np.ndarray, blends: np.ndarray, classes: np.ndarray, weights: Weights = None
) -> np.ndarray:
    """Return the negated log loss of each blend."""
    return _mean(log_likelihoods(y, blends, classes), weights)


def log_likelihoods(y: np.ndarray, blends: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the logarithms of the probabilities of the true classes, shape (n_blends, n_rows)."""
    columns = np.searchsorted(classes, y)
    given = blends[:, np.arange(len(y)), columns] / blends.sum(axis=2)
    # scikit-learn's `log_loss` clips in the same way.
    smallest = np.finfo(blends.dtype).eps
    logarithms: np.ndarray = np.log(np.clip(given, smallest, 1 - smallest))
    return logarithms


def negative_errors(
    y: np.ndarray, blends: np.ndarray, classes: None, weights: Weights = None
) -> np.ndarray:
    """Return the negated root mean squared error of each blend."""
    found: np.ndarray = -np.sqrt(_mean((blends - y) ** 2, weights))
    return found


def _decided_scores(
    metric: Decided, y: np.ndarray, blends: np.ndarray, classes: np.ndarray, weights: Weights
) -> np.ndarray:
    """Return the scores of each blend by a metric that decides between two classes."""
    return np.array([metric(y, blend[:, 1], weights) for blend in blends])


def _mean(values: np.ndarray, weights: Weights) -> np.ndarray:
    """Return the mean of values of shape (n_blends, n_rows) over the rows."""
    found: np.ndarray = (
        values.mean(axis=1) if weights is None else np.average(values, axis=1, weights=weights)
    )
    return found


def fast_metric(problem: Problem) -> Any:
    """Return a function that computes the scorer's metric for many blends, or None."""
    metric = metric_of(problem.scorer)
    # The labels are known here; any other argument would change the metric.
    if metric is None or set(metric.arguments) - {"labels"}:
        return None
    if metric.function is root_mean_squared_error:
        is_single = not problem.task.output_shape
        return negative_errors if is_single and not metric.greater_is_better else None
    if "predict_proba" not in metric.responses:
        return None
    if isinstance(metric.function, Decided):
        return partial(_decided_scores, metric.function)
    if (
        metric.function is roc_auc_score
        and problem.task.name == "binary"
        and metric.greater_is_better
    ):
        return areas
    is_loss = metric.function is log_loss and not metric.greater_is_better
    return negative_log_losses if is_loss else None
