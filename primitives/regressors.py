"""Regressors: from features to numbers.

Models whose penalty or error margin is in units of the target are fitted on a standardised target,
so that one hyperparameter range serves every table.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    PoissonRegressor,
    Ridge,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR, LinearSVR
from sklearn.tree import DecisionTreeRegressor

from primitives.base import (
    OF_NUMBERS,
    Features,
    Kind,
    NullableFeatures,
    Prediction,
    Primitive,
    Space,
    Traits,
    always,
    columns_at_most,
    rows_at_most,
    target_never_negative,
    target_positive,
)
from primitives.classifiers import (
    GRADIENT_BOOSTING,
    hist_boosting_space,
    neighbours_space,
    perceptron_space,
)
from primitives.decomposition import below_columns
from primitives.early_stopping import PATIENCE, EarlyStoppedRegressor
from primitives.several_targets import OneForEachNumber
from primitives.transformers import AtMostColumns
from primitives.wrappers import RoutedAdaBoostRegressor

PENALTY = FloatDistribution(1e-5, 1.0, log=True)
"""Strength of the penalty of a model that is fitted on a standardised target."""

FOREST = {
    "n_estimators": IntDistribution(50, 300, log=True),
    "max_features": FloatDistribution(0.05, 1.0),
    "min_samples_leaf": IntDistribution(1, 20, log=True),
}
"""Hyperparameter space of forests."""


def on_standard_target(model: Any) -> TransformedTargetRegressor:
    """Return a regressor that is fitted on a target of mean 0 and standard deviation 1."""
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def lasso(alpha: float, random_state: int) -> TransformedTargetRegressor:
    """Return linear regression with an L1 penalty, on a standardised target."""
    return on_standard_target(Lasso(alpha=alpha, random_state=random_state))


def elastic_net(alpha: float, l1_ratio: float, random_state: int) -> TransformedTargetRegressor:
    """Return linear regression with an L1 and an L2 penalty, on a standardised target."""
    return on_standard_target(ElasticNet(alpha=alpha, l1_ratio=l1_ratio, random_state=random_state))


def huber(alpha: float, epsilon: float) -> TransformedTargetRegressor:
    """Return linear regression with the Huber loss, on a standardised target."""
    return on_standard_target(HuberRegressor(alpha=alpha, epsilon=epsilon, max_iter=300))


def sgd(random_state: int, **values: Any) -> TransformedTargetRegressor:
    """Return linear regression by stochastic gradient descent, on a standardised target."""
    return on_standard_target(SGDRegressor(random_state=random_state, **values))


def linear_svm(
    C: float, epsilon: float, loss: str, random_state: int
) -> TransformedTargetRegressor:
    """Return linear support vector regression, on a standardised target."""
    return on_standard_target(
        LinearSVR(C=C, epsilon=epsilon, loss=loss, dual="auto", random_state=random_state)
    )


def rbf_svm(C: float, epsilon: float, gamma: float) -> TransformedTargetRegressor:
    """Return support vector regression with a Gaussian kernel, on a standardised target."""
    return on_standard_target(SVR(C=C, epsilon=epsilon, gamma=gamma))


def gaussian_process(
    length_scale: float, nu: float, alpha: float, random_state: int
) -> GaussianProcessRegressor:
    """Return a Gaussian process with a Matern kernel, on a standardised target."""
    return GaussianProcessRegressor(
        Matern(length_scale=length_scale, nu=nu),
        alpha=alpha,
        normalize_y=True,
        random_state=random_state,
    )


def perceptron(
    layers: int, width: int, random_state: int, **values: Any
) -> TransformedTargetRegressor:
    """Return a multilayer perceptron with hidden layers of one width, on a standardised target."""
    return on_standard_target(
        MLPRegressor(hidden_layer_sizes=(width,) * layers, random_state=random_state, **values)
    )


def hist_boosting(
    random_state: int, patience: int | None = PATIENCE, **values: Any
) -> EarlyStoppedRegressor:
    """Return histogram boosting with early stopping."""
    # The wrapper stops early instead, because it then fits the model on all rows.
    model = HistGradientBoostingRegressor(early_stopping=False, random_state=random_state, **values)
    return EarlyStoppedRegressor(model, patience, random_state=random_state)


def ada_boost(
    n_estimators: int, learning_rate: float, loss: str, max_depth: int, random_state: int
) -> RoutedAdaBoostRegressor:
    """Return AdaBoost of decision trees."""
    return RoutedAdaBoostRegressor(
        DecisionTreeRegressor(max_depth=max_depth),
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        loss=loss,
        random_state=random_state,
    )


def kernel_ridge(alpha: float, gamma: float) -> TransformedTargetRegressor:
    """Return ridge regression with a Gaussian kernel, on a standardised target."""
    return on_standard_target(KernelRidge(alpha=alpha, kernel="rbf", gamma=gamma))


def partial_least_squares(n_components: int) -> AtMostColumns:
    """Return partial least squares with no more components than columns."""
    # The space allows as many components as the table has columns; selection may leave fewer.
    return AtMostColumns(PLSRegression(n_components=n_components))


def poisson(alpha: float) -> Pipeline:
    """Return Poisson regression on standardised features."""
    return make_pipeline(StandardScaler(), PoissonRegressor(alpha=alpha, max_iter=300))


def gamma_model(alpha: float) -> Pipeline:
    """Return Gamma regression on standardised features."""
    return make_pipeline(StandardScaler(), GammaRegressor(alpha=alpha, max_iter=300))


def tweedie(alpha: float, power: float) -> Pipeline:
    """Return Tweedie regression on standardised features."""
    return make_pipeline(StandardScaler(), TweedieRegressor(alpha=alpha, power=power, max_iter=300))


def pls_space(traits: Traits) -> Space:
    """Return the hyperparameter space of partial least squares for a table."""
    return {"n_components": below_columns(traits)}


def regressor(
    name: str,
    build: Any,
    space: Any,
    suits: Any = always,
    reads: type[Kind] = Features,
    cost: float = 1.0,
    *,
    is_joint: bool = False,
) -> Primitive:
    """Return the primitive of a regressor.

    Parameters
    ----------
    name, build, space, suits, cost
        Fields of the primitive.
    reads : kind
        Kind of its input.
    is_joint : bool, default=False
        True if one model learns several targets; otherwise each target has a model of its own.
    """
    return Primitive(
        name,
        (reads,),
        Prediction,
        build,
        space,
        OF_NUMBERS,
        suits=suits,
        cost=cost,
        build_for_several=None if is_joint else OneForEachNumber(build),
    )


REGRESSORS = (
    regressor("Ridge", Ridge, {"alpha": FloatDistribution(1e-4, 1e3, log=True)}, is_joint=True),
    regressor("Lasso", lasso, {"alpha": PENALTY}),
    regressor(
        "ElasticNet", elastic_net, {"alpha": PENALTY, "l1_ratio": FloatDistribution(0.05, 0.95)}
    ),
    regressor(
        "BayesianRidge",
        BayesianRidge,
        {
            "alpha_1": FloatDistribution(1e-8, 1e-2, log=True),
            "lambda_1": FloatDistribution(1e-8, 1e-2, log=True),
        },
    ),
    regressor(
        "ARDRegression",
        ARDRegression,
        {"threshold_lambda": FloatDistribution(1e2, 1e6, log=True)},
        partial(columns_at_most, 100),
    ),
    regressor(
        "HuberRegressor",
        huber,
        {"alpha": FloatDistribution(1e-6, 1.0, log=True), "epsilon": FloatDistribution(1.05, 3.0)},
        cost=20,
    ),
    regressor(
        "SGDRegressor",
        sgd,
        {
            "loss": CategoricalDistribution(("squared_error", "huber", "epsilon_insensitive")),
            "penalty": CategoricalDistribution(("l2", "l1", "elasticnet")),
            "alpha": FloatDistribution(1e-6, 1e-1, log=True),
            "average": CategoricalDistribution((False, True)),
        },
    ),
    regressor(
        "LinearSVR",
        linear_svm,
        {
            "C": FloatDistribution(1e-3, 30.0, log=True),
            "epsilon": FloatDistribution(1e-3, 0.5, log=True),
            "loss": CategoricalDistribution(("epsilon_insensitive", "squared_epsilon_insensitive")),
        },
    ),
    regressor(
        "SVR",
        rbf_svm,
        {
            "C": FloatDistribution(1e-2, 100.0, log=True),
            "epsilon": FloatDistribution(1e-3, 0.5, log=True),
            "gamma": FloatDistribution(1e-4, 1.0, log=True),
        },
        partial(rows_at_most, 10_000),
        cost=50,
    ),
    regressor("KNeighborsRegressor", KNeighborsRegressor, neighbours_space, is_joint=True),
    regressor(
        "DecisionTreeRegressor",
        DecisionTreeRegressor,
        {
            "max_depth": IntDistribution(1, 16, log=True),
            "min_samples_leaf": IntDistribution(1, 50, log=True),
        },
        reads=NullableFeatures,
        is_joint=True,
    ),
    regressor(
        "RandomForestRegressor",
        RandomForestRegressor,
        FOREST,
        reads=NullableFeatures,
        cost=100,
        is_joint=True,
    ),
    regressor(
        "ExtraTreesRegressor",
        ExtraTreesRegressor,
        FOREST,
        reads=NullableFeatures,
        cost=100,
        is_joint=True,
    ),
    regressor(
        "GradientBoostingRegressor",
        GradientBoostingRegressor,
        {
            **GRADIENT_BOOSTING,
            "loss": CategoricalDistribution(("squared_error", "huber", "absolute_error")),
        },
        partial(rows_at_most, 20_000),
        cost=100,
    ),
    regressor(
        "HistGradientBoostingRegressor",
        hist_boosting,
        hist_boosting_space,
        reads=NullableFeatures,
        cost=200,
    ),
    regressor(
        "AdaBoostRegressor",
        ada_boost,
        {
            "n_estimators": IntDistribution(20, 200, log=True),
            "learning_rate": FloatDistribution(0.01, 2.0, log=True),
            "loss": CategoricalDistribution(("linear", "square", "exponential")),
            "max_depth": IntDistribution(2, 10),
        },
        cost=200,
    ),
    regressor(
        "GaussianProcessRegressor",
        gaussian_process,
        {
            "length_scale": FloatDistribution(0.1, 30.0, log=True),
            "nu": CategoricalDistribution((0.5, 1.5, 2.5)),
            "alpha": FloatDistribution(1e-6, 1.0, log=True),
        },
        partial(rows_at_most, 1_000),
        cost=2_000,
    ),
    regressor("MLPRegressor", perceptron, perceptron_space, cost=2000, is_joint=True),
    regressor(
        "KernelRidge",
        kernel_ridge,
        {
            "alpha": FloatDistribution(1e-4, 10.0, log=True),
            "gamma": FloatDistribution(1e-4, 1.0, log=True),
        },
        partial(rows_at_most, 5_000),
        cost=200,
    ),
    regressor("PLSRegression", partial_least_squares, pls_space, is_joint=True),
    regressor(
        "PoissonRegressor",
        poisson,
        {"alpha": FloatDistribution(1e-6, 10.0, log=True)},
        target_never_negative,
        cost=200,
    ),
    regressor(
        "GammaRegressor",
        gamma_model,
        {"alpha": FloatDistribution(1e-6, 10.0, log=True)},
        target_positive,
        cost=100,
    ),
    regressor(
        "TweedieRegressor",
        tweedie,
        {"alpha": FloatDistribution(1e-6, 10.0, log=True), "power": FloatDistribution(1.05, 1.95)},
        target_never_negative,
        cost=500,
    ),
)
"""Primitives of regressors."""
