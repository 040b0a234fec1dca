"""Runner of a tuned random forest on a job of the comparison, after AMLB's baseline of that name.

Values of `max_features` are tried by cross-validation until a fifth of the budget is left or the
next might not end in time; the best is fitted on all rows.
"""

from __future__ import annotations

import time

from job import FOLDS, SCORING, Answer, Job, Prediction, answer, coded_pair, perform
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

TREES = 500
FEATURES: tuple[str | float, ...] = ("sqrt", 0.5, 1.0, 0.25, 0.75, 0.1, "log2")
SEARCH_SHARE = 0.8


def run(job: Job) -> Answer:
    """Tune within the budget, fit, and predict."""
    X, y, unseen = job.tables()
    X, unseen = coded_pair(X, unseen, text="object")
    regression = job.task == "regression"

    def pipeline(features: str | float) -> Pipeline:
        forest = (RandomForestRegressor if regression else RandomForestClassifier)(
            n_estimators=TREES, max_features=features, n_jobs=job.workers, random_state=job.seed
        )
        codes = make_pipeline(
            SimpleImputer(strategy="most_frequent", missing_values=None),
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        )
        columns = ColumnTransformer(
            [("codes", codes, make_column_selector(dtype_include=object))],
            remainder=SimpleImputer(strategy="median", keep_empty_features=True),
        )
        return make_pipeline(columns, forest)

    def fit() -> Pipeline:
        start = time.monotonic()
        folds = (KFold if regression else StratifiedKFold)(
            FOLDS, shuffle=True, random_state=job.seed
        )
        scores: dict[str | float, float] = {}
        slowest = 0.0
        for features in FEATURES:
            begun = time.monotonic()
            if scores and begun - start + slowest > SEARCH_SHARE * job.budget:
                break
            scores[features] = cross_val_score(
                pipeline(features), X, y, cv=folds, scoring=SCORING[job.task]
            ).mean()
            slowest = max(slowest, time.monotonic() - begun)
        return pipeline(max(scores, key=lambda one: scores[one])).fit(X, y)

    def predict(model: Pipeline) -> Prediction:
        if regression:
            return Prediction(model.predict(unseen))
        return Prediction(model.predict_proba(unseen), model.classes_.tolist())

    return answer(fit, predict)


if __name__ == "__main__":
    perform(run)
