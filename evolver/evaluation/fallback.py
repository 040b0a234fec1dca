"""What a run gives back when its budget was too short to finish anything: a small decision tree.

It is fitted in the calling process, so it must be fast whatever the table: few rows, few splits.
"""

from __future__ import annotations

import warnings

from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from evolver.problem import Problem
from primitives.cleaning import TableCleaner
from primitives.wrappers import SubsampledClassifier, SubsampledRegressor

MAX_ROWS = 2_000
MAX_DEPTH = 4
MAX_COLUMNS = 100
"""That a split is sought in, of a wide table."""


def fallback(problem: Problem) -> Pipeline:
    """Return a decision tree fitted on about `MAX_ROWS` rows, with some of every class."""
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
    looked_at = min(1.0, MAX_COLUMNS / problem.X.shape[1])
    tree, subsampled = (
        (DecisionTreeRegressor, SubsampledRegressor)
        if problem.task == "regression"
        else (DecisionTreeClassifier, SubsampledClassifier)
    )
    model = tree(max_depth=MAX_DEPTH, max_features=looked_at, random_state=0)
    steps = make_pipeline(TableCleaner(), encoder, model)
    pipeline = make_pipeline(subsampled(steps, max_rows=MAX_ROWS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pipeline.fit(problem.X, problem.y)
