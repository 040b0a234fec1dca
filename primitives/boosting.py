"""Boosting with the optional libraries, each with early stopping inside its fit, where it may, and
on one thread."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from primitives.base import CLASSIFICATION, REGRESSION, NullableFeatures, Prediction, Primitive
from primitives.classifiers import boosting_space
from primitives.early_stopping import (
    PATIENCE,
    ROUNDS,
    EarlyStoppedClassifier,
    EarlyStoppedRegressor,
)

QUIET: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "n_jobs": 1,
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "subsample_freq": 1,
    },
    "xgboost": {"n_jobs": 1, "verbosity": 0, "tree_method": "hist"},
    "catboost": {"thread_count": 1, "verbose": False, "allow_writing_files": False},
}
SPACES = {
    "lightgbm": {
        "n_estimators": IntDistribution(50, 2_000, log=True),
        "learning_rate": FloatDistribution(0.01, 0.3, log=True),
        "num_leaves": IntDistribution(4, 128, log=True),
        "min_child_samples": IntDistribution(2, 60, log=True),
        "colsample_bytree": FloatDistribution(0.3, 1.0),
        "subsample": FloatDistribution(0.5, 1.0),
        "reg_alpha": FloatDistribution(1e-3, 10.0, log=True),
        "reg_lambda": FloatDistribution(1e-3, 10.0, log=True),
        "extra_trees": CategoricalDistribution((False, True)),
    },
    "xgboost": {
        "n_estimators": IntDistribution(50, 2_000, log=True),
        "learning_rate": FloatDistribution(0.01, 0.3, log=True),
        "max_depth": IntDistribution(2, 10),
        "min_child_weight": FloatDistribution(0.1, 20.0, log=True),
        "colsample_bytree": FloatDistribution(0.3, 1.0),
        "subsample": FloatDistribution(0.5, 1.0),
        "reg_lambda": FloatDistribution(1e-3, 10.0, log=True),
    },
    "catboost": {
        "iterations": IntDistribution(50, 2_000, log=True),
        "learning_rate": FloatDistribution(0.02, 0.3, log=True),
        "depth": IntDistribution(3, 8),
        "l2_leaf_reg": FloatDistribution(0.5, 20.0, log=True),
    },
}
COSTS = {"lightgbm": 100.0, "xgboost": 100.0, "catboost": 500.0}
MODELS: dict[tuple[str, str], Any] = {
    ("lightgbm", "LGBMClassifier"): EarlyStoppedClassifier,
    ("lightgbm", "LGBMRegressor"): EarlyStoppedRegressor,
    ("xgboost", "XGBClassifier"): EarlyStoppedClassifier,
    ("xgboost", "XGBRegressor"): EarlyStoppedRegressor,
    ("catboost", "CatBoostClassifier"): EarlyStoppedClassifier,
    ("catboost", "CatBoostRegressor"): EarlyStoppedRegressor,
}


def boosted(
    library: str, model: str, random_state: int, patience: int | None = PATIENCE, **values: Any
) -> Any:
    """Import the library only when a pipeline uses it."""
    estimator = getattr(import_module(library), model)(
        random_state=random_state, **QUIET[library], **values
    )
    return MODELS[library, model](estimator, patience, random_state=random_state)


BOOSTING = tuple(
    Primitive(
        model,
        inputs=(NullableFeatures,),
        output=Prediction,
        build=partial(boosted, library, model),
        space=partial(boosting_space, SPACES[library], ROUNDS[library][1]),
        tasks=CLASSIFICATION if wrapper is EarlyStoppedClassifier else REGRESSION,
        library=library,
        cost=COSTS[library],
    )
    for (library, model), wrapper in MODELS.items()
)
