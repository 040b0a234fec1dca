"""Runner of evolver on a job of the comparison."""

from __future__ import annotations

import warnings
from typing import Any

from job import FOLDS, SCORING, Answer, Job, Prediction, answer, perform

from evolver import EvolvedClassifier, EvolvedRegressor


def run(job: Job) -> Answer:
    """Fit within the budget, and predict by the model and by its best pipeline alone."""
    X, y, unseen = job.tables()
    estimator = EvolvedRegressor if job.task == "regression" else EvolvedClassifier
    model = estimator(
        time_budget=job.budget,
        scoring=SCORING[job.task],
        cv=FOLDS,
        n_jobs=job.workers,
        random_state=job.seed,
        verbose=0,
    )

    def predict(predictor: Any) -> Prediction:
        if job.task == "regression":
            return Prediction(predictor.predict(unseen))
        return Prediction(predictor.predict_proba(unseen), model.classes_.tolist())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)  # about the kinds of columns
        return answer(
            lambda: model.fit(X, y), predict, single=lambda fitted: predict(fitted.best_pipeline_)
        )


if __name__ == "__main__":
    perform(run)
