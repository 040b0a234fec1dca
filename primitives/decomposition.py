"""Decomposition and kernels: from features to other coordinates."""

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
    """A number of components below the number of columns, and of rows."""
    return IntDistribution(1, max(1, min(100, traits.columns - 1, traits.rows // 4)), log=True)


def components_space(traits: Traits) -> Space:
    return {"n_components": below_columns(traits)}


def basis_space(traits: Traits) -> Space:
    """Kernel maps may have more components than there are columns, but not than there are rows."""
    return {
        "n_components": IntDistribution(5, max(5, min(300, traits.rows // 4)), log=True),
        "gamma": GAMMA,
    }


def kernel_pca_space(traits: Traits) -> Space:
    return {
        "n_components": IntDistribution(2, max(2, min(100, traits.rows // 4)), log=True),
        "kernel": CategoricalDistribution(("rbf", "cosine", "poly")),
        "gamma": GAMMA,
    }


def agglomeration_space(traits: Traits) -> Space:
    return {
        "n_clusters": below_columns(traits),
        "linkage": CategoricalDistribution(("ward", "average", "complete")),
    }


GAMMA: BaseDistribution = FloatDistribution(1e-4, 1.0, log=True)


def pca(variance: float, whiten: bool) -> PCA:
    return PCA(n_components=variance, whiten=whiten, svd_solver="full")


def truncated_svd(n_components: int, random_state: int) -> AtMostColumns:
    return AtMostColumns(TruncatedSVD(n_components=n_components, random_state=random_state))


def ica(n_components: int, random_state: int) -> FastICA:
    return FastICA(n_components=n_components, whiten="unit-variance", random_state=random_state)


def nmf(n_components: int, random_state: int) -> Pipeline:
    """Non-negative by way of its input: new rows are clipped to the range seen in fit."""
    return make_pipeline(
        MinMaxScaler(clip=True), NMF(n_components=n_components, random_state=random_state)
    )


def agglomeration(n_clusters: int, linkage: str) -> AtMostColumns:
    return AtMostColumns(FeatureAgglomeration(n_clusters=n_clusters, linkage=linkage), "n_clusters")


def gaussian_projection(n_components: int, random_state: int) -> GaussianRandomProjection:
    return GaussianRandomProjection(n_components=n_components, random_state=random_state)


def sparse_projection(n_components: int, random_state: int) -> SparseRandomProjection:
    return SparseRandomProjection(
        n_components=n_components, dense_output=True, random_state=random_state
    )


def trees_embedding(n_estimators: int, max_depth: int, random_state: int) -> RandomTreesEmbedding:
    return RandomTreesEmbedding(
        n_estimators=n_estimators,
        max_depth=max_depth,
        sparse_output=False,
        random_state=random_state,
    )


def discriminant(shrinkage: float) -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage)


def several_columns(traits: Traits) -> bool:
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
