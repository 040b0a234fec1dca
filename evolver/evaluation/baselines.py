"""Plain models on the folds of a run, to compare its result with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evolver.budget import NO_END, Deadline
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.fold import fit, score_of
from evolver.evaluation.scorers import metric_of
from evolver.problem import Problem


def constant_scores(problem: Problem) -> list[float]:
    """Return the score of a constant prediction on each fold; empty where it has none."""
    # The constant prediction reads no column, and taking rows of a wide table is slow.
    if metric_of(problem.scorer) is not None:
        problem = replace(problem, X=problem.X.iloc[:, :1])
    return scores_of(problem, problem.task.constant)


def scores_of(problem: Problem, make: Callable[[], Any], end: Deadline = NO_END) -> list[float]:
    """Return the score of a model on each fold; empty where one cannot be had in time.

    Parameters
    ----------
    problem : Problem
    make : callable
        Function that returns the unfitted model.
    end : Deadline
        Moment after which no fold begins.
    """
    found = []
    for train, valid in problem.folds:
        if end.is_over:
            return []
        try:
            found.append(_score(problem, make(), train, valid))
        except Exception:  # a scorer of the user may raise any error
            return []
    return found


def _score(problem: Problem, model: Any, train: np.ndarray, valid: np.ndarray) -> float:
    """Return the score of a model on a fold."""
    weights = problem.sample_weight
    X, y, task = problem.X, problem.y, problem.task
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit(model, X.iloc[train], y[train], None if weights is None else weights[train])
        cached = CachedPredictions(
            model, X.iloc[valid], task.classes, output_shape=task.output_shape
        )
        own = None if weights is None else weights[valid]
        return score_of(problem.scorer, cached, cached.X, y[valid], own)


def differences(scores: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return the differences of scores fold by fold; empty if either has none."""
    if len(scores) != len(others):
        return []
    return [one - other for one, other in zip(scores, others, strict=True)]
