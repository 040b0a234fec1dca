"""Logarithmic opinion pool (Genest and Zidek 1986).

The logarithms of the pooled probabilities are a weighted sum of the members' logarithms, plus a
bias for each class. Weights and biases minimise the log loss and a squared penalty. The penalty
draws the weights to equal ones that add up to 1, and the biases to 0. So a strong penalty gives
nearly the geometric mean. With a single member, its weight is the inverse of a temperature.

The strength of the penalty is left to the caller, who needs other rows to choose it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from primitives.wrappers import SMALLEST_SHARE, log_pooled

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""Strengths of the penalty that are tried, the strongest first."""

STEPS = 200
"""Most iterations of the solver."""

PRECISION = 1e-6
"""Relative gain of an iteration below which the solver stops."""


@dataclass(frozen=True)
class LogPool:
    """Logarithmic opinion pool with learned parameters.

    Parameters
    ----------
    weights : tuple of float
        Weight of each member.
    biases : tuple of float
        Bias of each class.
    """

    weights: tuple[float, ...]
    biases: tuple[float, ...]

    def __call__(self, shares: np.ndarray) -> np.ndarray:
        """Return pooled probabilities of shape (n_rows, n_classes).

        Parameters
        ----------
        shares : ndarray of shape (n_members, n_rows, n_classes)
            Probabilities of each member.
        """
        pooled: np.ndarray = log_pooled(shares, self.weights, self.biases)
        return pooled


def learned(
    shares: np.ndarray, labels: np.ndarray, row_weights: np.ndarray | None = None
) -> Iterator[LogPool]:
    """Yield the pool that is learned with each of `PENALTIES`, in their order.

    Parameters
    ----------
    shares : ndarray of shape (n_members, n_rows, n_classes)
        Probabilities of each member.
    labels : ndarray of int, shape (n_rows,)
        Numbers of the true classes, from 0.
    row_weights : ndarray of shape (n_rows,), optional
        Weights of the rows in the log loss.
    """
    logarithms = np.log(np.clip(shares.astype(float), SMALLEST_SHARE, 1.0))
    n_members, n_rows, n_classes = shares.shape
    rows = np.arange(n_rows)
    equal = 1 / n_members
    row_shares = np.ones(n_rows) if row_weights is None else row_weights
    row_shares = row_shares / row_shares.sum()

    def loss(values: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        """Return the penalised log loss, and its gradient."""
        weights, biases = values[:n_members], values[n_members:]
        sums = np.tensordot(weights, logarithms, axes=1) + biases
        # Relative to the largest, so that no exponential overflows.
        sums -= sums.max(axis=1, keepdims=True)
        excess = np.exp(sums)
        totals = excess.sum(axis=1, keepdims=True)
        mean = row_shares @ (np.log(totals[:, 0]) - sums[rows, labels])
        # The derivative of the log loss by a sum is the probability, less 1 for the true class.
        excess /= totals
        excess[rows, labels] -= 1
        excess *= row_shares[:, None]
        away = weights - equal
        penalised = mean + penalty * (away @ away + biases @ biases / n_classes)
        by_weight = np.tensordot(logarithms, excess, axes=2) + 2 * penalty * away
        by_bias = excess.sum(axis=0) + 2 * penalty * biases / n_classes
        return float(penalised), np.concatenate([by_weight, by_bias])

    values = np.concatenate([np.full(n_members, equal), np.zeros(n_classes)])
    for penalty in PENALTIES:
        # Each fit starts from the result of the stronger penalty, which is near its own.
        options = {"maxiter": STEPS, "ftol": PRECISION}
        values = minimize(loss, values, (penalty,), "L-BFGS-B", jac=True, options=options).x
        weights, biases = values[:n_members].tolist(), values[n_members:].tolist()
        yield LogPool(tuple(weights), tuple(biases))
