"""Feature selection: from features to some of them."""

from __future__ import annotations

from functools import partial

from optuna.distributions import CategoricalDistribution, FloatDistribution
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectPercentile,
    VarianceThreshold,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from primitives.base import CLASSIFICATION, REGRESSION, Features, Primitive, Traits
from primitives.transformers import BestFamilyWise

PERCENTILE = {"percentile": FloatDistribution(5.0, 95.0)}
"""Hyperparameter space of selection by rank."""

ALPHA = {"alpha": FloatDistribution(1e-4, 0.2, log=True)}
"""Hyperparameter space of selection by a test: the family-wise error rate."""

FROM_TREES = {
    "threshold": CategoricalDistribution(("0.1*mean", "0.5*mean", "median", "mean")),
    "max_features": FloatDistribution(0.1, 1.0),
}
"""Hyperparameter space of selection by the importances of trees."""

SHARE = {"share": FloatDistribution(0.1, 0.9)}
"""Hyperparameter space of recursive elimination: the share of the columns that is kept."""


def percentile_classif_mutual_info(percentile: float, random_state: int) -> SelectPercentile:
    """Return selection by mutual information with classes."""
    return SelectPercentile(
        partial(mutual_info_classif, random_state=random_state), percentile=percentile
    )


def percentile_regression_mutual_info(percentile: float, random_state: int) -> SelectPercentile:
    """Return selection by mutual information with a numeric target."""
    return SelectPercentile(
        partial(mutual_info_regression, random_state=random_state), percentile=percentile
    )


def from_trees_classif(threshold: str, max_features: float, random_state: int) -> SelectFromModel:
    """Return selection by the importances of a small forest of classification trees."""
    trees = ExtraTreesClassifier(
        n_estimators=30, max_features=max_features, random_state=random_state
    )
    return SelectFromModel(trees, threshold=threshold)


def from_trees_regression(
    threshold: str, max_features: float, random_state: int
) -> SelectFromModel:
    """Return selection by the importances of a small forest of regression trees."""
    trees = ExtraTreesRegressor(
        n_estimators=30, max_features=max_features, random_state=random_state
    )
    return SelectFromModel(trees, threshold=threshold)


def from_l1_classif(C: float, random_state: int) -> SelectFromModel:
    """Return selection by a linear support vector machine with an L1 penalty."""
    model = LinearSVC(penalty="l1", C=C, dual=False, random_state=random_state)
    # A threshold relative to the mean keeps all columns if every coefficient is 0; a fixed one
    # would keep none.
    return SelectFromModel(model, threshold="0.1*mean")


def from_l1_regression(alpha: float, random_state: int) -> SelectFromModel:
    """Return selection by linear regression with an L1 penalty."""
    # The target is standardised, so that one range of `alpha` serves every table.
    lasso = TransformedTargetRegressor(
        Lasso(alpha=alpha, random_state=random_state), transformer=StandardScaler()
    )
    return SelectFromModel(lasso, threshold="0.1*mean", importance_getter="regressor_.coef_")


def elimination_classif(share: float, random_state: int) -> RFE:
    """Return recursive elimination of the columns that classification trees use least."""
    trees = ExtraTreesClassifier(n_estimators=30, random_state=random_state)
    return RFE(trees, n_features_to_select=share, step=0.3)


def elimination_regression(share: float, random_state: int) -> RFE:
    """Return recursive elimination of the columns that regression trees use least."""
    trees = ExtraTreesRegressor(n_estimators=30, random_state=random_state)
    return RFE(trees, n_features_to_select=share, step=0.3)


def small(traits: Traits) -> bool:
    """Return True if a table is small enough for mutual information."""
    # Mutual information takes a nearest-neighbour search for every column.
    return traits.rows * traits.columns <= 500_000


SELECTION = (
    Primitive("VarianceThreshold", (Features,), Features, VarianceThreshold),
    Primitive(
        "SelectPercentileFClassif",
        (Features,),
        Features,
        partial(SelectPercentile, f_classif),
        PERCENTILE,
        CLASSIFICATION,
    ),
    Primitive(
        "SelectPercentileFRegression",
        (Features,),
        Features,
        partial(SelectPercentile, f_regression),
        PERCENTILE,
        REGRESSION,
    ),
    Primitive(
        "SelectPercentileMutualInfoClassif",
        (Features,),
        Features,
        percentile_classif_mutual_info,
        PERCENTILE,
        CLASSIFICATION,
        suits=small,
        cost=100,
    ),
    Primitive(
        "SelectPercentileMutualInfoRegression",
        (Features,),
        Features,
        percentile_regression_mutual_info,
        PERCENTILE,
        REGRESSION,
        suits=small,
        cost=50,
    ),
    Primitive(
        "SelectFweFClassif",
        (Features,),
        Features,
        partial(BestFamilyWise, f_classif),
        ALPHA,
        CLASSIFICATION,
    ),
    Primitive(
        "SelectFweFRegression",
        (Features,),
        Features,
        partial(BestFamilyWise, f_regression),
        ALPHA,
        REGRESSION,
    ),
    Primitive(
        "SelectFromTreesClassif",
        (Features,),
        Features,
        from_trees_classif,
        FROM_TREES,
        CLASSIFICATION,
        cost=50,
    ),
    Primitive(
        "SelectFromTreesRegression",
        (Features,),
        Features,
        from_trees_regression,
        FROM_TREES,
        REGRESSION,
        cost=50,
    ),
    Primitive(
        "SelectFromL1Classif",
        (Features,),
        Features,
        from_l1_classif,
        {"C": FloatDistribution(1e-2, 10.0, log=True)},
        CLASSIFICATION,
        cost=200,
    ),
    Primitive(
        "SelectFromL1Regression",
        (Features,),
        Features,
        from_l1_regression,
        {"alpha": FloatDistribution(1e-3, 0.3, log=True)},
        REGRESSION,
    ),
    Primitive(
        "EliminationClassif",
        (Features,),
        Features,
        elimination_classif,
        SHARE,
        CLASSIFICATION,
        cost=100,
    ),
    Primitive(
        "EliminationRegression",
        (Features,),
        Features,
        elimination_regression,
        SHARE,
        REGRESSION,
        cost=100,
    ),
)
"""Primitives that select features."""
