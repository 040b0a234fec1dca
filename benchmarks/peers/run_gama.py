"""Runner of GAMA 23 on a job of the comparison, with the ensemble of its benchmark mode."""

from __future__ import annotations

import tempfile

import pandas as pd
from gama import GamaClassifier, GamaRegressor
from gama.postprocessing import EnsemblePostProcessing
from job import Answer, Job, Prediction, answer, coded_pair, perform, pickled_bytes

SCORING = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_mean_squared_error",
}
"""Metrics of GAMA; it has no RMSE, but the squared error ranks alike."""


def run(job: Job) -> Answer:
    """Fit within the budget, and predict."""
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "scoring": SCORING[job.task],
            "max_total_time": int(job.budget),
            "n_jobs": job.workers,
            "random_state": job.seed,
            "post_processing": EnsemblePostProcessing(),
            "output_directory": f"{folder}/gama",
            "store": "nothing",
        }
        if job.task == "regression":
            model = GamaRegressor(**settings)
            return answer(
                lambda: model.fit(X, y) or model,
                lambda fitted: Prediction(fitted.predict(unseen)),
                size=_bytes,
            )
        codes, labels = pd.factorize(y, sort=True)
        model = GamaClassifier(**settings)
        return answer(
            lambda: model.fit(X, pd.Series(codes, name="target")) or model,
            lambda fitted: Prediction(fitted.predict_proba(unseen), [str(one) for one in labels]),
            size=_bytes,
        )


def _bytes(model: GamaClassifier | GamaRegressor) -> int:
    return pickled_bytes(getattr(model.model, "_fit_models", model.model))


if __name__ == "__main__":
    perform(run)
