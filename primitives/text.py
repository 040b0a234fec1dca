"""Texts: from columns of sentences to what they say of the target.

As in `primitives.transformers`, an exported pipeline carries the source of what is our own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from primitives.transformers import AtMostColumns

N_GRAMS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "characters": {"ngram_range": (3, 4), "analyzer": "char_wb"},
}
"""What texts are cut into: words and pairs of them, or sequences of letters within words."""

HASHES = 2**18
"""Columns that n-grams are hashed into: no vocabulary to keep, however long the texts."""


def read_texts(
    n_grams: str,
    random_state: int,
    alpha: float = 1.0,
    target_type: str = "continuous",
    n_components: int | None = None,
) -> Pipeline:
    """Return what makes columns of texts: of what they say of the target, out of fold, or where a
    number of components is given, of what they are about (latent semantic analysis, Deerwester et
    al. 1990)."""
    hashing = HashingVectorizer(
        n_features=HASHES, alternate_sign=False, norm=None, **N_GRAMS[n_grams]
    )
    encoder: Any
    if n_components is None:
        encoder = RidgeTargetEncoder(alpha, target_type, random_state)
    else:
        encoder = AtMostColumns(TruncatedSVD(n_components, random_state=random_state))
    return make_pipeline(
        FunctionTransformer(joined_texts),
        hashing,
        NonEmptyColumns(),
        TfidfTransformer(sublinear_tf=True),
        encoder,
    )


def joined_texts(X):
    """Return one text for each row: those of its columns, one after the other."""
    columns = [X[name].astype(object).where(X[name].notna(), "") for name in X.columns]
    return [" ".join(row) for row in zip(*columns, strict=True)]


class NonEmptyColumns(TransformerMixin, BaseEstimator):
    """Keep the columns of a sparse matrix that have a value in some row.

    Of as many as n-grams are hashed into, few have.

    Attributes
    ----------
    columns_ : ndarray of int
        Those that are kept.
    """

    def fit(self, X, y=None):
        self.columns_ = np.flatnonzero(X.getnnz(axis=0))
        return self

    def transform(self, X):
        check_is_fitted(self)
        return X[:, self.columns_]


class RidgeTargetEncoder(TransformerMixin, BaseEstimator):
    """Target encoding of many sparse columns: what a ridge regression makes of them.

    The rows it is fitted on get predictions of models that have not seen them; new rows get those
    of a model fitted on all. Numbers are predicted as they are, classes as an indicator of each but
    the first (Hoerl and Kennard 1970; out of fold as in `sklearn.preprocessing.TargetEncoder`).

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty.
    target_type : {"continuous", "binary", "multiclass"}, default="continuous"
    random_state : int, default=None
        Seed of the inner folds.

    Attributes
    ----------
    ridge_ : Ridge
    """

    def __init__(self, alpha=1.0, target_type="continuous", random_state=None):
        self.alpha = alpha
        self.target_type = target_type
        self.random_state = random_state

    def fit(self, X, y):
        self.ridge_ = self._ridge().fit(X, self._targets(y))
        return self

    def fit_transform(self, X, y):
        self.fit(X, y)
        inner = KFold(5, shuffle=True, random_state=self.random_state)
        return as_columns(cross_val_predict(self._ridge(), X, self._targets(y), cv=inner))

    def transform(self, X):
        check_is_fitted(self)
        return as_columns(self.ridge_.predict(X))

    def _ridge(self):
        return Ridge(self.alpha, solver="sparse_cg")

    def _targets(self, y):
        if self.target_type == "continuous":
            return np.asarray(y, dtype=np.float64)
        return (np.asarray(y)[:, None] == np.unique(y)[1:]).astype(np.float64)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags


def as_columns(predictions):
    return predictions.reshape(len(predictions), -1)
