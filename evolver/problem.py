"""The problem of a run: data, folds and measures, as a frozen value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from evolver.objectives import OPERATORS, Objective
from evolver.task import Task
from primitives.cleaning import column_forms

Fold = tuple[np.ndarray, np.ndarray]
"""Row numbers to fit on, and row numbers to validate on."""

Scorer = Callable[..., float]
"""Scorer as scikit-learn has it: (estimator, X, y) to a number, greater is better."""


@dataclass(frozen=True, eq=False)
class Problem:
    """The prediction problem of a run, and the measures of how well it is solved.

    Parameters
    ----------
    task : Task
    X : DataFrame of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    folds : sequence of Fold
        Folds of cross-validation, the same for every candidate.
    scorer : callable
        First objective.
    objectives : tuple of Objective
        Further objectives, one or two.
    sample_weight : ndarray of shape (n_samples,), optional
    ladder : sequence of Fold
        Folds of fewer rows that a candidate passes before the others, the smallest first.
    """

    task: Task
    X: pd.DataFrame
    y: np.ndarray
    folds: Sequence[Fold]
    scorer: Scorer
    objectives: tuple[Objective, ...] = (OPERATORS,)
    sample_weight: np.ndarray | None = None
    ladder: Sequence[Fold] = ()

    @property
    def units(self) -> Sequence[Fold]:
        """Folds of the ladder, then all others; a fold has one number everywhere."""
        return *self.ladder, *self.folds

    @property
    def is_structural(self) -> bool:
        """True if the structure of a pipeline alone decides on every objective but the score."""
        return all(objective.is_structural for objective in self.objectives)

    @cached_property
    def forms(self) -> dict[str, str]:
        """Form in which each column is read, by `primitives.cleaning.column_forms`."""
        forms: dict[str, str] = column_forms(self.X)
        return forms
