"""Sparse tables: a matrix of many columns, most of them 0, as one column of rows.

A DataFrame with a column for each of 100,000 features would be slow, and dense ones would not fit
into memory. So the matrix is one column of a DataFrame, which can be divided by rows as any other.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype
from scipy.sparse import csr_matrix, issparse, vstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.pipeline import FeatureUnion, Pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler
from sklearn.utils.validation import check_is_fitted

from primitives.text import NonEmptyColumns, RidgeTargetEncoder, SparsePipeline
from primitives.transformers import AtMostColumns

MATRIX = "matrix"
"""Name of the column that holds a sparse matrix."""


class SparseRowsType(ExtensionDtype):
    """Type of a column that holds the rows of a sparse matrix."""

    name = "sparse rows"
    type = csr_matrix
    na_value = None

    @classmethod
    def construct_array_type(cls):
        """Return the class of the arrays."""
        return SparseRows


class SparseRows(ExtensionArray):
    """Column of a DataFrame that holds the rows of a sparse matrix.

    Parameters
    ----------
    matrix : csr_matrix of shape (n_samples, n_features)
        Matrix without repeated places, its columns in order in each row.
    """

    dtype = SparseRowsType()

    def __init__(self, matrix):
        self.matrix = matrix

    @classmethod
    def _from_sequence(cls, scalars, *, dtype=None, copy=False):
        return scalars if isinstance(scalars, cls) else cls(vstack(list(scalars), format="csr"))

    @classmethod
    def _concat_same_type(cls, to_concat):
        return cls(vstack([one.matrix for one in to_concat], format="csr"))

    def __len__(self):
        return self.matrix.shape[0]

    def __getitem__(self, item):
        item = pd.api.indexers.check_array_indexer(self, item)
        rows = self.matrix[item]
        return rows if isinstance(item, int | np.integer) else type(self)(rows)

    def __eq__(self, other):
        if not isinstance(other, SparseRows):
            return np.zeros(len(self), bool)
        return np.asarray((self.matrix != other.matrix).sum(axis=1)).ravel() == 0

    @property
    def nbytes(self):
        """Bytes of the values and of their places."""
        return sum(one.nbytes for one in (self.matrix.data, self.matrix.indices))

    def isna(self):
        """Return that no row is missing."""
        return np.zeros(len(self), bool)

    def take(self, indices, *, allow_fill=False, fill_value=None):
        """Return some rows; those that a fill value would replace are 0."""
        indices = np.asarray(indices)
        if not allow_fill or not (indices < 0).any():
            return type(self)(self.matrix[indices])
        empty = csr_matrix((1, self.matrix.shape[1]), dtype=self.matrix.dtype)
        return type(self)(vstack([self.matrix, empty], format="csr")[indices])

    def copy(self):
        """Return a column with a copy of the matrix."""
        return type(self)(self.matrix.copy())

    def _hash_pandas_object(self, *, encoding, hash_key, categorize):
        values = self.matrix.data.astype(np.float64), self.matrix.indices.astype(np.int64)
        hashed = [pd.util.hash_array(one) for one in values]
        mixed = np.append(np.uint64(0), np.cumsum(hashed[0] * (hashed[1] | np.uint64(1))))
        return mixed[self.matrix.indptr[1:]] - mixed[self.matrix.indptr[:-1]]


def as_sparse_frame(X):
    """Return a matrix of any kind as a DataFrame with one column of its rows.

    Raises
    ------
    ValueError
        If a value is missing or infinite: which of the others are missing cannot be told.
    """
    if isinstance(X, pd.DataFrame) and list(X.dtypes) == [SparseRows.dtype]:
        return X
    index = X.index if isinstance(X, pd.DataFrame) else None
    matrix = csr_matrix(X if issparse(X) else np.asarray(X), dtype=np.float64, copy=True)
    if not np.isfinite(matrix.data).all():
        raise ValueError("A sparse matrix must have finite values, got NaN or infinity.")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return pd.DataFrame({MATRIX: pd.Series(SparseRows(matrix), index)})


def matrix_of(X):
    """Return the sparse matrix that a DataFrame holds; None if it is another table."""
    rows = X.iloc[:, 0].array if X.shape[1] == 1 else None
    return rows.matrix if isinstance(rows, SparseRows) else None


class SparseTable(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Transformer of a sparse matrix into a DataFrame with one column of its rows.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the matrix.
    """

    def fit(self, X, y=None):
        self.n_features_in_ = matrix_of(as_sparse_frame(X)).shape[1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        table = as_sparse_frame(X)
        n_columns = matrix_of(table).shape[1]
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"X has {n_columns} features, but SparseTable is expecting {self.n_features_in_}"
                " features as input."
            )
        return table

    def set_output(self, *, transform=None):
        """Return the transformer: it gives a DataFrame, as the next step selects by type."""
        return self

    def get_feature_names_out(self, input_features=None):
        return np.array([MATRIX], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def sparse_columns(X):
    """Return the name of the column that holds a sparse matrix, in a list."""
    return [] if matrix_of(X) is None else list(X.columns)


def read_sparse(alpha: float, scaled: bool, target_type: str, random_state: int) -> Pipeline:
    """Return a transformer of a sparse matrix into predictions of the target, out of fold.

    Parameters
    ----------
    alpha : float
        Penalty of the ridge regression of the target on the columns.
    scaled : bool
        True to divide each column by its largest absolute value.
    target_type : {"continuous", "binary", "multiclass"}
    random_state : int
    """
    return _pipeline(scaled, RidgeTargetEncoder(alpha, target_type, random_state))


def sparse_topics(n_components: int, scaled: bool, random_state: int) -> Pipeline:
    """Return a transformer of a sparse matrix into its first components.

    They are those of latent semantic analysis (Deerwester et al. 1990).

    Parameters
    ----------
    n_components : int
    scaled : bool
        True to divide each column by its largest absolute value.
    random_state : int
    """
    svd = AtMostColumns(TruncatedSVD(n_components, random_state=random_state))
    return _pipeline(scaled, svd)


def read_sparse_and_topics(
    alpha: float, n_components: int, scaled: bool, target_type: str, random_state: int
) -> FeatureUnion:
    """Return a transformer of a sparse matrix into predictions of the target, and components."""
    return make_union(
        read_sparse(alpha, scaled, target_type, random_state),
        sparse_topics(n_components, scaled, random_state),
    )


def _pipeline(scaled: bool, last: BaseEstimator) -> Pipeline:
    """Return the steps from a column of rows to features."""
    scaler = [("scaling", MaxAbsScaler())] if scaled else []
    return SparsePipeline(
        [
            ("matrix", FunctionTransformer(matrix_of)),
            ("columns", NonEmptyColumns()),
            *scaler,
            ("features", last),
        ]
    )
