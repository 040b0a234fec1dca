"""Primitives that join branches of a pipeline, or transform the target of a model."""

from __future__ import annotations

from typing import Any

from optuna.distributions import IntDistribution
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import QuantileTransformer

from primitives.base import (
    CLASSIFICATION,
    ONE_TARGET,
    REGRESSION,
    Features,
    Prediction,
    Primitive,
    Space,
    Traits,
    may_split,
    target_never_negative,
)
from primitives.transformers import BoundedLog, OutOfFoldPredictions


def union(*branches: Any) -> FeatureUnion:
    """Return the features of several branches side by side."""
    return FeatureUnion([(f"branch{number}", branch) for number, branch in enumerate(branches, 1)])


def stack(model: Any, features: Any, random_state: int) -> FeatureUnion:
    """Return features with the out-of-fold predictions of a model beside them."""
    return FeatureUnion(
        [
            ("features", features),
            ("predictions", OutOfFoldPredictions(model, random_state=random_state)),
        ]
    )


def soft_vote(*models: Any) -> VotingClassifier:
    """Return a classifier that averages the probabilities of several models."""
    return VotingClassifier(
        [(f"model{number}", model) for number, model in enumerate(models, 1)], voting="soft"
    )


def average(*models: Any) -> VotingRegressor:
    """Return a regressor that averages the predictions of several models."""
    return VotingRegressor([(f"model{number}", model) for number, model in enumerate(models, 1)])


def log_target(model: Any) -> TransformedTargetRegressor:
    """Return a model that is fitted on the logarithm of the target."""
    return TransformedTargetRegressor(model, transformer=BoundedLog(), check_inverse=False)


def quantile_target(model: Any, n_quantiles: int, random_state: int) -> TransformedTargetRegressor:
    """Return a model that is fitted on the target mapped to a normal distribution."""
    transformer = QuantileTransformer(
        n_quantiles=n_quantiles, output_distribution="normal", random_state=random_state
    )
    return TransformedTargetRegressor(model, transformer=transformer, check_inverse=False)


def quantile_target_space(traits: Traits) -> Space:
    """Return the hyperparameter space of `quantile_target` for a table."""
    return {"n_quantiles": IntDistribution(10, max(10, min(1_000, traits.rows // 2)), log=True)}


CONSTRUCTION = (
    Primitive("Union", (Features, Features), Features, union, commutative=True, associative=True),
    Primitive(
        "Stack",
        (Prediction, Features),
        Features,
        stack,
        {},
        ONE_TARGET,
        suits=may_split,
        cross_fits=True,
    ),
    Primitive(
        "SoftVote",
        (Prediction, Prediction),
        Prediction,
        soft_vote,
        {},
        CLASSIFICATION,
        commutative=True,
    ),
    Primitive(
        "Average", (Prediction, Prediction), Prediction, average, {}, REGRESSION, commutative=True
    ),
    Primitive(
        "LogTarget",
        (Prediction,),
        Prediction,
        log_target,
        {},
        REGRESSION,
        suits=target_never_negative,
    ),
    Primitive(
        "QuantileTarget",
        (Prediction,),
        Prediction,
        quantile_target,
        quantile_target_space,
        REGRESSION,
    ),
)
"""Primitives that join branches or transform the target."""
