"""Fallback of a run without a fitted pipeline: a small decision tree, or a constant prediction.

It is fitted in the calling process, where no deadline can stop it. So it must be fast for every
table: it uses few rows, few columns and few splits.
"""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from evolver.evaluation.fold import fit
from evolver.problem import Problem
from primitives.cleaning import TableCleaner
from primitives.dates import DateParts
from primitives.screening import ColumnScreener
from primitives.sparse import SparseTable, matrix_of, sparse_topics

MAX_ROWS = 2_000
"""Number of rows that the tree is fitted on, beside one of every class."""

MAX_DEPTH = 4
"""Most splits from the root of the tree to a leaf."""

MAX_COLUMNS = 100
"""Most columns that the tree is fitted on."""

SPARSE_COMPONENTS = 10
"""Components of a sparse matrix that the tree is fitted on."""

MAX_CLASSES = 1_000
"""Number of classes above which the prediction is constant.

A tree counts every class in each of its leaves, and its few leaves cannot tell so many apart.
"""


def fallback(problem: Problem) -> Pipeline:
    """Return a fitted decision tree, or a constant prediction where a tree cannot be fitted.

    The tree is fitted on about `MAX_ROWS` rows, among them one of every class, and on the
    `MAX_COLUMNS` columns with the strongest association with the target. The prediction is constant
    if there are more than `MAX_CLASSES` classes, or if fitting the tree fails.
    """
    classes = problem.task.classes
    is_small = classes is None or len(classes) <= MAX_CLASSES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if is_small:
                return fit(small_tree(problem), problem.X, problem.y, problem.sample_weight)
        except Exception:  # whatever an unusual table raises, a run must end with a model
            pass
        constant = make_pipeline(problem.task.constant())
        return fit(constant, problem.X, problem.y, problem.sample_weight)


def title_of(model: Pipeline) -> str:
    """Return a description of a fallback."""
    is_constant = isinstance(model[-1], DummyClassifier | DummyRegressor)
    return "the constant prediction" if is_constant else "a small decision tree"


def small_tree(problem: Problem) -> Pipeline:
    """Return an unfitted decision tree for some of the rows and columns."""
    # Rows are drawn first and columns are screened before they are cleaned: cleaning is slow.
    steps = _small(problem, problem.task.small_tree(MAX_DEPTH))
    return make_pipeline(problem.task.subsampled(steps, MAX_ROWS))


def small_discriminant(problem: Problem) -> Pipeline:
    """Return an unfitted linear classifier with a decision function, for some of the columns."""
    return _small(problem, LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1))


def _small(problem: Problem, model: Any) -> Pipeline:
    """Return a pipeline that reads any table for a model, at most `MAX_COLUMNS` of its columns."""
    if matrix_of(problem.X) is not None:
        return make_pipeline(SparseTable(), sparse_topics(SPARSE_COMPONENTS, True, 0), model)
    # Categories stay one column each: one-hot columns would be too many to be fast.
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
                make_column_selector(dtype_exclude=["number", "datetime"]),
            ),
            (
                "dates",
                make_pipeline(DateParts(), SimpleImputer(keep_empty_features=True)),
                make_column_selector(dtype_include="datetime"),
            ),
        ]
    )
    screener = [ColumnScreener(MAX_COLUMNS)] if problem.X.shape[1] > MAX_COLUMNS else []
    return make_pipeline(*screener, TableCleaner(problem.columns), encoder, model)
