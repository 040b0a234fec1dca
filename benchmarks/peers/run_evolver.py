"""Runs evolver on a job of the comparison."""

from __future__ import annotations

from job import FOLDS, SCORING, Answer, Job, Prediction, perform, timed_fit

from evolver import EvolvedClassifier, EvolvedRegressor


def run(job: Job) -> Answer:
    """Fit within the budget, and predict."""
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
    seconds = timed_fit(model, X, y)
    if isinstance(model, EvolvedRegressor):
        return Answer(Prediction(model.predict(unseen)), seconds)
    return Answer(Prediction(model.predict_proba(unseen), model.classes_.tolist()), seconds)


if __name__ == "__main__":
    perform(run)
