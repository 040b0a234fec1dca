"""Decomposition, projections and kernel maps: from features to other coordinates."""

from __future__ import annotations

from functools import partial

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import NMF, PCA, FastICA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from primitives.base import CLASSIFICATION, Features, Primitive, Space, Traits, rows_at_most
from primitives.transformers import AtMostColumns


def below_columns(traits: Traits) -> IntDistribution:
    """Return the range of a number of components for a table.

    The most components are the least of: one fewer than the columns, a quarter of the rows, 100.
    """
    return IntDistribution(1, max(1, min(100, traits.columns - 1, traits.rows // 4)), log=True)


def components_space(traits: Traits) -> Space:
    """Return the hyperparameter space of linear decompositions for a table."""
    return {"n_components": below_columns(traits)}


def basis_space(traits: Traits) -> Space:
    """Return the hyperparameter space of kernel approximations for a table.

    The most components are a quarter of the rows, within 5 and 300, whatever the columns.
    """
    return {
        "n_components": IntDistribution(5, max(5, min(300, traits.rows // 4)), log=True),
        "gamma": GAMMA,
    }


def kernel_pca_space(traits: Traits) -> Space:
    """Return the hyperparameter space of kernel PCA for a table."""
    return {
        "n_components": IntDistribution(2, max(2, min(100, traits.rows // 4)), log=True),
        "kernel": CategoricalDistribution(("rbf", "cosine", "poly")),
        "gamma": GAMMA,
    }


def agglomeration_space(traits: Traits) -> Space:
    """Return the hyperparameter space of feature agglomeration for a table."""
    return {
        "n_clusters": below_columns(traits),
        "linkage": CategoricalDistribution(("ward", "average", "complete")),
    }


GAMMA: BaseDistribution = FloatDistribution(1e-4, 1.0, log=True)
"""Coefficient of a kernel; a larger one makes a Gaussian kernel narrower."""


def pca(variance: float, whiten: bool) -> PCA:
    """Return PCA with as many components as explain a share of the variance."""
    return PCA(n_components=variance, whiten=whiten, svd_solver="full")


def truncated_svd(n_components: int, random_state: int) -> AtMostColumns:
    """Return a truncated singular value decomposition."""
    # The space allows as many components as the table has columns; selection may leave fewer.
    return AtMostColumns(TruncatedSVD(n_components=n_components, random_state=random_state))


def ica(n_components: int, random_state: int) -> FastICA:
    """Return independent component analysis."""
    return FastICA(n_components=n_components, whiten="unit-variance", random_state=random_state)


def nmf(n_components: int, random_state: int) -> Pipeline:
    """Return non-negative matrix factorisation of features that are scaled to [0, 1]."""
    # Rows to transform may lie below the range seen in `fit`, and NMF refuses negative values.
    return make_pipeline(
        MinMaxScaler(clip=True), NMF(n_components=n_components, random_state=random_state)
    )


def agglomeration(n_clusters: int, linkage: str) -> AtMostColumns:
    """Return clusters of similar columns, each replaced by its mean."""
    return AtMostColumns(FeatureAgglomeration(n_clusters=n_clusters, linkage=linkage), "n_clusters")


def gaussian_projection(n_components: int, random_state: int) -> GaussianRandomProjection:
    """Return a projection on Gaussian random directions."""
    return GaussianRandomProjection(n_components=n_components, random_state=random_state)


def sparse_projection(n_components: int, random_state: int) -> SparseRandomProjection:
    """Return a projection on sparse random directions."""
    return SparseRandomProjection(
        n_components=n_components, dense_output=True, random_state=random_state
    )


def trees_embedding(n_estimators: int, max_depth: int, random_state: int) -> RandomTreesEmbedding:
    """Return indicators of the leaves of random trees."""
    return RandomTreesEmbedding(
        n_estimators=n_estimators,
        max_depth=max_depth,
        sparse_output=False,
        random_state=random_state,
    )


def discriminant(shrinkage: float) -> LinearDiscriminantAnalysis:
    """Return the projection of linear discriminant analysis."""
    # This is the only solver that supports both shrinkage and `transform`.
    return LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage)


def several_columns(traits: Traits) -> bool:
    """Return True if a table has at least three columns."""
    return traits.columns >= 3


DECOMPOSITION = (
    Primitive(
        "PCA",
        (Features,),
        Features,
        pca,
        {
            "variance": FloatDistribution(0.5, 0.999),
            "whiten": CategoricalDistribution((False, True)),
        },
        suits=several_columns,
    ),
    Primitive(
        "TruncatedSVD",
        (Features,),
        Features,
        truncated_svd,
        components_space,
        suits=several_columns,
    ),
    Primitive("FastICA", (Features,), Features, ica, components_space, suits=several_columns),
    Primitive("NMF", (Features,), Features, nmf, components_space, suits=several_columns, cost=20),
    Primitive(
        "KernelPCA",
        (Features,),
        Features,
        KernelPCA,
        kernel_pca_space,
        suits=partial(rows_at_most, 2_000),
        cost=200,
    ),
    Primitive(
        "FeatureAgglomeration",
        (Features,),
        Features,
        agglomeration,
        agglomeration_space,
        suits=several_columns,
    ),
    Primitive("Nystroem", (Features,), Features, Nystroem, basis_space),
    Primitive("RBFSampler", (Features,), Features, RBFSampler, basis_space),
    Primitive(
        "GaussianRandomProjection",
        (Features,),
        Features,
        gaussian_projection,
        components_space,
        suits=several_columns,
    ),
    Primitive(
        "SparseRandomProjection",
        (Features,),
        Features,
        sparse_projection,
        components_space,
        suits=several_columns,
    ),
    Primitive(
        "RandomTreesEmbedding",
        (Features,),
        Features,
        trees_embedding,
        {"n_estimators": IntDistribution(10, 50, log=True), "max_depth": IntDistribution(2, 4)},
    ),
    Primitive(
        "DiscriminantAxes",
        (Features,),
        Features,
        discriminant,
        {"shrinkage": FloatDistribution(1e-4, 1.0, log=True)},
        CLASSIFICATION,
    ),
)
"""Primitives that replace features with other coordinates."""
