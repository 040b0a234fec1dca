"""The model of a run whose budget was too short to finish anything: a small decision tree, or the
constant prediction.

It is fitted in the calling process, so it must be fast whatever the table: few rows, few columns,
few splits.
"""

from __future__ import annotations

import warnings

from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from evolver.problem import Problem
from primitives.cleaning import TableCleaner
from primitives.screening import ColumnScreener

MAX_ROWS = 2_000
MAX_DEPTH = 4
MAX_COLUMNS = 100
"""Columns that splits are sought in."""

MAX_CLASSES = 1_000
"""Classes above which there is no tree: it has few leaves, and counts every class in each."""


def fallback(problem: Problem) -> Pipeline:
    """Return a decision tree fitted on about `MAX_ROWS` rows, with some of every class, and the
    columns that have most to do with the target; or the constant prediction, where there are too
    many classes for that or the table cannot be read."""
    classes = problem.task.classes
    is_small = classes is None or len(classes) <= MAX_CLASSES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if is_small:
                return small_tree(problem).fit(problem.X, problem.y)
        except Exception:  # whatever reading an odd table raises: a run ends with a model
            pass
        return make_pipeline(problem.task.constant()).fit(problem.X, problem.y)


def title_of(model: Pipeline) -> str:
    """Return what a fallback is in words."""
    is_constant = isinstance(model[-1], DummyClassifier | DummyRegressor)
    return "the constant prediction" if is_constant else "a small decision tree"


def small_tree(problem: Problem) -> Pipeline:
    """Return an unfitted decision tree on some of the rows and columns."""
    encoder = ColumnTransformer(
        [
            (
                "numbers",
                SimpleImputer(strategy="median", keep_empty_features=True),
                make_column_selector(dtype_include="number"),
            ),
            (
                "categories",
                OrdinalEncoder(
                    handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
                ),
                make_column_selector(dtype_exclude="number"),
            ),
        ]
    )
    screener = [ColumnScreener(MAX_COLUMNS)] if problem.X.shape[1] > MAX_COLUMNS else []
    model = problem.task.small_tree(MAX_DEPTH)
    steps = make_pipeline(*screener, TableCleaner(), encoder, model)
    return make_pipeline(problem.task.subsampled(steps, MAX_ROWS))
