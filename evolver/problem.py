"""Problem of a run: its data, its folds and its objectives, as a frozen value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evolver.limits import Limits
from evolver.objectives import OPERATORS, Objective
from evolver.schema import Schema
from evolver.schema.as_written import AsWritten
from evolver.task import Task
from evolver.warned import Finding
from primitives.reading import Column

Fold = tuple[np.ndarray, np.ndarray]
"""Row numbers to fit on, and row numbers to validate on."""

Scorer = Callable[..., float]
"""Scorer of scikit-learn: called with (estimator, X, y), it returns a number to maximise."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Prediction problem of a run, and the objectives of its solutions.

    Parameters
    ----------
    task : Task
        Kind of the target.
    X : DataFrame of shape (n_samples, n_features)
        Checked table, read by its schema.
    y : ndarray of shape (n_samples,)
        Checked target.
    folds : sequence of Fold
        Folds of cross-validation, the same for every candidate.
    scorer : callable
        First objective, which is maximised.
    objectives : tuple of Objective
        Further objectives, one or two, which are minimised.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights of the rows.
    ladder : sequence of Fold
        Folds of fewer rows, the smallest first. A candidate is evaluated on them before the others.
    schema : Schema, optional
        Schema by which tables of the caller are read; None: columns are read by their types.
    reported : mapping of str to callable
        Further scorers by name, which are reported and decide nothing.
    findings : sequence of Finding
        Findings of the checks of the data, of which the caller is warned.
    time : str, optional
        Name of the column by which the rows are in the order of time; None: they are in any order.
    limits : Limits
        Limits that the model that predicts must keep.
    groups : ndarray of int, shape (n_samples,), optional
        Number of the group of each row.
    as_written : AsWritten, optional
        Columns of the caller's table that need little or no reading.
    """

    task: Task
    X: pd.DataFrame
    y: np.ndarray
    folds: Sequence[Fold]
    scorer: Scorer
    objectives: tuple[Objective, ...] = (OPERATORS,)
    sample_weight: np.ndarray | None = None
    ladder: Sequence[Fold] = ()
    schema: Schema | None = None
    reported: Mapping[str, Scorer] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    time: str | None = None
    limits: Limits = field(default_factory=Limits)
    groups: np.ndarray | None = None
    as_written: AsWritten | None = None

    @property
    def columns(self) -> Mapping[str, Column] | None:
        """Columns that hold anything but plain numbers, as a `TableCleaner` takes them."""
        return None if self.schema is None else self.schema.not_plain

    @property
    def units(self) -> Sequence[Fold]:
        """Folds of the ladder, then all others. The place of a fold here is its number."""
        return *self.ladder, *self.folds

    @property
    def scorers(self) -> tuple[Scorer, ...]:
        """Scorer that is optimised, then those that are only reported."""
        return self.scorer, *self.reported.values()

    @property
    def is_structural(self) -> bool:
        """True if all objectives but the score depend on the structure of a pipeline alone."""
        return all(objective.is_structural for objective in self.objectives)
