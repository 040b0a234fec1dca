"""Scorers, and folds that they can score."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import (
    average_precision_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    roc_auc_score,
)

from evolver.checks.arguments import check_at_least
from evolver.errors import InputError, InputTypeError
from evolver.evaluation.fold import score_of
from evolver.evaluation.folds import make_folds, make_ladder
from evolver.problem import Fold, Scorer

DEFAULT_SCORING = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}

OF_PROBABILITIES = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}
"""By scorer that takes decision functions where there are any. What is averaged and delivered are
probabilities, and some models give the same to many rows that their decision function orders."""


def check_scorer(scoring: Any, task: str, y: np.ndarray) -> Scorer:
    """Return the scorer that `scoring` stands for.

    Raises
    ------
    InputError, InputTypeError
        When the name is unknown, or it is a metric where a scorer belongs, or neither.
    """
    scoring = DEFAULT_SCORING[task] if scoring is None else scoring
    if scoring == "neg_log_loss" and task != "regression":
        # A fold may lack a rare class; the labels make the loss defined there.
        scorer: Scorer = make_scorer(
            log_loss, greater_is_better=False, response_method="predict_proba", labels=np.unique(y)
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
    X: pd.DataFrame,
    y: np.ndarray,
    cv: Any,
    scorer: Scorer,
    *,
    classification: bool,
    sample_weight: np.ndarray | None,
    groups: np.ndarray | None,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return folds on each of which the constant prediction can be scored.

    Where a class has fewer members than there are folds, a warning says so; if then a fold cannot
    be scored, there are only as many folds as the rarest class has members.

    Raises
    ------
    InputError, InputTypeError
        When `cv` is no splitter or out of range, or `scoring` cannot score these data; the message
        says why.
    """
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        check_at_least(2, "cv", cv)
        cv = int(cv)
        if cv > len(y):
            raise InputError(f"`cv` must be at most the number of rows, {len(y)}, got {cv}.")
    elif isinstance(cv, bool | str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise InputTypeError(f"`cv` must be a number of folds or a splitter, got {cv!r}.")
    attempts = [cv]
    if classification and isinstance(cv, int):
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
                folds = make_folds(
                    X, y, attempt, classification=classification, groups=groups, rng=rng
                )
        except ValueError as error:
            failure = f"`cv` must be able to split these {len(y)} rows, got {cv!r}: {error}"
            continue
        failure = _why_not_scorable(folds, X, y, scorer, classification, sample_weight)
        if not failure:
            return folds
    raise InputError(failure)


def scorable_ladder(
    X: pd.DataFrame,
    y: np.ndarray,
    folds: Sequence[Fold],
    scorer: Scorer,
    *,
    classification: bool,
    sample_weight: np.ndarray | None,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return folds of fewer rows on each of which the constant prediction can be scored, or
    none."""
    ladder = make_ladder(folds, y, classification=classification, rng=rng)
    failure = _why_not_scorable(ladder, X, y, scorer, classification, sample_weight)
    return [] if failure else ladder


def _why_not_scorable(
    folds: Sequence[Fold],
    X: pd.DataFrame,
    y: np.ndarray,
    scorer: Scorer,
    classification: bool,
    sample_weight: np.ndarray | None,
) -> str:
    """Return why the constant prediction cannot be scored on some fold; empty where it can on
    all."""
    for number, (train, valid) in enumerate(folds):
        if not len(train) or not len(valid):
            return f"`cv` must leave rows to fit and to validate, got fold {number} without."
        dummy = DummyClassifier(strategy="prior") if classification else DummyRegressor()
        weights = None if sample_weight is None else sample_weight[valid]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dummy.fit(X.iloc[train], y[train])
                score_of(scorer, dummy, X.iloc[valid], y[valid], weights)
        except Exception as error:
            return (
                "`scoring` must be able to score a constant prediction on every fold, got"
                f" {scorer} on fold {number}:"
                f" {type(error).__name__}: {error}"
            )
    return ""
