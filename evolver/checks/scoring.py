"""Checks of the folds, which a scorer must be able to score."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.metrics import (
    log_loss,
)
from sklearn.model_selection import PredefinedSplit

from evolver.budget import Deadline
from evolver.checks.arguments import check_at_least
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.blends import FixedPredictions
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.fallback import small_discriminant, small_tree
from evolver.evaluation.fold import UndefinedScoreError, score_of
from evolver.evaluation.folds import make_folds, make_ladder, numbered, of_known_classes
from evolver.evaluation.scorers import Metric, metric_of
from evolver.execution.inline import reason_of
from evolver.problem import Fold, Problem
from evolver.warned import Finding


def scorable_folds(
    problem: Problem,
    cv: Any,
    *,
    groups: np.ndarray | None,
    rng: np.random.Generator,
    end: Deadline,
    findings: list[Finding],
) -> list[Fold]:
    """Return folds on which some model can be scored.

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
        counts = task.class_counts(y)
        fewest = int(counts.min())
        if fewest < cv:
            label = task.classes.tolist()[counts.argmin()]
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
    lost = [
        np.setdiff1d(valid, kept)
        for (_, valid), (_, kept) in zip(split, folds, strict=True)
        if len(kept) < len(valid)
    ]
    if not lost:
        return []
    labels, counts = np.unique(y[np.concatenate(lost)], return_counts=True)
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
    """Return the folds of fewer rows; none if no model can be scored on all.

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
    """Return the reason why no candidate can be scored on some fold; empty if some can.

    Parameters are those of `scorable_folds`.
    """
    y, sample_weight = problem.y, problem.sample_weight
    metric = metric_of(problem.scorer)
    loss = metric if metric is not None and metric.function is log_loss else None
    all_classes = problem.task.classes
    numbers = y if all_classes is None else numbered(y)
    has_all_labels = loss is not None and _has_all_labels(loss, all_classes)
    scored: set[Hashable] = set()
    scored_by_model: set[Hashable] = set()
    for number, fold in enumerate(folds):
        train, valid = fold
        if not len(train) or not len(valid):
            return (
                "`cv` must give each fold rows to fit on and rows to validate on, got"
                f" {len(train)} and {len(valid)} in fold {number}."
            )
        has_weight = sample_weight is None or bool(sample_weight[valid].any())
        # The log loss is then finite on any rows. Computing it for many classes takes much memory.
        if has_all_labels and has_weight:
            continue
        classes = None if all_classes is None else _classes_of(numbers, train, valid)
        # Fitting a model for each fold would be slow.
        known = scored_by_model | scored if end.is_over else scored_by_model
        if has_weight and classes in known:
            continue
        reason = _reason_of_constant(problem, fold)
        if reason:
            reason = _reason_of_models(problem, fold)
            if reason:
                return (
                    "`scoring` must be able to score a prediction on every fold, got"
                    f" {problem.scorer} on fold {number}: {reason}"
                )
            scored_by_model.add(classes)
        if has_weight:
            scored.add(classes)
    return ""


def _reason_of_constant(problem: Problem, fold: Fold) -> str:
    """Return the reason why a constant prediction cannot be scored on a fold, empty if it can."""
    # Neither the constant prediction nor a scorer of scikit-learn reads the columns, so one column
    # is enough. Taking rows of a wide table is slow.
    is_function = metric_of(problem.scorer) is None
    table = problem.X if is_function else problem.X.iloc[:, :1]
    try:
        _score(replace(problem, X=table), problem.task.constant(), fold)
    except Exception as error:  # a scorer of the user may raise any error
        return reason_of(error)
    return ""


def _reason_of_models(problem: Problem, fold: Fold) -> str:
    """Return the reason why no fitted model can be scored on a fold, empty if one can.

    A correlation, or a share of the rows predicted as positive, is not defined for a constant
    prediction, but it is for most models. A scorer may also need what few models have, such as a
    decision function.
    """
    classifies = problem.task.classes is not None
    reasons = []
    is_undefined = False
    for make in (small_tree, small_discriminant) if classifies else (small_tree,):
        try:
            _score(problem, make(problem), fold)
            return ""
        except Exception as error:  # a scorer of the user may raise any error
            reasons.append(reason_of(error))
            is_undefined |= isinstance(error, UndefinedScoreError)
    # These models may be constant on a hard table. Where predictions that vary as the true values
    # do have a score, better models have one too.
    if is_undefined and not _reason_of_truth(problem, fold):
        return ""
    return reasons[0]


def _reason_of_truth(problem: Problem, fold: Fold) -> str:
    """Return the reason why the true values cannot be scored on a fold, empty if they can.

    Numbers are in another order: the error of the true values is 0 even where that of any model
    is too large for a float. Probabilities keep theirs: a certain error may have an infinite loss.
    """
    valid, classes = fold[1], problem.task.classes
    truth = problem.y[valid]
    if problem.task.model_classes is None:
        predictions = np.roll(truth, 1, axis=0)
    else:
        shares = truth if classes is None else truth[:, np.newaxis] == classes
        predictions = shares.astype(np.float64)
    weights = None if problem.sample_weight is None else problem.sample_weight[valid]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = FixedPredictions(predictions, problem.task)
            score_of(problem.scorer, model, problem.X.iloc[valid], truth, weights)
    except Exception as error:  # a scorer of the user may raise any error
        return reason_of(error)
    return ""


def _score(problem: Problem, model: Any, fold: Fold) -> None:
    """Fit and score a model on a fold.

    Raises
    ------
    Exception
        If it cannot be scored.
    """
    train, valid = fold
    X, y, task = problem.X, problem.y, problem.task
    weights = None if problem.sample_weight is None else problem.sample_weight[valid]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.iloc[train], y[train])
        cached = CachedPredictions(
            model, X.iloc[valid], task.classes, output_shape=task.output_shape
        )
        score_of(problem.scorer, cached, cached.X, y[valid], weights)


def _has_all_labels(metric: Metric, classes: np.ndarray | None) -> bool:
    """Return True if the labels of a log loss are all classes."""
    labels = metric.arguments.get("labels")
    return labels is not None and classes is not None and np.array_equal(labels, classes)


def _classes_of(y: np.ndarray, train: np.ndarray, valid: np.ndarray) -> Hashable:
    """Return the classes of the training part and of the validation part of a fold."""
    return tuple(frozenset(np.unique(y[part]).tolist()) for part in (train, valid))
