"""Runner of auto-sklearn 0.15 on a job of the comparison, on Python 3.9."""

from __future__ import annotations

from autosklearn.classification import AutoSklearnClassifier
from autosklearn.metrics import log_loss, roc_auc, root_mean_squared_error
from autosklearn.regression import AutoSklearnRegressor
from job import Answer, Job, Prediction, answer, coded_pair, perform

METRICS = {
    "binary": roc_auc,
    "multiclass": log_loss,
    "regression": root_mean_squared_error,
}
MEMORY_LIMIT = 8_000
"""MB of a worker; the default of 3,072 makes runs fail that need not."""


def run(job: Job) -> Answer:
    """Fit within the budget, and predict; the validation is the system's own."""
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen)
    regression = job.task == "regression"
    model = (AutoSklearnRegressor if regression else AutoSklearnClassifier)(
        time_left_for_this_task=int(job.budget),
        n_jobs=job.workers,
        memory_limit=MEMORY_LIMIT,
        seed=job.seed,
        metric=METRICS[job.task],
    )

    def predict(fitted: AutoSklearnClassifier | AutoSklearnRegressor) -> Prediction:
        if regression:
            return Prediction(fitted.predict(unseen))
        return Prediction(fitted.predict_proba(unseen), sorted(y.unique()))

    return answer(lambda: model.fit(X, y), predict)


if __name__ == "__main__":  # the workers of dask import this file
    perform(run)
