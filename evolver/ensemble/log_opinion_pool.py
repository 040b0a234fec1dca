"""A logarithmic opinion pool: probabilities whose logarithms are a weighted sum of those of some
members, and a bias for each class (Genest & Zidek 1986).

Weights and biases are those with the least log loss and a squared penalty that draws the weights to
equal ones that add up to 1, the biases to 0: with the strongest it is the geometric mean, and one
weight learns a temperature. How strong the penalty should be is for whoever has rows to judge it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from primitives.wrappers import SMALLEST_SHARE, log_pooled

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""That are tried, the strongest first."""

STEPS = 200
PRECISION = 1e-6
"""Of the solver: at most so many steps, and when they gain less than this share it stops."""


@dataclass(frozen=True)
class LogPool:
    """What is learned.

    Parameters
    ----------
    weights : tuple of float
        By member.
    biases : tuple of float
        By class.
    """

    weights: tuple[float, ...]
    biases: tuple[float, ...]

    def __call__(self, shares: np.ndarray) -> np.ndarray:
        """Return what is pooled of probabilities of shape (n_members, n_rows, n_classes)."""
        pooled: np.ndarray = log_pooled(shares, self.weights, self.biases)
        return pooled


def learned(shares: np.ndarray, labels: np.ndarray) -> Iterator[LogPool]:
    """Learn with each of the penalties, in their order, each from where the one before ended.

    Parameters
    ----------
    shares : ndarray of shape (n_members, n_rows, n_classes)
    labels : ndarray of int, shape (n_rows,)
        Places of the classes.
    """
    logarithms = np.log(np.clip(shares.astype(float), SMALLEST_SHARE, 1.0))
    n_members, n_rows, n_classes = shares.shape
    rows = np.arange(n_rows)
    equal = 1 / n_members

    def loss(values: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        """Return what is minimised, and its gradient."""
        weights, biases = values[:n_members], values[n_members:]
        sums = np.tensordot(weights, logarithms, axes=1) + biases
        sums -= sums.max(axis=1, keepdims=True)
        excess = np.exp(sums)
        totals = excess.sum(axis=1, keepdims=True)
        mean = np.mean(np.log(totals[:, 0]) - sums[rows, labels])
        excess /= totals
        excess[rows, labels] -= 1
        excess /= n_rows
        away = weights - equal
        penalised = mean + penalty * (away @ away + biases @ biases / n_classes)
        by_weight = np.tensordot(logarithms, excess, axes=2) + 2 * penalty * away
        by_bias = excess.sum(axis=0) + 2 * penalty * biases / n_classes
        return float(penalised), np.concatenate([by_weight, by_bias])

    values = np.concatenate([np.full(n_members, equal), np.zeros(n_classes)])
    for penalty in PENALTIES:
        options = {"maxiter": STEPS, "ftol": PRECISION}
        values = minimize(loss, values, (penalty,), "L-BFGS-B", jac=True, options=options).x
        weights, biases = values[:n_members].tolist(), values[n_members:].tolist()
        yield LogPool(tuple(weights), tuple(biases))
