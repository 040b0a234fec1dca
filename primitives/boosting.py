"""Boosted trees of LightGBM, XGBoost and CatBoost, fitted on one thread.

Where rows may be set aside, early stopping inside `fit` finds the number of rounds. A library is
imported only by a pipeline that uses it.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from primitives.base import (
    CLASSIFICATION,
    OF_CLASSES,
    OF_NUMBERS,
    NullableFeatures,
    Prediction,
    Primitive,
    Space,
    Traits,
)
from primitives.classifiers import boosting_space
from primitives.early_stopping import (
    PATIENCE,
    ROUNDS,
    EarlyStoppedClassifier,
    EarlyStoppedRegressor,
)
from primitives.several_targets import OneForEachLabel, OneForEachNumber

QUIET: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "n_jobs": 1,
        "verbosity": -1,
        "deterministic": True,
        # By default LightGBM takes the faster of two memory layouts, so results could differ.
        "force_row_wise": True,
        # At its default of 0, LightGBM ignores `subsample`.
        "subsample_freq": 1,
    },
    "xgboost": {"n_jobs": 1, "verbosity": 0, "tree_method": "hist"},
    "catboost": {"thread_count": 1, "verbose": False, "allow_writing_files": False},
}
"""Arguments for one thread, reproducible fits and no output, by library."""

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
"""Hyperparameter spaces, by library; early stopping may use fewer rounds than a space gives."""

WEIGHTS: dict[str, Space] = {
    "lightgbm": {"class_weight": CategoricalDistribution((None, "balanced"))},
    "catboost": {"auto_class_weights": CategoricalDistribution((None, "Balanced"))},
}
"""Weights of the classes by library: equal, or inverse to their frequencies. XGBoost has none."""

UNBALANCED = 0.4
"""Rarity of a class below which weights are tried: a fifth of the rows for two classes.

Weights make probabilities differ from the frequencies of the classes. That costs log loss, so they
are no choice where they gain little.
"""

COSTS = {"lightgbm": 100.0, "xgboost": 100.0, "catboost": 500.0}
"""Milliseconds to fit about 2,000 rows, by library."""

MODELS: dict[tuple[str, str], Any] = {
    ("lightgbm", "LGBMClassifier"): EarlyStoppedClassifier,
    ("lightgbm", "LGBMRegressor"): EarlyStoppedRegressor,
    ("xgboost", "XGBClassifier"): EarlyStoppedClassifier,
    ("xgboost", "XGBRegressor"): EarlyStoppedRegressor,
    ("catboost", "CatBoostClassifier"): EarlyStoppedClassifier,
    ("catboost", "CatBoostRegressor"): EarlyStoppedRegressor,
}
"""Wrapper that adds early stopping, by library and class name."""

SEVERAL = {EarlyStoppedClassifier: OneForEachLabel, EarlyStoppedRegressor: OneForEachNumber}
"""Kind of the function that builds a model for several targets, by the wrapper of the model."""


def space_for(library: str, traits: Traits) -> Space:
    """Return the hyperparameter space of a library for a table, with weights for rare classes."""
    is_unbalanced = traits.task in CLASSIFICATION and traits.rarity < UNBALANCED
    weights = WEIGHTS.get(library, {}) if is_unbalanced else {}
    return boosting_space({**SPACES[library], **weights}, ROUNDS[library][1], traits)


def boosted(
    library: str, model: str, random_state: int, patience: int | None = PATIENCE, **values: Any
) -> Any:
    """Return an unfitted boosted model with early stopping.

    Parameters
    ----------
    library, model : str
        Keys of `MODELS`.
    random_state : int
    patience : int or None, default=30
        Rounds without a better held-out loss after which fitting stops; None for no early
        stopping.
    **values : Any
        Hyperparameters of the model.

    Raises
    ------
    ImportError
        If the library is not installed.
    """
    # Imported by name only here, because the library is optional and slow to load.
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
        space=partial(space_for, library),
        tasks=OF_CLASSES if wrapper is EarlyStoppedClassifier else OF_NUMBERS,
        library=library,
        cost=COSTS[library],
        build_for_several=SEVERAL[wrapper](boosted, library, model),
    )
    for (library, model), wrapper in MODELS.items()
)
"""Primitives of the optional boosting libraries."""
