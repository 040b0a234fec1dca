"""Folds are accepted if some model can be scored on each, at little cost."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import PredefinedSplit
from sklearn.tree import DecisionTreeClassifier

from evolver.budget import Deadline
from evolver.checks import check_scorer, scorable_folds
from evolver.errors import InputError
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.fold import score_of
from evolver.evaluation.folds import of_known_classes
from evolver.problem import Fold, Problem, Scorer
from evolver.task import Classification
from tests.tables import small_table

NEVER, PASSED = Deadline(), Deadline(0.0)

MANY = 4_000
"""Number of classes, of two rows each. Their probabilities take 128 MB for each fold."""


def folds_of(
    X: pd.DataFrame,
    y: np.ndarray,
    scorer: Scorer,
    cv: Any = 3,
    sample_weight: np.ndarray | None = None,
    end: Deadline = NEVER,
) -> list[Fold]:
    problem = Problem(Classification.of(y), X, y, (), scorer, sample_weight=sample_weight)
    rng = np.random.default_rng(0)
    return scorable_folds(problem, cv, groups=None, rng=rng, end=end, findings=[])


def scores_some(
    scorer: Scorer, X: pd.DataFrame, y: np.ndarray, folds: list[Fold], weights: np.ndarray | None
) -> bool:
    """Return True if a dummy, a tree or a linear model can be scored on every fold."""
    numbers = X.select_dtypes("number").fillna(0)
    for train, valid in folds:
        some = None if weights is None else weights[valid]
        for kind in (DummyClassifier, DecisionTreeClassifier, LinearDiscriminantAnalysis):
            with contextlib.suppress(Exception):
                fitted = kind().fit(numbers.iloc[train], y[train])
                model = CachedPredictions(fitted, numbers.iloc[valid], np.unique(y))
                score_of(scorer, model, model.X, y[valid], some)
                break
        else:
            return False
    return True


TABLE, LABELS = small_table("multiclass")
FIRST = np.isin(LABELS, LABELS[:1])
RARE = np.where(np.isin(np.arange(len(LABELS)), [0, 3]), "rare", LABELS)
WEIGHTLESS = np.where(np.arange(len(LABELS)) % 3 == 0, 0.0, 1.0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scoring", [None, *get_scorer_names()])
@pytest.mark.parametrize("y", [LABELS, RARE, FIRST], ids=["three", "rare", "two"])
@pytest.mark.parametrize("weights", [None, WEIGHTLESS], ids=["unweighted", "weighted"])
def test_folds_are_refused_if_no_model_can_be_scored(
    scoring: str | None, y: np.ndarray, weights: np.ndarray | None
) -> None:
    scorer = check_scorer(scoring, Classification.of(y))
    parts = np.arange(len(y)) % 3
    splits = [(np.flatnonzero(parts != part), np.flatnonzero(parts == part)) for part in range(3)]
    try:
        accepted = bool(folds_of(TABLE, y, scorer, PredefinedSplit(parts), weights))
    except InputError:
        accepted = False
    scored = of_known_classes(splits, y, Classification.of(y))
    assert accepted == scores_some(scorer, TABLE, y, scored, weights)


def test_checking_many_classes_needs_no_array_of_rows_by_classes() -> None:
    y = np.repeat(np.arange(MANY), 2)
    X = pd.DataFrame({"a": np.arange(len(y))})
    scorer = check_scorer(None, Classification.of(y))
    tracemalloc.start()
    try:
        folds = folds_of(X, y, scorer, 2)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(folds) == 2
    assert most < MANY * MANY * 8 / 4


def test_a_function_as_scorer_gets_all_columns() -> None:
    def of_columns(estimator: Any, X: pd.DataFrame, y: np.ndarray) -> float:
        return float(len(X.columns) == len(TABLE.columns)) / (len(X.columns) > 1)

    assert len(folds_of(TABLE, LABELS, of_columns)) == 3


class Counting:
    """Scorer that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        self.calls += 1
        return float(get_scorer("accuracy")(estimator, X, y))


@pytest.mark.parametrize(("end", "calls"), [(NEVER, 3), (PASSED, 1)])
def test_after_the_deadline_a_fold_with_the_classes_of_a_scored_fold_is_accepted(
    end: Deadline, calls: int
) -> None:
    scorer = Counting()
    assert len(folds_of(TABLE, LABELS, scorer, end=end)) == 3
    assert scorer.calls == calls


def test_after_the_deadline_a_fold_with_other_classes_is_still_scored() -> None:
    y = np.sort(FIRST)
    parts = np.arange(len(y)) * 3 // len(y)
    splits = PredefinedSplit(np.where(np.arange(len(y)) % 2, parts, -1))
    with pytest.raises(InputError, match="must be able to score a prediction on every"):
        folds_of(TABLE, y, check_scorer("roc_auc", Classification.of(y)), splits, end=PASSED)
