"""Runs TPOT 1.1 on a job of the comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from job import FOLDS, SCORING, Answer, Job, Prediction, perform, timed_fit
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype
from tpot import TPOTClassifier, TPOTRegressor

EVALUATION_SHARE = 10 / 60
"""Share of the budget that one candidate may take: that of TPOT's defaults, 10 of 60 minutes. TPOT
looks at the clock when a candidate ends or its time is up, so 10 minutes would outlast the budget.
"""


def run(job: Job) -> Answer:
    """Fit within the budget, and predict."""
    X, y, unseen = job.tables()
    X = _readable(X.dropna(axis="columns", how="all"))  # the imputer breaks on columns of gaps
    unseen = _readable(unseen[X.columns])
    answer = _regress if job.task == "regression" else _classify
    return answer(job, X, y, unseen)


def _regress(job: Job, X: pd.DataFrame, y: pd.Series, unseen: pd.DataFrame) -> Answer:
    model = TPOTRegressor(**_settings(job))
    seconds = timed_fit(model, X, y.to_numpy())
    return Answer(Prediction(np.asarray(model.predict(unseen))), seconds)


def _classify(job: Job, X: pd.DataFrame, y: pd.Series, unseen: pd.DataFrame) -> Answer:
    """Predict probabilities.

    An inner classifier of TPOT 1.1 gives labels while the pipeline is fitted and probabilities,
    where it can, later: such a candidate fails for its number of columns. They are left out.
    """
    codes, labels = pd.factorize(y, sort=True)
    model = TPOTClassifier(**_settings(job), allow_inner_classifiers=False)
    seconds = timed_fit(model, X, codes)
    classes = [str(labels[code]) for code in model.classes_]
    return Answer(Prediction(np.asarray(model.predict_proba(unseen)), classes), seconds)


def _settings(job: Job) -> dict[str, Any]:
    """Return what both estimators of TPOT are made with."""
    return {
        "search_space": "linear",
        "scorers": [SCORING[job.task]],
        "scorers_weights": [1],
        "cv": FOLDS,
        "preprocessing": True,
        "max_time_mins": job.budget / 60,
        "max_eval_time_mins": job.budget / 60 * EVALUATION_SHARE,
        "n_jobs": job.workers,
        "memory_limit": None,
        "random_state": job.seed,
        "verbose": 0,
    }


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of what TPOT's preprocessing reads: float64, and strings of type object."""
    return pd.DataFrame({name: _readable_column(column) for name, column in table.items()})


def _readable_column(column: pd.Series) -> pd.Series:
    if is_datetime64_any_dtype(column):
        return (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
    if is_numeric_dtype(column):
        return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)
    return column.astype("str").astype(object)


if __name__ == "__main__":  # the workers of dask import this file
    perform(run)
