"""Scores of averaged predictions, many at once.

The metrics that are the default are computed for all averages together; any other is asked of the
scorer, average by average.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from evolver.evaluation.fold import score_of
from evolver.evaluation.scorers import metric_of
from evolver.problem import Problem
from primitives.isolation import private_copy


class FixedPredictions:
    """Stands for a fitted estimator that predicted one table; it gives copies."""

    def __init__(self, predictions: np.ndarray, classes: np.ndarray | None) -> None:
        self._predictions = predictions
        self._estimator_type = "regressor" if classes is None else "classifier"
        if classes is not None:
            self.classes_ = classes

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classifies = self._estimator_type == "classifier"
        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
        )

    def predict(self, X: Any) -> np.ndarray:
        if not hasattr(self, "classes_"):
            return self._copy()
        labels: np.ndarray = self.classes_[np.argmax(self._predictions, axis=1)]
        return labels

    def predict_proba(self, X: Any) -> np.ndarray:
        return self._copy()

    def _copy(self) -> np.ndarray:
        copy: np.ndarray = private_copy(self._predictions)
        return copy


class BlendScorer:
    """Scores averages of the predictions of a problem's folds."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._classes = problem.task.classes
        self._fast = None if problem.sample_weight is not None else _fast(problem)

    @property
    def is_log_loss(self) -> bool:
        """Whether probabilities that are too cautious or too sure cost."""
        metric = metric_of(self._problem.scorer)
        return metric is not None and metric.function is log_loss

    @property
    def labels(self) -> list[np.ndarray]:
        """By fold, the places of the classes of its rows; a problem with classes has them."""
        assert self._classes is not None
        places = np.searchsorted(self._classes, self._problem.y)
        return [places[valid] for _, valid in self._problem.folds]

    def __call__(self, fold: int, blends: np.ndarray) -> np.ndarray:
        """Return the score of each of some predictions of shape (n_blends, n_validation, ...)."""
        problem = self._problem
        valid = problem.folds[fold][1]
        y = problem.y[valid]
        if self._fast is not None:
            scores: np.ndarray = self._fast(y, blends, self._classes)
            return scores
        X = problem.X.iloc[valid]
        weights = None if problem.sample_weight is None else problem.sample_weight[valid]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as where a fold is scored
            return np.array(
                [
                    score_of(
                        problem.scorer,
                        FixedPredictions(one, self._classes),
                        private_copy(X),
                        y,
                        weights,
                    )
                    for one in blends
                ]
            )


def areas(y: np.ndarray, blends: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of each, by the sum of ranks."""
    positive = y == classes[1]
    ranks = rankdata(blends[..., 1], axis=1)
    n = positive.sum()
    found: np.ndarray = (ranks[:, positive].sum(axis=1) - n * (n + 1) / 2) / (n * (len(y) - n))
    return found


def negative_log_losses(y: np.ndarray, blends: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the log loss of each, negated."""
    columns = np.searchsorted(classes, y)
    given = blends[:, np.arange(len(y)), columns] / blends.sum(axis=2)
    smallest = np.finfo(blends.dtype).eps
    found: np.ndarray = np.log(np.clip(given, smallest, 1 - smallest)).mean(axis=1)
    return found


def negative_errors(y: np.ndarray, blends: np.ndarray, classes: None) -> np.ndarray:
    """Return the root mean squared error of each, negated."""
    found: np.ndarray = -np.sqrt(((blends - y) ** 2).mean(axis=1))
    return found


def _fast(problem: Problem) -> Any:
    """Return the function that computes what the scorer would; None where there is none."""
    metric = metric_of(problem.scorer)
    if metric is None or set(metric.arguments) - {"labels"}:
        return None
    if metric.function is root_mean_squared_error:
        return None if metric.greater_is_better else negative_errors
    if "predict_proba" not in metric.responses:
        return None
    if (
        metric.function is roc_auc_score
        and problem.task.name == "binary"
        and metric.greater_is_better
    ):
        return areas
    is_loss = metric.function is log_loss and not metric.greater_is_better
    return negative_log_losses if is_loss else None
