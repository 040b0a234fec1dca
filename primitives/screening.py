"""Screening of a wide table: the columns with the strongest association with the target.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

MOST_NUMBERS, MOST_OTHERS = 10_000_000, 2_000_000
"""Cells of numeric and of other columns that are read; the more columns, the fewer rows."""

BLOCK = 1_000_000
"""Cells that are computed with at a time, so that a large table is never copied whole."""

SLICES = 10
"""Number of groups of about equal size into which a numeric target is cut."""


class ColumnScreener(TransformerMixin, BaseEstimator):
    """Selector of the columns with the strongest association with the target.

    Each column is judged by itself (sure independence screening, Fan and Lv 2008). The table need
    not be clean, so that only the selected columns have to be cleaned.

    Parameters
    ----------
    max_columns : int, default=100
        Number of columns to keep.
    random_state : int, RandomState instance or None, default=0
        Source of the rows that are read of a wide table.

    Attributes
    ----------
    columns_ : list
        Names of the kept columns in the order of the table, or numbers if they have no names.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of all columns, if they have names.
    n_features_in_ : int
        Number of columns of the table.
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

    def set_output(self, *, transform=None):
        """Change nothing: the kept columns are of the type of the table."""
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags


def associations(X, y, random_state):
    """Return the association of each column with the target, from 0 to 1.

    It is the share of the column's variance that lies between groups of rows: the classes, or
    slices of a numeric target. Of several targets the strongest association counts.
    """
    if y.ndim == 2:
        return np.max([associations(X, target, random_state) for target in y.T], axis=0)
    is_number = np.array([pd.api.types.is_numeric_dtype(dtype) for dtype in X.dtypes])
    order = random_state.permutation(len(X))
    found = np.zeros(X.shape[1])
    for places, most, read in (
        (np.flatnonzero(is_number), MOST_NUMBERS, numbers_in),
        (np.flatnonzero(~is_number), MOST_OTHERS, codes_of),
    ):
        some = order[: max(2, most // max(1, len(places)))]
        rows = X.iloc[np.sort(some)] if len(some) < len(X) else X
        groups = groups_of(y[np.sort(some)])
        step = max(1, BLOCK // len(rows))
        for start in range(0, len(places), step):
            block = places[start : start + step]
            first, last = block[0], block[-1] + 1
            is_run = last - first == len(block)  # a slice is much faster than a list of columns
            columns = rows.iloc[:, first:last] if is_run else rows.iloc[:, block]
            found[block] = shares_between(read(columns), groups)
    return found


def groups_of(y):
    """Return the number of the group of each row: its class, or its slice of the target."""
    if y.dtype.kind != "f":
        return np.unique(y, return_inverse=True)[1]
    return np.searchsorted(np.quantile(y, np.arange(1, SLICES) / SLICES), y)


def numbers_in(X):
    """Return numeric columns as a matrix with NaN for missing values."""
    return X.to_numpy(dtype=np.float64, na_value=np.nan)


def codes_of(X):
    """Return each value as its rank in alphabetical order, NaN where it is missing."""
    # An ordinal encoder would give a tree the categories in this order.
    values = X.to_numpy(dtype=object)
    texts = np.array([str(value) for value in values.ravel()], dtype=object)
    codes = pd.factorize(texts, sort=True)[0].reshape(values.shape)
    return np.where(pd.isna(values), np.nan, codes)


def shares_between(values, groups):
    """Return the share of each column's variance that lies between groups of rows.

    A missing value counts as the mean of its column.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    with np.errstate(all="ignore"):
        values = values / np.nanmax(np.abs(values), axis=0)  # squares of large values overflow
        values = np.nan_to_num(values - np.nanmean(values, axis=0))
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        counts = np.diff(np.append(starts, len(groups)))
        sums = np.add.reduceat(values[order], starts, axis=0)
        return np.nan_to_num((sums**2 / counts[:, None]).sum(axis=0) / (values**2).sum(axis=0))
