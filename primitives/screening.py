"""From a wide table to the columns that have most to do with the target.

As in `primitives.transformers`, an exported pipeline carries the source.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

MOST_NUMBERS, MOST_OTHERS = 10_000_000, 2_000_000
"""Cells of numbers, and of anything else, that are looked at: of a wider table fewer rows."""

BLOCK = 1_000_000
"""Cells that are computed with together: no copy of a large table is made."""

SLICES = 10
"""Groups of about as many rows that a target of numbers is cut into."""


class ColumnScreener(TransformerMixin, BaseEstimator):
    """Keep the columns of a table that have most to do with the target, each by itself (sure
    independence screening, Fan and Lv 2008).

    Columns are looked at as they come, before any cleaning, so that only those that are kept need
    be cleaned.

    Parameters
    ----------
    max_columns : int, default=100
        That are kept.
    random_state : int, RandomState instance or None, default=0
        Draws the rows of a wide table that are looked at.

    Attributes
    ----------
    columns_ : list
        Those that are kept, in their order: names, or numbers where there are no names.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where there are names.
    n_features_in_ : int
    """

    def __init__(self, max_columns=100, random_state=0):
        self.max_columns = max_columns
        self.random_state = random_state

    def fit(self, X, y):
        validate_data(self, X, skip_check_array=True)
        table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
        found = associations(table, np.asarray(y), check_random_state(self.random_state))
        strongest = np.sort(np.argsort(-found, kind="stable")[: self.max_columns])
        self.columns_ = table.columns[strongest].tolist()
        return self

    def transform(self, X):
        check_is_fitted(self)
        return _safe_indexing(X, self.columns_, axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags


def associations(X, y, random_state):
    """Return for each column the share of its variance that lies between groups of the target: its
    classes, or slices of numbers."""
    is_number = np.array([pd.api.types.is_numeric_dtype(dtype) for dtype in X.dtypes])
    order = random_state.permutation(len(X))
    found = np.zeros(X.shape[1])
    for places, most, read in (
        (np.flatnonzero(is_number), MOST_NUMBERS, numbers_of),
        (np.flatnonzero(~is_number), MOST_OTHERS, codes_of),
    ):
        some = order[: max(2, most // max(1, len(places)))]
        rows = X.iloc[np.sort(some)] if len(some) < len(X) else X
        groups = groups_of(y[np.sort(some)])
        step = max(1, BLOCK // len(rows))
        for start in range(0, len(places), step):
            block = places[start : start + step]
            first, last = block[0], block[-1] + 1
            is_run = last - first == len(block)  # a slice is much faster to take
            columns = rows.iloc[:, first:last] if is_run else rows.iloc[:, block]
            found[block] = shares_between(read(columns), groups)
    return found


def groups_of(y):
    """Return the group of each row by its target."""
    if y.dtype.kind != "f":
        return np.unique(y, return_inverse=True)[1]
    return np.searchsorted(np.quantile(y, np.arange(1, SLICES) / SLICES), y)


def numbers_of(X):
    """Return columns of numbers as a matrix."""
    return X.to_numpy(dtype=np.float64, na_value=np.nan)


def codes_of(X):
    """Return the places of values among all, sorted as texts, as a tree would split them."""
    values = X.to_numpy(dtype=object)
    texts = np.array([str(value) for value in values.ravel()], dtype=object)
    codes = pd.factorize(texts, sort=True)[0].reshape(values.shape)
    return np.where(pd.isna(values), np.nan, codes)


def shares_between(values, groups):
    """Return the share of the variance of each column that lies between groups of rows; what is
    missing counts as the mean."""
    values = np.where(np.isfinite(values), values, np.nan)
    with np.errstate(all="ignore"):
        values = values / np.nanmax(np.abs(values), axis=0)  # squares of the largest are infinite
        values = np.nan_to_num(values - np.nanmean(values, axis=0))
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        counts = np.diff(np.append(starts, len(groups)))
        sums = np.add.reduceat(values[order], starts, axis=0)
        return np.nan_to_num((sums**2 / counts[:, None]).sum(axis=0) / (values**2).sum(axis=0))
