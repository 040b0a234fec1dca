"""Scores of the labels of two classes, from the counts of right and wrong predictions.

Those of `BY_COUNTS` are computed for all thresholds at once; the functions of scikit-learn take one
at a time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    fbeta_score,
    jaccard_score,
    matthews_corrcoef,
)

from evolver.evaluation.scorers import Metric

CUTS = 20
"""Number of thresholds at which a metric without a closed form is computed."""

ROUNDING = 1e-9
"""Share of the weight of all rows below which a count is rounding."""

Counts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Weights of true positives, false positives, false negatives and true negatives."""


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return quotients; 0 where the denominator is 0, as the metrics of scikit-learn do."""
    found: np.ndarray = np.divide(
        numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator != 0
    )
    return found


def _accuracy(counts: Counts) -> np.ndarray:
    tp, _, _, tn = counts
    return _ratio(tp + tn, sum(counts))  # type: ignore[arg-type]  # a sum of arrays


def _balanced_accuracy(counts: Counts) -> np.ndarray:
    tp, fp, fn, tn = counts
    return np.asarray((_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2)


def _f_score(counts: Counts, beta: float = 1.0) -> np.ndarray:
    tp, fp, fn, _ = counts
    return _ratio((1 + beta**2) * tp, (1 + beta**2) * tp + beta**2 * fn + fp)


def _jaccard(counts: Counts) -> np.ndarray:
    tp, fp, fn, _ = counts
    return _ratio(tp, tp + fp + fn)


def _correlation(counts: Counts) -> np.ndarray:
    tp, fp, fn, tn = counts
    return _ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


def _kappa(counts: Counts) -> np.ndarray:
    tp, fp, fn, tn = counts
    return _ratio(2 * (tp * tn - fp * fn), (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))


def _positive_alone(counts: Counts) -> tuple[float, float]:
    return 1.0, 0.0


def _equally(counts: Counts) -> tuple[float, float]:
    return 1.0, 1.0


def _by_rows(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    tp, fp, fn, tn = counts
    return tp + fn, fp + tn


BY_COUNTS: Mapping[Callable[..., float], Callable[..., np.ndarray]] = {
    accuracy_score: _accuracy,
    balanced_accuracy_score: _balanced_accuracy,
    cohen_kappa_score: _kappa,
    f1_score: _f_score,
    fbeta_score: _f_score,
    jaccard_score: _jaccard,
    matthews_corrcoef: _correlation,
}
"""Metrics that are computed for all thresholds at once, from the counts at each."""

AVERAGES: Mapping[Any, Callable[[Counts], tuple[Any, Any]]] = {
    "binary": _positive_alone,
    "macro": _equally,
    "weighted": _by_rows,
}
"""Weights of the scores of the positive and of the other class, by kind of average."""

Labels = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]
"""Score of decisions for the second class, with the truth before and the weights after them."""


@dataclass(frozen=True, eq=False)
class LabelScore:
    """Score of the labels of two classes; greater is better.

    Parameters
    ----------
    name : str
        Text that identifies the score.
    by_counts : callable, optional
        Function of `Counts` to scores.
    by_labels : callable, optional
        Function of decisions to a score; used if there is no `by_counts`.
    """

    name: str
    by_counts: Callable[[Counts], np.ndarray] | None = None
    by_labels: Labels | None = None

    def __call__(
        self, second: np.ndarray, decided: np.ndarray, weights: np.ndarray | None = None
    ) -> float:
        """Return the score of decisions.

        Parameters
        ----------
        second : ndarray of bool of shape (n_rows,)
            True for the rows of the second class.
        decided : ndarray of bool of shape (n_rows,)
            True for the rows that are decided for the second class.
        weights : ndarray of shape (n_rows,), optional
            Weights of the rows.
        """
        if self.by_counts is None:
            assert self.by_labels is not None
            return self.by_labels(second, decided, weights)
        heavy = np.ones(len(second)) if weights is None else weights
        cases = second & decided, ~second & decided, second & ~decided, ~second & ~decided
        tp, fp, fn, tn = (np.array([heavy[case].sum()]) for case in cases)
        return float(self.by_counts((tp, fp, fn, tn))[0])

    def best_threshold(
        self,
        second: np.ndarray,
        shares: np.ndarray,
        weights: np.ndarray | None,
        chances: np.ndarray,
    ) -> float:
        """Return the threshold of the best score.

        Parameters
        ----------
        second, weights
            As `__call__` has them.
        shares : ndarray of shape (n_rows,)
            Probabilities of the second class, by which rows are decided.
        chances : ndarray of shape (n_rows,)
            Truth of each row for a score by counts, between 0 and 1 for a row that may be either.
        """
        if self.by_counts is not None:
            thresholds, counts = counts_at(chances, shares, weights)
            return float(thresholds[np.argmax(self.by_counts(counts))])
        assert self.by_labels is not None
        values = np.unique(shares)
        cuts = (values[:-1] + values[1:]) / 2
        if len(cuts) > CUTS:
            cuts = np.quantile(shares, np.linspace(0, 1, CUTS + 2)[1:-1])
        if not len(cuts):
            return 0.5
        scores = [self.by_labels(second, shares >= cut, weights) for cut in cuts]
        return float(cuts[np.nanargmax(scores)])


def score_of_metric(metric: Metric, classes: np.ndarray) -> LabelScore:
    """Return the score by a metric of labels.

    Parameters
    ----------
    metric : Metric
    classes : ndarray of shape (2,)
        Class labels, sorted.
    """
    function, sign = metric.function, 1.0 if metric.greater_is_better else -1.0
    name = ", ".join([function.__name__, *(f"{one}={x}" for one, x in metric.arguments.items())])
    by_counts = BY_COUNTS.get(function)
    arguments = dict(metric.arguments)
    average = arguments.pop("average", "binary")
    if by_counts is not None and set(arguments) <= {"pos_label", "beta"} and average in AVERAGES:
        # The metric may take the first class for the positive one.
        is_first = arguments.pop("pos_label", 1) == classes[0]
        of_counts = partial(by_counts, **arguments)
        return LabelScore(name, partial(_averaged, of_counts, AVERAGES[average], is_first, sign))
    return LabelScore(name, by_labels=partial(_of_labels, metric, classes, sign))


def score_of_costs(costs: np.ndarray) -> LabelScore:
    """Return the negated mean cost.

    Parameters
    ----------
    costs : ndarray of shape (2, 2)
        Costs by true class (rows) and predicted class (columns).
    """
    return LabelScore(f"costs {costs.tolist()}", by_counts=partial(_negative_cost, costs))


def counts_at(
    chances: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, Counts]:
    """Return all thresholds that decide rows differently, the highest first, and their counts.

    A threshold lies half-way between two probabilities, so that rounding changes no decision.

    Parameters
    ----------
    chances : ndarray of shape (n_rows,)
        1 for the rows of the second class, 0 for others; between them for a row that may be either.
    shares : ndarray of shape (n_rows,)
        Probabilities of the second class.
    weights : ndarray of shape (n_rows,), optional
    """
    order = np.argsort(-shares, kind="stable")
    ranked = shares[order]
    ends = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    weighed = np.ones(len(order)) if weights is None else weights[order]
    share = np.asarray(chances, dtype=float)[order]
    tp = np.r_[0.0, np.cumsum(weighed * share)[ends]]
    fp = np.r_[0.0, np.cumsum(weighed * (1 - share))[ends]]
    values = ranked[ends]
    between = np.r_[(values[0] + 1) / 2, (values[:-1] + values[1:]) / 2, values[-1] / 2]
    fn, tn = tp[-1] - tp, fp[-1] - fp
    # A count that rounding leaves of nothing would make ratios such as a correlation arbitrary.
    least = ROUNDING * (tp[-1] + fp[-1])
    return between, (
        np.where(tp > least, tp, 0),
        np.where(fp > least, fp, 0),
        np.where(fn > least, fn, 0),
        np.where(tn > least, tn, 0),
    )


def _averaged(
    score: Callable[[Counts], np.ndarray],
    average: Callable[[Counts], tuple[np.ndarray | float, np.ndarray | float]],
    is_first: bool,
    sign: float,
    counts: Counts,
) -> np.ndarray:
    """Return the average of the scores with each class as the positive one.

    Parameters
    ----------
    score : callable
        Score of counts with the second class as the positive one.
    average : callable
        Weights of the positive class and of the other one.
    is_first : bool
        True if the first class is the positive one.
    sign : float
        -1 if less is better.
    counts : Counts
    """
    positive, negative = average(counts[::-1] if is_first else counts)
    second, first = score(counts), score(counts[::-1])
    if is_first:
        second, first = first, second
    return np.asarray(sign * (positive * second + negative * first) / (positive + negative))


def _negative_cost(costs: np.ndarray, counts: Counts) -> np.ndarray:
    """Return the negated mean cost of counts."""
    tp, fp, fn, tn = counts
    total = costs[1, 1] * tp + costs[0, 1] * fp + costs[1, 0] * fn + costs[0, 0] * tn
    return np.asarray(-total / (tp + fp + fn + tn))


def _of_labels(
    metric: Metric,
    classes: np.ndarray,
    sign: float,
    second: np.ndarray,
    decided: np.ndarray,
    weights: np.ndarray | None,
) -> float:
    """Return the score of decisions by a metric of labels, weighted if it takes weights."""
    takes = "sample_weight" in inspect.signature(metric.function).parameters
    more = {"sample_weight": weights} if takes and weights is not None else {}
    truth, labels = classes[second.astype(int)], classes[decided.astype(int)]
    return sign * float(metric.function(truth, labels, **metric.arguments, **more))
