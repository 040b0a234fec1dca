"""Categories of many values: selection of their columns, and encoders of their values.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

MANY = 30
"""Number of values above which a column of categories has many."""

GRAMS = (2, 3, 4)
"""Lengths of the sequences of characters that texts are compared by."""


class CategoryColumns:
    """Selector of the columns of categories with few values, or of those with many.

    The categorical type tells the number of values, so that it is the same in each fold. A column
    of texts has many values.

    Parameters
    ----------
    many : bool
        True for the columns with many values.
    """

    def __init__(self, many):
        self.many = many

    def __call__(self, X):
        columns = X.select_dtypes(exclude=["number", "datetime"])
        return [name for name in columns if has_many_values(columns[name].dtype) == self.many]


def has_many_values(dtype):
    """Return True if a type of categories has many values; texts have."""
    categories = getattr(dtype, "categories", None)
    return categories is None or len(categories) > MANY


class FrequencyEncoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Encoder of categories by the logarithm of one plus the number of training rows with them.

    `fit_transform` does not count the row itself, so that a value with a single row is encoded as
    one that is not in the training rows. Missing values are counted as a category.

    Attributes
    ----------
    counts_ : list of dict
        Number of rows of each category, by column.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns.
    n_features_in_ : int
        Number of columns.
    """

    def fit(self, X, y=None):
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.counts_ = [as_objects(X[name]).value_counts().to_dict() for name in X.columns]
        self.n_features_in_ = X.shape[1]
        return self

    def fit_transform(self, X, y=None):
        self.fit(X)
        return np.log1p(self._counts(X) - 1)

    def transform(self, X):
        check_is_fitted(self)
        return np.log1p(self._counts(X))

    def set_output(self, *, transform=None):
        """Return the transformer: it gives an array, as a data frame would change sums."""
        return self

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        columns = self.feature_names_in_ if input_features is None else input_features
        return np.asarray([f"{name} (frequency)" for name in columns], dtype=object)

    def _counts(self, X):
        columns = zip(X.columns, self.counts_, strict=True)
        counts = [as_objects(X[name]).map(known).fillna(0) for name, known in columns]
        return np.column_stack(counts).astype(np.float64)


def as_objects(values):
    """Return categories as objects, with an empty text for missing ones."""
    return values.astype(object).where(values.notna(), "")


class MinHashEncoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Encoder of categories by the least hashes of their sequences of 2 to 4 characters.

    Two categories have the same number in as large a share of the components as their sets of
    sequences have in common (Cerda and Varoquaux 2020). Missing values are empty texts.

    Parameters
    ----------
    n_components : int, default=30
        Number of hash functions; each gives a feature for each column.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns.
    n_features_in_ : int
        Number of columns.
    """

    def __init__(self, n_components=30):
        self.n_components = n_components

    def fit(self, X, y=None):
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        return np.hstack([self._hashed(as_objects(X[name])) for name in X.columns])

    def set_output(self, *, transform=None):
        """Return the transformer: it gives an array, as `FrequencyEncoder` does."""
        return self

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        columns = self.feature_names_in_ if input_features is None else input_features
        hashes = range(self.n_components)
        names = [f"{name} (hash {number})" for name in columns for number in hashes]
        return np.asarray(names, dtype=object)

    def _hashed(self, values):
        codes, distinct = pd.factorize(values)
        return least_hashes([str(value) for value in distinct], self.n_components)[codes]


def least_hashes(texts, n_functions):
    """Return the least hash of the sequences in each text, from 0 to 1, by hash function."""
    # White space marks the ends, so that each text has a sequence.
    marked = [f" {text.casefold()} " for text in texts]
    lengths = [len(text) for text in marked]
    owners = np.repeat(np.arange(len(texts)), lengths)
    characters = np.frombuffer("".join(marked).encode("utf-32-le", "surrogatepass"), np.uint32)
    grams, owners_of_grams = [], []
    for size in GRAMS:
        last = max(0, len(characters) - size + 1)
        gram = np.full(last, size, np.uint64)
        for place in range(size):
            gram = gram * np.uint64(0x100000001B3) + characters[place : place + last]
        inside = owners[:last] == owners[size - 1 :]
        grams.append(gram[inside])
        owners_of_grams.append(owners[:last][inside])
    owners = np.concatenate(owners_of_grams)
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(len(texts)))
    sequences = np.concatenate(grams)[order]
    least = [
        np.minimum.reduceat(hashed(sequences, number), starts) for number in range(n_functions)
    ]
    return np.column_stack(least) / 2.0**64


def hashed(numbers, function):
    """Return 64-bit numbers hashed by the function of a number (SplitMix64, Steele et al. 2014)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15 * (function + 1) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
