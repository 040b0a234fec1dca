"""Problems as the estimators pose them to a search, of real tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.datasets import TEST_SHARE, is_classification, read
from evolver.checks import check_scorer
from evolver.evaluation.folds import make_folds
from evolver.problem import Problem
from evolver.task import TASKS

FOLDS = 5


def problem_of(folder: Path, name: str) -> Problem:
    """Return the problem of a table, by five folds."""
    X, target = read(folder, name)
    classification = is_classification(target)
    y = target.to_numpy()
    if classification:
        y = y.astype(object)
    task = TASKS["classification" if classification else "regression"].of(y)
    folds = make_folds(X, y, FOLDS, task, groups=None, rng=np.random.default_rng(0))
    return Problem(task, X, y, folds, check_scorer(None, task))


def problem_in(model: Any) -> Problem:
    """Return the problem that a fitted estimator of evolver has searched."""
    problem: Problem = model._members._problem
    return problem


def of_rows(whole: Problem, rows: np.ndarray, rng: np.random.Generator) -> Problem:
    """Return the problem of some rows of another, by five folds."""
    X, y = whole.X.iloc[rows].reset_index(drop=True), whole.y[rows]
    folds = make_folds(X, y, FOLDS, whole.task, groups=None, rng=rng)
    return replace(whole, X=X, y=y, folds=folds)


def split_rows(whole: Problem, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of 70 % of the rows to fit on, and of 30 % to score on."""
    train, test = train_test_split(
        np.arange(len(whole.y)),
        test_size=TEST_SHARE,
        stratify=None if whole.task.classes is None else whole.y,
        random_state=seed,
    )
    return train, test
