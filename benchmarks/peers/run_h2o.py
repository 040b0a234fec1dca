"""Runner of H2O AutoML on a job of the comparison; it needs Java."""

from __future__ import annotations

import tempfile

import h2o
from h2o.automl import H2OAutoML
from job import FOLDS, TARGET, Answer, Job, Prediction, answer, coded_pair, folder_bytes, perform

METRICS = {"binary": "AUC", "multiclass": "logloss", "regression": "RMSE"}


def run(job: Job) -> Answer:
    """Fit within the budget, and predict; the start of Java and the copy of rows are not timed."""
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen, text="object")
    regression = job.task == "regression"
    kinds = {name: "enum" if X[name].dtype == "object" else "real" for name in X.columns}
    h2o.init(nthreads=job.workers, max_mem_size="8G", strict_version_check=False)
    h2o.no_progress()
    with tempfile.TemporaryDirectory() as folder:
        train = h2o.H2OFrame(
            X.assign(**{TARGET: y}),
            column_types={**kinds, TARGET: "real" if regression else "enum"},
        )
        test = h2o.H2OFrame(unseen, column_types=kinds)

        def fit() -> H2OAutoML:
            model = H2OAutoML(
                max_runtime_secs=int(job.budget),
                nfolds=FOLDS,
                sort_metric=METRICS[job.task],
                seed=job.seed,
            )
            model.train(y=TARGET, training_frame=train)
            return model

        def predict(model: H2OAutoML) -> Prediction:
            predicted = model.predict(test).as_data_frame()
            if regression:
                return Prediction(predicted["predict"].to_numpy())
            return Prediction(predicted.iloc[:, 1:].to_numpy(), train[TARGET].levels()[0])

        def size(model: H2OAutoML) -> int:
            parts = [model.leader.model_id, *(getattr(model.leader, "base_models", None) or [])]
            for part in parts:
                h2o.save_model(h2o.get_model(part), path=folder)
            return folder_bytes(folder)

        try:
            return answer(fit, predict, size)
        finally:
            h2o.cluster().shutdown()


if __name__ == "__main__":
    perform(run)
