"""Calibration of the probabilities of two classes, by predictions of rows a model has not seen.

Line          line of the log-odds, which leaves the order of the rows as it is
platt_line    the line that suits rows best
needed_line   the same, where it matters
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

SMALLEST = 1e-3
"""Largest probability that smaller ones are raised to before a calibration."""

NEARLY_ZERO = 1e-6
"""Size below which a step of a calibration changes nothing, and its least curvature."""

STEPS = 50
"""Largest number of steps of a calibration."""

ERRORS_OF_SHIFT = 3.0
"""Number of standard errors beyond which probabilities differ from a share by no chance."""

SHIFT = 0.2
"""Difference between probabilities and the share of the rarer class that matters, as its share."""

GAIN = 0.05
"""Share of the log loss that a line must take away."""

SURE_GAIN = 10.0
"""Gain of log-likelihood that is no chance: for two numbers it has a chance of 5 in 100,000."""

LEAST_SLOPE = 0.01
"""Slope of the line of a model whose order is no better than chance on rows it has not seen."""

LARGEST_BIAS = 50.0
"""Bias beyond which all probabilities are 0 or 1."""

MOST_ROWS = 100_000
"""Number of rows that a line is learned from; of more, each of the first, third and so on."""


@dataclass(frozen=True)
class Line:
    """Line of the log-odds of the second class.

    Parameters
    ----------
    slope, bias : float
        The new log-odds are `slope` times the old ones, and `bias`.
    smallest : float
        Probability that smaller ones are raised to before, of both classes.
    """

    slope: float = 1.0
    bias: float = 0.0
    smallest: float = NEARLY_ZERO

    def __call__(self, shares: np.ndarray) -> np.ndarray:
        """Return changed probabilities of both classes, of shape (n_rows, 2)."""
        odds = self.slope * log_odds(shares, self.smallest) + self.bias
        return np.asarray(expit(np.column_stack([-odds, odds])))


def log_odds(shares: np.ndarray, smallest: float) -> np.ndarray:
    """Return the log-odds of the second class; smaller probabilities are raised before."""
    raised = np.maximum(shares, smallest)
    return np.asarray(np.log(raised[:, 1] / raised[:, 0]))


def is_shifted(second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None) -> bool:
    """Return True if the mean of probabilities differs from the share of the class.

    It differs if neither chance explains it, nor the difference is small beside the rarer class.

    Parameters
    ----------
    second : ndarray of bool of shape (n_rows,)
        True for the rows of the second class.
    shares : ndarray of shape (n_rows, 2)
        Probabilities of both classes, of a model that has not seen the rows.
    weights : ndarray of shape (n_rows,), optional
    """
    share = float(np.average(second, weights=weights))
    difference = abs(float(np.average(shares[:, 1], weights=weights)) - share)
    error = float(np.std(second - shares[:, 1])) / np.sqrt(len(second))
    return bool(difference > max(ERRORS_OF_SHIFT * error, SHIFT * min(share, 1 - share)))


def platt_line(second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None) -> Line:
    """Return the line of the log-odds that suits the rows best.

    Platt (1999), "Probabilistic outputs for support vector machines", with the targets of his
    section 2.2, which keep it finite where the classes are apart, by Newton's method with steps
    halved until they improve it (Lin, Lin and Weng 2007). Parameters are those of `is_shifted`;
    some rows are of either class.
    """
    smallest = _smallest(shares)
    terms = np.column_stack([log_odds(shares, smallest), np.ones(len(shares))])
    n_second = second.sum()
    targets = np.where(second, (n_second + 1) / (n_second + 2), 1 / (len(second) - n_second + 2))
    heavy = np.ones(len(shares)) if weights is None else weights / weights.mean()

    def loss(line: np.ndarray) -> float:
        odds = terms @ line
        return float(heavy @ (np.logaddexp(0.0, odds) - targets * odds))

    line = np.array([1.0, 0.0])
    for _ in range(STEPS):
        found = expit(terms @ line)
        gradient = terms.T @ (heavy * (targets - found))
        curvature = (terms * (heavy * found * (1 - found))[:, None]).T @ terms
        step = np.linalg.solve(curvature + NEARLY_ZERO * np.eye(2), gradient)
        before = loss(line)
        while np.abs(step).max() >= NEARLY_ZERO and loss(line + step) > before:
            step = step / 2
        if np.abs(step).max() < NEARLY_ZERO:
            break
        line = line + step
    return Line(float(line[0]), float(line[1]), smallest)


def needed_line(
    second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None
) -> Line | None:
    """Return the line by which probabilities are right; None if they are nearly so.

    Parameters are those of `is_shifted`.
    """
    step = -(-len(second) // MOST_ROWS)
    second, shares = second[::step], shares[::step]
    weights = None if weights is None else weights[::step]
    if weights is not None and not weights.all():
        second, shares, weights = second[weights > 0], shares[weights > 0], weights[weights > 0]
    if second.all() or not second.any():
        return None
    found = platt_line(second, shares, weights)
    if found.slope < LEAST_SLOPE:
        found = _level(second, shares, weights, found.smallest)
    # Few digits: more would say that so many are known.
    line = Line(*(float(f"{number:.4g}") for number in (found.slope, found.bias, found.smallest)))
    unchanged = Line(smallest=line.smallest)
    before, after = (_loss(second, one(shares), weights) for one in (unchanged, line))
    is_better = before - after > max(GAIN * before, SURE_GAIN / len(second))
    return line if is_better or is_shifted(second, shares, weights) else None


def _level(
    second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None, smallest: float
) -> Line:
    """Return the line of the least slope by which the mean is the share of the class."""
    share, odds = np.average(second, weights=weights), log_odds(shares, smallest)

    def excess(bias: float) -> float:
        return float(np.average(expit(LEAST_SLOPE * odds + bias), weights=weights) - share)

    return Line(LEAST_SLOPE, float(brentq(excess, -LARGEST_BIAS, LARGEST_BIAS)), smallest)


def _smallest(shares: np.ndarray) -> float:
    """Return half of the smallest probability of either class that is not 0.

    A vote of trees is 0 where none of them is for a class, which says no more than that.
    """
    # Half of the smallest float would be 0.
    return min(SMALLEST, max(float(shares[shares > 0].min()) / 2, np.finfo(np.float64).tiny))


def _loss(second: np.ndarray, shares: np.ndarray, weights: np.ndarray | None) -> float:
    """Return the mean log loss."""
    of_truth = np.where(second, shares[:, 1], shares[:, 0])
    return float(np.average(-np.log(of_truth), weights=weights))
