"""Runner of LightGBM with its defaults on a job of the comparison."""

from __future__ import annotations

import pandas as pd
from job import Answer, Job, Prediction, answer, coded_pair, perform
from lightgbm import LGBMClassifier, LGBMRegressor


def run(job: Job) -> Answer:
    """Fit without looking at the budget, and predict."""
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen)
    X.columns = unseen.columns = pd.RangeIndex(X.shape[1])  # it refuses some characters in names
    regression = job.task == "regression"
    model = (LGBMRegressor if regression else LGBMClassifier)(
        n_jobs=job.workers, random_state=job.seed, verbose=-1
    )

    def predict(fitted: LGBMClassifier | LGBMRegressor) -> Prediction:
        if regression:
            return Prediction(fitted.predict(unseen))
        return Prediction(fitted.predict_proba(unseen), fitted.classes_.tolist())

    return answer(lambda: model.fit(X, y), predict)


if __name__ == "__main__":
    perform(run)
