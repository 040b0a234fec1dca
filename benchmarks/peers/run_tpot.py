"""Runner of TPOT 1.1 on a job of the comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from job import (
    FOLDS,
    SCORING,
    Answer,
    Job,
    Prediction,
    answer,
    coded_pair,
    perform,
    pickled_bytes,
)
from tpot import TPOTClassifier, TPOTRegressor

EVALUATION_SHARE = 10 / 60
"""Share of the budget that one candidate may take, as in TPOT's defaults: 10 of 60 minutes.

TPOT looks at the clock when a candidate ends or its time is up, so 10 minutes would outlast the
budget.
"""


def run(job: Job) -> Answer:
    """Fit within the budget, and predict.

    Its imputer breaks on columns of gaps alone, and its preprocessing reads strings of type object.
    An inner classifier of TPOT 1.1 gives labels while the pipeline is fitted and probabilities,
    where it can, later: such a candidate fails for its number of columns. They are left out.
    """
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen, text="object")
    settings: dict[str, Any] = {
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
    if job.task == "regression":
        model = TPOTRegressor(**settings)
        return answer(
            lambda: model.fit(X, y.to_numpy()),
            lambda fitted: Prediction(np.asarray(fitted.predict(unseen))),
            size=_bytes,
        )
    codes, labels = pd.factorize(y, sort=True)
    model = TPOTClassifier(**settings, allow_inner_classifiers=False)
    return answer(
        lambda: model.fit(X, codes),
        lambda fitted: Prediction(
            np.asarray(fitted.predict_proba(unseen)),
            [str(labels[code]) for code in fitted.classes_],
        ),
        size=_bytes,
    )


def _bytes(model: Any) -> int:
    return pickled_bytes(model.fitted_pipeline_)


if __name__ == "__main__":  # the workers of dask import this file
    perform(run)
