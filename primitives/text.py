"""Numeric features from columns of texts.

Exported files contain copies of the estimators; see `primitives.transformers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from primitives.transformers import AtMostColumns

N_GRAMS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "characters": {"ngram_range": (3, 4), "analyzer": "char_wb"},
}
"""Arguments of the vectorizer: words and pairs of words, or 3 to 4 characters within words."""

HASHES = 2**18
"""Number of columns that n-grams are hashed into, so that no vocabulary has to be stored."""


def read_texts(
    n_grams: str, alpha: float, target_type: str, random_state: int, statistics: bool = False
) -> Pipeline | FeatureUnion:
    """Return a transformer of columns of texts into predictions of the target, out of fold.

    Parameters
    ----------
    n_grams : {"words", "characters"}
    alpha : float
        Penalty of the ridge regression of the target on the texts.
    target_type : {"continuous", "binary", "multiclass"}
    random_state : int
    statistics : bool, default=False
        True to add the statistics of each column.
    """
    encoder = RidgeTargetEncoder(alpha, target_type, random_state)
    return _with_statistics(SparsePipeline([*_weighted(n_grams), ("encoder", encoder)]), statistics)


def topics_of_texts(
    n_grams: str, n_components: int, random_state: int, statistics: bool = False
) -> Pipeline | FeatureUnion:
    """Return a transformer of columns of texts into components that do not depend on the target.

    They are those of latent semantic analysis (Deerwester et al. 1990).

    Parameters
    ----------
    n_grams : {"words", "characters"}
    n_components : int
    random_state : int
    statistics : bool, default=False
        True to add the statistics of each column.
    """
    components = AtMostColumns(TruncatedSVD(n_components, random_state=random_state))
    return _with_statistics(
        SparsePipeline([*_weighted(n_grams), ("components", components)]), statistics
    )


def _weighted(n_grams: str) -> list[tuple[str, Any]]:
    """Return the steps from columns of texts to the weights of n-grams (TF-IDF)."""
    hashing = HashingVectorizer(
        n_features=HASHES, alternate_sign=False, norm=None, **N_GRAMS[n_grams]
    )
    return [
        ("texts", FunctionTransformer(joined_texts)),
        ("hashing", hashing),
        ("columns", NonEmptyColumns()),
        ("weighting", TfidfTransformer(sublinear_tf=True)),
    ]


def _with_statistics(reading: Pipeline, statistics: bool) -> Pipeline | FeatureUnion:
    return make_union(reading, TextStatistics()) if statistics else reading


class SparsePipeline(Pipeline):
    """Pipeline whose steps pass arrays and sparse matrices, whatever output is configured.

    A DataFrame cannot hold the sparse matrix of n-grams.
    """

    def fit(self, X, y=None, **params):
        with sklearn.config_context(transform_output="default"):
            return super().fit(X, y, **params)

    def fit_transform(self, X, y=None, **params):
        with sklearn.config_context(transform_output="default"):
            return super().fit_transform(X, y, **params)

    def transform(self, X, **params):
        with sklearn.config_context(transform_output="default"):
            return super().transform(X, **params)

    def set_output(self, *, transform=None):
        return self

    def get_feature_names_out(self, input_features=None):
        names = self[-1].get_feature_names_out()
        if input_features is None:
            return names
        # The columns are joined before they are read, so that each feature is of all of them.
        joined = ", ".join(map(str, input_features))
        return np.asarray([f"{joined} ({name})" for name in names], dtype=object)


def joined_texts(X):
    """Return one text for each row, joined from its columns; missing texts are empty."""
    columns = [X[name].astype(object).where(X[name].notna(), "") for name in X.columns]
    return [" ".join(row) for row in zip(*columns, strict=True)]


COUNTED = {"words": r"\b\w", "digits": r"\d", "capitals": r"[A-Z]", "marks": r"[^\w\s]"}
"""Pattern that matches once for each thing that is counted in a text, by name."""


class TextStatistics(TransformerMixin, BaseEstimator):
    """Transformer of texts into numbers of characters, words, digits, capitals and marks.

    Capitals are those from A to Z, marks are all but letters, digits and white space. The features
    are logarithms of one plus these numbers, for each column.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns.
    n_features_in_ : int
        Number of columns.
    """

    def fit(self, X, y=None):
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        # Texts of pandas' own type count other letters as letters than Python does.
        texts = [
            X[name].astype(object).where(X[name].notna(), "") for name in self.feature_names_in_
        ]
        numbers = [
            values
            for one in texts
            for values in (one.str.len(), *map(one.str.count, COUNTED.values()))
        ]
        return np.log1p(np.column_stack(numbers).astype(np.float64))

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        columns = self.feature_names_in_ if input_features is None else input_features
        counted = ("characters", *COUNTED)
        return np.asarray([f"{name} ({one})" for name in columns for one in counted], dtype=object)


class NonEmptyColumns(TransformerMixin, BaseEstimator):
    """Selector of the columns of a sparse matrix that have a value in some row.

    Most of the columns that n-grams are hashed into have none. Of the first two
    columns some are kept in any case, as a decomposition needs two.

    Attributes
    ----------
    columns_ : ndarray of int
        Numbers of the kept columns.
    """

    def fit(self, X, y=None):
        found = np.flatnonzero(X.getnnz(axis=0))
        self.columns_ = found if len(found) > 1 else np.union1d(found, np.arange(2))
        return self

    def transform(self, X):
        check_is_fitted(self)
        return X[:, self.columns_]


class RidgeTargetEncoder(TransformerMixin, BaseEstimator):
    """Encoder of many sparse columns by the predictions of a ridge regression of the target.

    `fit_transform` gives each row the prediction of a model that was fitted without it, as in
    `sklearn.preprocessing.TargetEncoder`. `transform` uses a model fitted on all rows. Classes are
    predicted as indicators, one for each class but the first (ridge regression: Hoerl and Kennard
    1970).

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
        Model fitted on all rows.
    """

    def __init__(self, alpha=1.0, target_type="continuous", random_state=None):
        self.alpha = alpha
        self.target_type = target_type
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.ridge_ = self._fitted(X, self._targets(y), sample_weight)
        return self

    def fit_transform(self, X, y, sample_weight=None):
        targets = self.fit(X, y, sample_weight)._targets(y)
        encoded = np.empty((len(targets), 1 if targets.ndim == 1 else targets.shape[1]))
        for train, rest in KFold(5, shuffle=True, random_state=self.random_state).split(targets):
            weights = None if sample_weight is None else sample_weight[train]
            encoded[rest] = as_columns(
                self._fitted(X[train], targets[train], weights).predict(X[rest])
            )
        return encoded

    def transform(self, X):
        check_is_fitted(self)
        return as_columns(self.ridge_.predict(X))

    def _fitted(self, X, targets, weights):
        return Ridge(self.alpha, solver="sparse_cg").fit(X, targets, weights)

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        n_outputs = np.atleast_2d(self.ridge_.coef_).shape[0]
        return np.array([f"ridge{number}" for number in range(n_outputs)], dtype=object)

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
    """Return predictions as a matrix of shape (n_samples, n_outputs)."""
    return predictions.reshape(len(predictions), -1)
