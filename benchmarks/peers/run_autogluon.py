"""Runner of AutoGluon's best preset on a job of the comparison.

Its folds are fitted by ray, as it would itself (mode ``"parallel"``), or one after another
(``"sequential"``): the start of ray is a large part of a short budget.
"""

from __future__ import annotations

import tempfile
from typing import Any

from autogluon.tabular import TabularPredictor
from job import TARGET, Answer, Job, Prediction, answer, folder_bytes, perform

METRICS = {
    "binary": "roc_auc",
    "multiclass": "log_loss",
    "regression": "root_mean_squared_error",
}
STRATEGIES: dict[str, dict[str, Any]] = {
    "parallel": {},
    "sequential": {"ag_args_ensemble": {"fold_fitting_strategy": "sequential_local"}},
}


def run(job: Job) -> Answer:
    """Fit within the budget, and predict; its random seeds are its own."""
    X, y, unseen = job.tables()
    regression = job.task == "regression"
    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor(
            TARGET,
            problem_type=job.task,
            eval_metric=METRICS[job.task],
            path=folder,
            verbosity=1,
        )

        def predict(fitted: TabularPredictor) -> Prediction:
            if regression:
                return Prediction(fitted.predict(unseen).to_numpy())
            shares = fitted.predict_proba(unseen)
            return Prediction(shares.to_numpy(), [str(one) for one in shares.columns])

        return answer(
            lambda: model.fit(
                X.assign(**{TARGET: y}),
                time_limit=job.budget,
                presets="best_quality",
                num_cpus=job.workers,
                num_gpus=0,
                **STRATEGIES[job.mode],
            ),
            predict,
            size=lambda fitted: folder_bytes(fitted.path),
        )


if __name__ == "__main__":
    perform(run)
