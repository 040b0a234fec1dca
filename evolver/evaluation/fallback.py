"""What a run gives back when its budget was too short to finish anything: a small decision tree.

It is fitted in the calling process, so it must be fast whatever the table: few rows, few splits.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from evolver.problem import Problem
from primitives.transformers import TableCleaner

MAX_ROWS = 2_000
MAX_DEPTH = 4
MAX_COLUMNS = 100
"""That a split is sought in, of a wide table."""


def fallback(problem: Problem) -> Pipeline:
    """Return a decision tree fitted on at most `MAX_ROWS` rows, with some of every class."""
    rows = np.random.default_rng(0).permutation(len(problem.y))[:MAX_ROWS]
    if problem.task != "regression":
        rows = np.union1d(rows, np.unique(problem.y, return_index=True)[1])
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
    tree = DecisionTreeRegressor if problem.task == "regression" else DecisionTreeClassifier
    looked_at = min(1.0, MAX_COLUMNS / problem.X.shape[1])
    model = tree(max_depth=MAX_DEPTH, max_features=looked_at, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(TableCleaner(), encoder, model).fit(
            problem.X.iloc[rows], problem.y[rows]
        )
