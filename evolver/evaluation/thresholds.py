"""Decision thresholds of two classes, chosen by probabilities of rows that a model has not seen.

    Rule       how a threshold is set: a number, or the score of labels that it makes large
    Decided    metric of probabilities, which decides each row by a threshold of other rows

A threshold is the least probability of the second class from which that class is predicted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import make_scorer

from evolver.evaluation.calibration import platt_line
from evolver.evaluation.label_scores import LabelScore, score_of_metric
from evolver.evaluation.scorers import Metric, metric_of
from evolver.problem import Scorer

HALF = 0.5
"""Threshold at which the most probable class is predicted."""

PRIOR_ROWS = 300
"""Number of rows of the rarer class that weigh as much as the calibrated probabilities do.

The best threshold of few rows is that of their luck, and a smooth curve of chances is steadier.
"""

PARTS = 5
"""Number of parts of validation rows, each decided by the threshold for the others."""


@dataclass(frozen=True, eq=False)
class Rule:
    """Way to set the threshold between two classes.

    Parameters
    ----------
    score : LabelScore, optional
        Score of labels that the threshold makes large.
    fixed : float, default=0.5
        Threshold where there is no score, or nothing to choose it by.
    """

    score: LabelScore | None = None
    fixed: float = HALF

    @property
    def name(self) -> str:
        """Text that identifies the rule."""
        return f"{self.fixed!r}" if self.score is None else self.score.name

    def threshold(
        self, second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None
    ) -> float:
        """Return the threshold for rows like the given ones.

        Parameters
        ----------
        second : ndarray of bool of shape (n_rows,)
            True for the rows of the second class.
        shares : ndarray of shape (n_rows,)
            Probabilities of the second class, of a model that has not seen the rows.
        weights : ndarray of shape (n_rows,), optional
            Weights of the rows.
        """
        if weights is not None and not weights.all():
            known = weights > 0
            second, shares, weights = second[known], shares[known], weights[known]
        if self.score is None or second.all() or not second.any():
            return self.fixed
        fewest = min(int(second.sum()), int((~second).sum()))
        prior = PRIOR_ROWS / fewest
        chances = (second + prior * calibrated(second, shares, weights)) / (1 + prior)
        return self.score.best_threshold(second, shares, weights, chances)

    def decided(
        self, second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Return True for rows that are decided for the second class, by thresholds of other rows.

        The rows are divided into `PARTS` parts with equal shares of the classes. Each part is
        decided by the threshold for all others. Parameters are those of `threshold`.
        """
        if self.score is None:
            return np.asarray(shares >= self.fixed)
        part = np.empty(len(second), dtype=np.intp)
        for label in (False, True):
            rows = np.flatnonzero(second == label)
            part[rows] = np.arange(len(rows)) % PARTS
        found = np.empty(len(second), dtype=bool)
        for number in range(PARTS):
            own = part == number
            others = None if weights is None else weights[~own]
            found[own] = shares[own] >= self.threshold(second[~own], shares[~own], others)
        return found


def calibrated(
    second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return calibrated probabilities of the second class; see `platt_line`.

    Parameters are those of `Rule.threshold`; some rows are of either class.
    """
    both = np.column_stack([1 - shares, shares])
    line = platt_line(second, both, weights)
    # Chances must rise with the probability, or the order of the rows would be turned round.
    return line(both)[:, 1] if line.slope > 0 else np.full(len(shares), second.mean())


class Decided:
    """Metric of the probability of the second class: a metric of labels, decided by a rule.

    Parameters
    ----------
    scorer : callable
        Scorer of labels.
    rule : Rule
    classes : ndarray of shape (2,)
        Class labels, sorted.
    """

    def __init__(self, scorer: Scorer, rule: Rule, classes: np.ndarray) -> None:
        metric = metric_of(scorer)
        assert metric is not None  # only scorers of scikit-learn are decided
        self.scorer = scorer
        self._rule = rule
        self._score = score_of_metric(metric, classes)
        self._classes = classes
        # A metric of the user is code of the user here too.
        self.__module__ = metric.function.__module__
        self.__name__ = f"{self._score.name} decided by {rule.name}"

    def __call__(
        self, y: np.ndarray, shares: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        """Return the score of labels, greater is better."""
        second = np.asarray(y) == self._classes[1]
        decided = self._rule.decided(second, np.asarray(shares), sample_weight)
        return self._score(second, decided, sample_weight)


def decided_by(rule: Rule | None, scorer: Scorer, classes: np.ndarray | None) -> Scorer:
    """Return a scorer that decides between two classes by a rule.

    A scorer of anything but labels is returned unchanged. So is any scorer if the rule has no
    closed form: choosing a threshold for each candidate and blend would take too long.
    """
    metric = label_metric(scorer)
    if rule is None or metric is None or classes is None:
        return scorer
    if rule.score is not None and rule.score.by_counts is None:
        return scorer
    made: Scorer = make_scorer(Decided(scorer, rule, classes), response_method="predict_proba")
    return made


def undecided(scorer: Scorer) -> Scorer:
    """Return the scorer of labels that a scorer of probabilities was made of; others unchanged."""
    metric = metric_of(scorer)
    function = None if metric is None else metric.function
    return function.scorer if isinstance(function, Decided) else scorer


def label_metric(scorer: Scorer) -> Metric | None:
    """Return the metric of a scorer that scores labels alone; None for any other scorer."""
    metric = metric_of(scorer)
    return metric if metric is not None and tuple(metric.responses) == ("predict",) else None
