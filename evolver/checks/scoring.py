"""Checks of the scorer, and of the folds that it must be able to score."""

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
from sklearn.model_selection import PredefinedSplit

from evolver.budget import Deadline
from evolver.checks.arguments import check_at_least
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.fold import score_of
from evolver.evaluation.folds import make_folds, make_ladder, of_known_classes
from evolver.evaluation.scorers import Metric, metric_of
from evolver.problem import Fold, Problem, Scorer
from evolver.task import Task
from evolver.warned import Finding

OF_PROBABILITIES = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}
"""Metrics that are computed from probabilities, by the name of the scorer.

scikit-learn's scorers of these names use the decision function of a model if it has one. Ensembles
average probabilities, and some models give equal probabilities to rows that their decision function
orders, so a score of decision functions could not be reached.
"""


def check_scorer(scoring: Any, task: Task) -> Scorer:
    """Return the scorer that `scoring` stands for; None stands for the default of the task.

    Raises
    ------
    InputError, InputTypeError
        If the name is unknown, or if `scoring` is a metric instead of a scorer, or neither.
    """
    scoring = task.default_scoring if scoring is None else scoring
    if scoring == "neg_log_loss" and task.classes is not None:
        # A fold may lack a rare class. With the labels given, the loss is defined there too.
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
    # The names of its parameters tell a metric, called with (y_true, y_pred), from a scorer.
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
    findings: list[Finding],
) -> list[Fold]:
    """Return folds on which a constant prediction can be scored.

    If a class has fewer rows than there are folds, that is a finding. If such folds cannot be
    scored, there are as many folds as the rarest class has rows, at least two. Validation rows of a
    class that is not in the training part are left out, which is a finding too.

    Parameters
    ----------
    problem : Problem
        Problem without folds.
    cv : int, splitter or iterable of splits
        Number of folds, or their source.
    groups : ndarray of shape (n_samples,), optional
        Groups of rows that must stay together.
    rng : numpy.random.Generator
        Source of the seed that shuffles the rows.
    end : Deadline
        Moment after which a fold is accepted unscored if one with the same classes was scored.
    findings : list of Finding
        List to which findings are appended.

    Raises
    ------
    InputError, InputTypeError
        If `cv` is no splitter or out of range, or if `scoring` cannot score these data; the message
        gives the reason.
    """
    X, y, task = problem.X, problem.y, problem.task
    cv = _checked_cv(cv, len(y))
    attempts = [cv]
    if task.classes is not None and isinstance(cv, int):
        labels, counts = np.unique(y, return_counts=True)
        fewest = int(counts.min())
        if fewest < cv:
            label = labels.tolist()[counts.argmin()]
            message = f"Class {label!r} has {fewest} rows, fewer than the {cv} folds of `cv`."
            findings.append(Finding("rare-class", message))
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
        failure = _reason_not_scorable(problem, folds, end)
        if not failure:
            findings.extend(_left_out(split, folds, y))
            return folds
    raise InputError(failure)


def _checked_cv(cv: Any, rows: int) -> Any:
    """Return a number of folds as an int, or a splitter unchanged; raise an error otherwise."""
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        check_at_least(2, "cv", cv)
        if int(cv) > rows:
            raise InputError(f"`cv` must be at most the number of rows, {rows}, got {cv}.")
        return int(cv)
    if isinstance(cv, bool | str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise InputTypeError(f"`cv` must be a number of folds or a splitter, got {cv!r}.")
    return cv


def check_splits_rows(cv: Any) -> None:
    """Raise an InputError if `cv` holds numbers of rows, which change as rows are left out."""
    if isinstance(cv, PredefinedSplit) or (hasattr(cv, "__iter__") and not hasattr(cv, "split")):
        raise InputError(
            "`cv` must be a number of folds or a splitter that makes folds of any rows while rows"
            f" of `y` have no value, got {type(cv).__name__}: leave these rows out before `fit`."
        )


def _left_out(split: Sequence[Fold], folds: Sequence[Fold], y: np.ndarray) -> list[Finding]:
    """Return the finding of validation rows left out as no training row has their class."""
    lost = [np.setdiff1d(valid, kept) for (_, valid), (_, kept) in zip(split, folds, strict=True)]
    labels, counts = np.unique(y[np.concatenate(lost)], return_counts=True)
    if not len(labels):
        return []
    classes = ", ".join(
        f"{count} of class {label!r}"
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True)
    )
    message = (
        f"`cv` makes folds with validation rows of a class that no training row has: {classes}."
        " These rows are not scored."
    )
    return [Finding("unscored-rows", message)]


def scorable_ladder(problem: Problem, *, rng: np.random.Generator, end: Deadline) -> list[Fold]:
    """Return the folds of fewer rows; none if a constant prediction cannot be scored on all.

    Parameters
    ----------
    problem : Problem
        Problem without a ladder.
    rng : numpy.random.Generator
        Source of the order in which rows are taken.
    end : Deadline
        Moment after which a fold is accepted unscored if one with the same classes was scored.
    """
    ladder = make_ladder(problem.folds, problem.y, problem.task, rng)
    return [] if _reason_not_scorable(problem, ladder, end) else ladder


def _reason_not_scorable(problem: Problem, folds: Sequence[Fold], end: Deadline) -> str:
    """Return the reason why a constant prediction cannot be scored on some fold; empty if it can.

    Parameters are those of `scorable_folds`.
    """
    y, scorer, sample_weight = problem.y, problem.scorer, problem.sample_weight
    metric = metric_of(scorer)
    # Neither the constant prediction nor a scorer of scikit-learn reads the columns, so one column
    # is enough. Taking rows of a wide table is slow.
    table = problem.X if metric is None else problem.X.iloc[:, :1]
    loss = metric if metric is not None and metric.function is log_loss else None
    all_classes = problem.task.classes
    scored: set[Hashable] = set()
    for number, (train, valid) in enumerate(folds):
        if not len(train) or not len(valid):
            return (
                "`cv` must give each fold rows to fit on and rows to validate on, got"
                f" {len(train)} and {len(valid)} in fold {number}."
            )
        weights = None if sample_weight is None else sample_weight[valid]
        has_weight = weights is None or bool(weights.any())
        # The log loss is then finite on any rows. Computing it for many classes takes much memory.
        if loss is not None and has_weight and _has_all_labels(loss, y[train]):
            continue
        classes = None if all_classes is None else _classes_of(y, train, valid)
        if end.is_over and has_weight and classes in scored:
            continue
        dummy = problem.task.constant()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dummy.fit(table.iloc[train], y[train])
                model = CachedPredictions(dummy, table.iloc[valid], all_classes)
                score_of(scorer, model, model.X, y[valid], weights)
        except Exception as error:  # a scorer of the user may raise any error
            return (
                "`scoring` must be able to score a constant prediction on every fold, got"
                f" {scorer} on fold {number}:"
                f" {type(error).__name__}: {error}"
            )
        if has_weight:
            scored.add(classes)
    return ""


def _has_all_labels(metric: Metric, y: np.ndarray) -> bool:
    """Return True if a training part has all the labels of a log loss."""
    labels = metric.arguments.get("labels")
    return labels is not None and np.array_equal(np.unique(y), labels)


def _classes_of(y: np.ndarray, train: np.ndarray, valid: np.ndarray) -> Hashable:
    """Return the classes of the training part and of the validation part of a fold."""
    return tuple(frozenset(np.unique(y[part]).tolist()) for part in (train, valid))
