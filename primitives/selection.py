"""Selection: from features to some of them, always at least one."""

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
ALPHA = {"alpha": FloatDistribution(1e-4, 0.2, log=True)}
FROM_TREES = {
    "threshold": CategoricalDistribution(("0.1*mean", "0.5*mean", "median", "mean")),
    "max_features": FloatDistribution(0.1, 1.0),
}
SHARE = {"share": FloatDistribution(0.1, 0.9)}


def percentile_classif_mutual_info(percentile: float, random_state: int) -> SelectPercentile:
    return SelectPercentile(
        partial(mutual_info_classif, random_state=random_state), percentile=percentile
    )


def percentile_regression_mutual_info(percentile: float, random_state: int) -> SelectPercentile:
    return SelectPercentile(
        partial(mutual_info_regression, random_state=random_state), percentile=percentile
    )


def from_trees_classif(threshold: str, max_features: float, random_state: int) -> SelectFromModel:
    trees = ExtraTreesClassifier(
        n_estimators=30, max_features=max_features, random_state=random_state
    )
    return SelectFromModel(trees, threshold=threshold)


def from_trees_regression(
    threshold: str, max_features: float, random_state: int
) -> SelectFromModel:
    trees = ExtraTreesRegressor(
        n_estimators=30, max_features=max_features, random_state=random_state
    )
    return SelectFromModel(trees, threshold=threshold)


def from_l1_classif(C: float, random_state: int) -> SelectFromModel:
    model = LinearSVC(penalty="l1", C=C, dual=False, random_state=random_state)
    return SelectFromModel(model, threshold="0.1*mean")


def from_l1_regression(alpha: float, random_state: int) -> SelectFromModel:
    """A lasso on the standardised target, so that one range of `alpha` serves all targets."""
    lasso = TransformedTargetRegressor(
        Lasso(alpha=alpha, random_state=random_state), transformer=StandardScaler()
    )
    return SelectFromModel(lasso, threshold="0.1*mean", importance_getter="regressor_.coef_")


def elimination_classif(share: float, random_state: int) -> RFE:
    trees = ExtraTreesClassifier(n_estimators=30, random_state=random_state)
    return RFE(trees, n_features_to_select=share, step=0.3)


def elimination_regression(share: float, random_state: int) -> RFE:
    trees = ExtraTreesRegressor(n_estimators=30, random_state=random_state)
    return RFE(trees, n_features_to_select=share, step=0.3)


def small(traits: Traits) -> bool:
    """Mutual information costs a nearest-neighbour search for every column."""
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
