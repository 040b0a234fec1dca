"""Side of evolver's integration that runs in evolver's own environment."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
from frameworks.shared.callee import call_run, measure_inference_times, result

from evolver import EvolvedClassifier, EvolvedRegressor

SCORING = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "balacc": "balanced_accuracy",
    "logloss": "neg_log_loss",
    "mae": "neg_mean_absolute_error",
    "r2": "r2",
    "rmse": "neg_root_mean_squared_error",
}
"""Names in scikit-learn of the benchmark's metrics."""


def run(dataset: Any, config: Any) -> Any:
    """Fit within the budget, and predict.

    Parameters of the framework's definition that do not begin with an underscore are parameters of
    the estimator.
    """
    classification = dataset.problem_type != "regression"
    settings = {name: value for name, value in config.framework_params.items() if name[0] != "_"}
    model = (EvolvedClassifier if classification else EvolvedRegressor)(
        **{
            "time_budget": config.max_runtime_seconds,
            "n_jobs": config.cores,
            "random_state": config.seed,
            "scoring": SCORING[config.metric],
            "verbose": 0,
            **settings,
        }
    )
    X = dataset.test.X
    start = time.monotonic()
    model.fit(dataset.train.X, dataset.train.y.squeeze())
    fitted = time.monotonic()
    predictions = model.predict(X)
    predicted = time.monotonic()
    times = {}
    if config.measure_inference_time:
        rows = [(1, X.sample(1, random_state=seed)) for seed in range(100)]
        times["df"] = measure_inference_times(model.predict, rows)
        times["file"] = measure_inference_times(
            lambda path: model.predict(pd.read_parquet(path)), dataset.inference_subsample_files
        )
    return result(
        output_file=config.output_predictions_file,
        predictions=predictions.astype(str) if classification else predictions,  # no pickles
        probabilities=model.predict_proba(X) if classification else None,
        probabilities_labels=[str(one) for one in model.classes_] if classification else None,
        target_is_encoded=False,
        models_count=len(model.leaderboard_),
        training_duration=fitted - start,
        predict_duration=predicted - fitted,
        inference_times=times,
    )


if __name__ == "__main__":
    call_run(run)
