"""Runner of FLAML on a job of the comparison."""

from __future__ import annotations

from flaml import AutoML
from job import Answer, Job, Prediction, answer, coded_pair, perform, pickled_bytes

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


def run(job: Job) -> Answer:
    """Fit within the budget, and predict; the validation is the system's own."""
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen)
    regression = job.task == "regression"

    def fit() -> AutoML:
        model = AutoML()
        model.fit(
            X,
            y,
            task="regression" if regression else "classification",
            metric=METRICS[job.task],
            time_budget=job.budget,
            n_jobs=job.workers,
            seed=job.seed,
            verbose=0,
        )
        return model

    def predict(model: AutoML) -> Prediction:
        if regression:
            return Prediction(model.predict(unseen))
        return Prediction(model.predict_proba(unseen), [str(one) for one in model.classes_])

    return answer(fit, predict, size=lambda model: pickled_bytes(model.model))


if __name__ == "__main__":
    perform(run)
