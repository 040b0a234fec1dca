"""Conformal prediction: intervals and sets of classes that hold the truth with a given coverage.

Errors of out-of-fold predictions say how far the truth lies from a prediction. Few numbers of them
are kept, never rows of the table.

    Residuals      intervals of numbers (Papadopoulos et al. 2002, Lei et al. 2018)
    Conformities   sets of classes (Sadinle et al. 2019)

The model that predicts is fitted on all rows, and each error is that of a model of the other folds:
this is cross-conformal prediction (Vovk 2015) with one model in place of those of the folds. The
coverage holds in the mean over new rows that come from where the training rows come from. The proof
of Barber et al. (2021) needs the models of all folds; without them the coverage is that of
experience, see the benchmark `decisions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evolver.errors import InputError
from evolver.problem import Problem

KEPT = 2_000
"""Largest number of errors that are kept; of more, as many quantiles."""

BINS = 10
"""Largest number of groups of similar predictions whose errors are compared."""

ROWS_OF_BIN = 50
"""Least number of rows of such a group."""

LEAST_SIZE = 0.1
"""Least size of the errors of a group, as a share of the mean size of all."""


@dataclass(frozen=True, eq=False)
class Errors:
    """Distribution of errors of out-of-fold predictions.

    Parameters
    ----------
    values : ndarray of shape (n_kept,)
        Errors, the smallest first.
    shares : ndarray of shape (n_kept,)
        Share of the weight of all rows, and one more, that has an error of at most each value.
    """

    values: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, errors: np.ndarray, weights: np.ndarray | None = None) -> Errors:
        """Return the distribution of errors of rows with weights; it is empty without a row."""
        weighed = np.ones(len(errors)) if weights is None else weights
        known = weighed > 0
        if not known.any():
            return cls(np.empty(0), np.empty(0))
        order = np.argsort(errors[known], kind="stable")
        values, heavy = errors[known][order], np.cumsum(weighed[known][order])
        # One more row, of the mean weight, stands for the row that is predicted; its error may be
        # larger than all others.
        shares = heavy / (heavy[-1] + heavy[-1] / len(values))
        if len(values) > KEPT:
            # The largest errors decide for a coverage near 1, so the last places are all kept.
            places = np.unique(np.linspace(0, len(values) - 1, KEPT).round().astype(int))
            values, shares = values[places], shares[places]
        return cls(values, shares)

    def quantile(self, share: float) -> float:
        """Return the least error that at most 1 - `share` of new rows exceed; infinite if none."""
        place = int(np.searchsorted(self.shares, share - 1e-12))
        return float(self.values[place]) if place < len(self.values) else float("inf")


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean size of errors by prediction.

    Parameters
    ----------
    predictions : ndarray of shape (n_bins,)
        Mean prediction of each group of similar ones, the smallest first.
    sizes : ndarray of shape (n_bins,)
        Mean size of the errors of each group.
    """

    predictions: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, predictions: np.ndarray, sizes: np.ndarray, weights: np.ndarray) -> Scale:
        """Return the mean sizes of errors of groups of similar predictions."""
        mean = float(np.average(sizes, weights=weights)) or 1.0  # no error at all: any scale does
        n_bins = min(BINS, len(predictions) // ROWS_OF_BIN)
        if n_bins < 2:
            return cls(np.zeros(1), np.full(1, mean))
        groups = np.array_split(np.argsort(predictions, kind="stable"), n_bins)
        heavy = [rows for rows in groups if weights[rows].any()]
        found = [np.average(sizes[rows], weights=weights[rows]) for rows in heavy]
        return cls(
            np.array([predictions[rows].mean() for rows in heavy]),
            # A group without errors may have some on new rows.
            np.maximum(found, LEAST_SIZE * mean),
        )

    def __call__(self, predictions: np.ndarray) -> np.ndarray:
        """Return the size of errors that each prediction is expected to have."""
        return np.asarray(np.interp(predictions, self.predictions, self.sizes))


@dataclass(frozen=True, eq=False)
class Residuals:
    """Errors of numbers, relative to their expected size.

    Parameters
    ----------
    scale : Scale
    errors : Errors
        Sizes of the errors in units of `scale`. The scale of a row is learned from other folds.
    """

    scale: Scale
    errors: Errors

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        predictions: np.ndarray,
        folds: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> Residuals:
        """Return the residuals of out-of-fold predictions.

        Parameters
        ----------
        truth, predictions : ndarray of shape (n_rows,)
        folds : ndarray of int of shape (n_rows,)
            Fold that validates each row.
        weights : ndarray of shape (n_rows,), optional
        """
        sizes = np.abs(truth - predictions)
        weighed = np.ones(len(truth)) if weights is None else weights
        scaled = np.empty(len(truth))
        for fold in np.unique(folds):
            own = folds == fold
            others = ~own if weighed[~own].any() else np.ones(len(own), bool)
            scale = Scale.of(predictions[others], sizes[others], weighed[others])
            scaled[own] = sizes[own] / scale(predictions[own])
        return cls(Scale.of(predictions, sizes, weighed), Errors.of(scaled, weights))

    def intervals(self, predictions: np.ndarray, coverage: float) -> np.ndarray:
        """Return intervals of shape (n_rows, 2).

        Raises
        ------
        InputError
            If there are too few errors for so large a coverage.
        """
        reach = self.errors.quantile(coverage)
        if not np.isfinite(reach):
            raise InputError(
                f"`coverage` must be at most {self.errors.shares[-1]:.3g} for a model of so few"
                f" rows, got {coverage!r}."
            )
        half = reach * self.scale(predictions)
        return np.stack([predictions - half, predictions + half], axis=-1)


@dataclass(frozen=True, eq=False)
class Conformities:
    """Errors of probabilities: 1 less that of the true class.

    Parameters
    ----------
    errors : Errors
        Errors of all rows.
    by_class : sequence of Errors
        Errors of the rows of each class.
    """

    errors: Errors
    by_class: Sequence[Errors]

    @classmethod
    def of(
        cls, columns: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
    ) -> Conformities:
        """Return the errors of out-of-fold probabilities.

        Parameters
        ----------
        columns : ndarray of int of shape (n_rows,)
            Column of the true class of each row.
        probabilities : ndarray of shape (n_rows, n_classes)
        weights : ndarray of shape (n_rows,), optional
        """
        errors = 1 - probabilities[np.arange(len(columns)), columns]
        by_class = []
        for column in range(probabilities.shape[1]):
            own = columns == column
            by_class.append(Errors.of(errors[own], None if weights is None else weights[own]))
        return cls(Errors.of(errors, weights), by_class)

    def sets(self, probabilities: np.ndarray, coverage: float, *, by_class: bool) -> np.ndarray:
        """Return True for each class in the set of each row, shape (n_rows, n_classes)."""
        most = [one.quantile(coverage) for one in self.by_class] if by_class else None
        found = 1 - probabilities <= (self.errors.quantile(coverage) if most is None else most)
        if len(found):
            found[np.arange(len(found)), np.argmax(probabilities, axis=1)] = True
        return np.asarray(found)


def conformal_of(problem: Problem, by_fold: Sequence[np.ndarray]) -> Any:
    """Return the residuals of each target, or the errors of probabilities.

    It is None for a target of several labels.

    Parameters
    ----------
    problem : Problem
    by_fold : sequence of ndarray
        Out-of-fold predictions of the model that predicts.
    """
    rows = np.concatenate([valid for _, valid in problem.folds])
    folds = np.repeat(np.arange(len(problem.folds)), [len(valid) for _, valid in problem.folds])
    predictions = np.concatenate(list(by_fold))
    truth = problem.y[rows]
    weights = None if problem.sample_weight is None else problem.sample_weight[rows]
    classes = problem.task.classes
    if classes is not None:
        return Conformities.of(np.searchsorted(classes, truth), predictions, weights)
    if problem.task.model_classes is not None:
        return None
    columns = zip(truth.reshape(len(rows), -1).T, predictions.reshape(len(rows), -1).T, strict=True)
    return [Residuals.of(values, found, folds, weights) for values, found in columns]
