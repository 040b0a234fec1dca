"""Scorers, and folds that they can score."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Hashable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    roc_auc_score,
)

from evolver.budget import Deadline
from evolver.checks.arguments import check_at_least
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.fold import CachedPredictions, score_of
from evolver.evaluation.folds import make_folds, make_ladder, of_known_classes
from evolver.evaluation.scorers import Metric, metric_of
from evolver.problem import Fold, Problem, Scorer
from evolver.task import Task

OF_PROBABILITIES = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}
"""By scorer that takes decision functions where there are any. What is averaged and delivered are
probabilities, and some models give the same to many rows that their decision function orders."""


def check_scorer(scoring: Any, task: Task) -> Scorer:
    """Return the scorer that `scoring` stands for.

    Raises
    ------
    InputError, InputTypeError
        When the name is unknown, or it is a metric where a scorer belongs, or neither.
    """
    scoring = task.default_scoring if scoring is None else scoring
    if scoring == "neg_log_loss" and task.classes is not None:
        # A fold may lack a rare class; the labels make the loss defined there.
        scorer: Scorer = make_scorer(
            log_loss, greater_is_better=False, response_method="predict_proba", labels=task.classes
        )
        return scorer
    if isinstance(scoring, str) and scoring in OF_PROBABILITIES:
        scorer = make_scorer(OF_PROBABILITIES[scoring], response_method="predict_proba")
        return scorer
    if isinstance(scoring, str):
        if scoring not in get_scorer_names():
            raise InputError(
                f"`scoring` must be the name of a scorer ({', '.join(get_scorer_names())}), got"
                f" {scoring!r}."
            )
        scorer = get_scorer(scoring)
        return scorer
    if not callable(scoring):
        raise InputTypeError(f"`scoring` must be a scorer, its name or None, got {scoring!r}.")
    names = list(inspect.signature(scoring).parameters)
    if len(names) < 3 or names[0] in ("y_true", "labels_true", "y"):
        raise InputError(
            "`scoring` must be a scorer, called with (estimator, X, y); got a metric"
            f" {getattr(scoring, '__name__', scoring)!r}: wrap it with sklearn.metrics.make_scorer."
        )
    scorer = scoring
    return scorer


def scorable_folds(
    problem: Problem,
    cv: Any,
    *,
    groups: np.ndarray | None,
    rng: np.random.Generator,
    end: Deadline,
) -> list[Fold]:
    """Return folds on each of which the constant prediction can be scored.

    Where a class has fewer members than there are folds, a warning says so; if then a fold cannot
    be scored, there are only as many folds as the rarest class has members. Rows to validate whose
    class is in no row to fit on are left out, with a warning too.

    Parameters
    ----------
    problem : Problem
        Problem without folds.
    cv : int, splitter or iterable of splits
    groups : ndarray of shape (n_samples,), optional
    rng : numpy.random.Generator
    end : Deadline
        Moment from which a fold is not scored that has the same classes as one that was.

    Raises
    ------
    InputError, InputTypeError
        When `cv` is no splitter or out of range, or `scoring` cannot score these data; the message
        says why.
    """
    X, y, task = problem.X, problem.y, problem.task
    cv = _checked(cv, len(y))
    attempts = [cv]
    if task.classes is not None and isinstance(cv, int):
        labels, counts = np.unique(y, return_counts=True)
        fewest = int(counts.min())
        if fewest < cv:
            label = labels[counts.argmin()]
            message = f"Class {label!r} has {fewest} rows, fewer than the {cv} folds of `cv`."
            warnings.warn(message, UserWarning, stacklevel=6)
            attempts.append(max(2, fewest))
    for attempt in attempts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                split = make_folds(X, y, attempt, task, groups=groups, rng=rng)
        except (ValueError, IndexError) as error:
            failure = f"`cv` must be able to split these {len(y)} rows, got {cv!r}: {error}"
            continue
        folds = of_known_classes(split, y, task)
        failure = _why_not_scorable(problem, folds, end)
        if not failure:
            _warn_of_left_out(split, folds, y)
            return folds
    raise InputError(failure)


def _checked(cv: Any, rows: int) -> Any:
    """Return a number of folds as an int, and a splitter as it is."""
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        check_at_least(2, "cv", cv)
        if int(cv) > rows:
            raise InputError(f"`cv` must be at most the number of rows, {rows}, got {cv}.")
        return int(cv)
    if isinstance(cv, bool | str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise InputTypeError(f"`cv` must be a number of folds or a splitter, got {cv!r}.")
    return cv


def _warn_of_left_out(split: Sequence[Fold], folds: Sequence[Fold], y: np.ndarray) -> None:
    """Say how many rows of which classes are not validated for want of rows to fit on."""
    lost = [np.setdiff1d(valid, kept) for (_, valid), (_, kept) in zip(split, folds, strict=True)]
    labels, counts = np.unique(y[np.concatenate(lost)], return_counts=True)
    if len(labels):
        classes = ", ".join(
            f"{count} of class {label!r}"
            for label, count in zip(labels.tolist(), counts.tolist(), strict=True)
        )
        warnings.warn(
            f"`cv` leaves rows to validate whose class is in no row to fit on: {classes}. They are"
            " not scored.",
            UserWarning,
            stacklevel=7,
        )


def scorable_ladder(problem: Problem, *, rng: np.random.Generator, end: Deadline) -> list[Fold]:
    """Return folds of fewer rows on each of which the constant prediction can be scored, or none.

    Parameters
    ----------
    problem : Problem
        Problem without a ladder.
    rng : numpy.random.Generator
    end : Deadline
        Moment from which a fold is not scored that has the same classes as one that was.
    """
    ladder = make_ladder(problem.folds, problem.y, problem.task, rng)
    return [] if _why_not_scorable(problem, ladder, end) else ladder


def _why_not_scorable(problem: Problem, folds: Sequence[Fold], end: Deadline) -> str:
    """Return why the constant prediction cannot be scored on a fold; empty where it can on all."""
    y, scorer, sample_weight = problem.y, problem.scorer, problem.sample_weight
    metric = metric_of(scorer)
    # Neither the constant prediction nor a scorer of scikit-learn looks at the columns, so one of
    # them is enough: rows of a wide table are slow to take.
    looked_at = problem.X if metric is None else problem.X.iloc[:, :1]
    loss = metric if metric is not None and metric.function is log_loss else None
    all_classes = problem.task.classes
    scored: set[Hashable] = set()
    for number, (train, valid) in enumerate(folds):
        if not len(train) or not len(valid):
            return f"`cv` must leave rows to fit and to validate, got fold {number} without."
        weights = None if sample_weight is None else sample_weight[valid]
        has_weight = weights is None or bool(weights.any())
        if loss is not None and has_weight and _has_all_labels(loss, y[train]):
            continue
        classes = None if all_classes is None else _classes_of(y, train, valid)
        if end.is_over and has_weight and classes in scored:
            continue
        dummy = problem.task.constant()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dummy.fit(looked_at.iloc[train], y[train])
                model = CachedPredictions(dummy, looked_at.iloc[valid], all_classes)
                score_of(scorer, model, model.X, y[valid], weights)
        except Exception as error:
            return (
                "`scoring` must be able to score a constant prediction on every fold, got"
                f" {scorer} on fold {number}:"
                f" {type(error).__name__}: {error}"
            )
        if has_weight:
            scored.add(classes)
    return ""


def _has_all_labels(metric: Metric, y: np.ndarray) -> bool:
    """Say whether the classes of a target are all that a log loss is told of: then that of the
    constant prediction is finite, whatever the other rows. To compute it would take a number for
    each row and class."""
    labels = metric.arguments.get("labels")
    return labels is not None and np.array_equal(np.unique(y), labels)


def _classes_of(y: np.ndarray, train: np.ndarray, valid: np.ndarray) -> Hashable:
    """Return the classes of both parts of a fold."""
    return tuple(frozenset(np.unique(y[part]).tolist()) for part in (train, valid))
