"""Scalers, bins, splines and polynomials: from features to features."""

from __future__ import annotations

from functools import partial

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

from primitives.base import Features, Primitive, Space, Traits, columns_at_most


def robust_scaler(tail: float) -> RobustScaler:
    """Return a scaler by quantiles that leave out `tail` percent of the values at each end."""
    return RobustScaler(quantile_range=(tail, 100.0 - tail))


def binarizer(threshold: float) -> Pipeline:
    """Return a binarizer; `threshold` is in standard deviations from the mean."""
    return make_pipeline(StandardScaler(), Binarizer(threshold=threshold))


def bins(n_bins: int, encode: str, strategy: str, random_state: int) -> KBinsDiscretizer:
    """Return a discretizer of each column into bins."""
    # The default depends on the version of scikit-learn, so that an exported file would too.
    return KBinsDiscretizer(
        n_bins=n_bins,
        encode=encode,
        strategy=strategy,
        quantile_method="inverted_cdf",
        random_state=random_state,
    )


def splines(n_knots: int, degree: int, extrapolation: str) -> SplineTransformer:
    """Return B-splines of each column, with knots at its quantiles."""
    return SplineTransformer(
        n_knots=n_knots, degree=degree, knots="quantile", extrapolation=extrapolation
    )


def polynomials(interaction_only: bool) -> PolynomialFeatures:
    """Return the columns and their products, with squares unless `interaction_only`."""
    return PolynomialFeatures(degree=2, interaction_only=interaction_only, include_bias=False)


def quantile_space(traits: Traits) -> Space:
    """Return the hyperparameter space of quantile transformation for a table."""
    return {
        "n_quantiles": IntDistribution(10, max(10, min(1_000, traits.rows)), log=True),
        "output_distribution": CategoricalDistribution(("uniform", "normal")),
    }


SCALERS = (
    Primitive("StandardScaler", (Features,), Features, StandardScaler),
    Primitive("MinMaxScaler", (Features,), Features, MinMaxScaler),
    Primitive("MaxAbsScaler", (Features,), Features, MaxAbsScaler),
    Primitive(
        "RobustScaler", (Features,), Features, robust_scaler, {"tail": FloatDistribution(1.0, 25.0)}
    ),
    Primitive("QuantileTransformer", (Features,), Features, QuantileTransformer, quantile_space),
    Primitive("PowerTransformer", (Features,), Features, PowerTransformer, cost=20),
    Primitive(
        "Normalizer",
        (Features,),
        Features,
        Normalizer,
        {"norm": CategoricalDistribution(("l1", "l2", "max"))},
    ),
)
"""Primitives that scale features."""

EXPANSIONS = (
    Primitive(
        "Binarizer", (Features,), Features, binarizer, {"threshold": FloatDistribution(-1.5, 1.5)}
    ),
    Primitive(
        "Bins",
        (Features,),
        Features,
        bins,
        {
            "n_bins": IntDistribution(2, 20, log=True),
            "encode": CategoricalDistribution(("ordinal", "onehot-dense")),
            "strategy": CategoricalDistribution(("uniform", "quantile")),
        },
    ),
    Primitive(
        "Splines",
        (Features,),
        Features,
        splines,
        {
            "n_knots": IntDistribution(3, 8),
            "degree": IntDistribution(1, 3),
            "extrapolation": CategoricalDistribution(("constant", "linear")),
        },
        suits=partial(columns_at_most, 200),
    ),
    Primitive(
        "Polynomials",
        (Features,),
        Features,
        polynomials,
        {"interaction_only": CategoricalDistribution((False, True))},
        suits=partial(columns_at_most, 20),
    ),
)
"""Primitives that cut features into bins, or replace them by functions of them."""
