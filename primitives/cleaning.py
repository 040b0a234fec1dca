"""Cleaning: from any table to one of numbers, dates, categories and texts.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from primitives.reading import FLOATS, LEFT_OUT, NUMBER, Column, as_texts, read_column, read_columns

LARGEST = 1e30
"""Limit that numbers are clipped to: far below that of float32, so that sums fit too."""

ORDER = (*FLOATS, "ordered", "date", "category", "text")
"""Kinds of columns in the order of cleaned tables."""


class TableCleaner(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Transformer of a table into columns of numbers, dates, categories and texts.

    Numbers, booleans, time spans (in seconds) and ordered categories (as their place) become
    float64; infinities become NaN, and numbers too large for float32, which trees compute in, are
    clipped. Dates become datetime64, categories are of pandas' categorical type, and texts are of
    type object. A missing value is NaN or NaT. Columns are found by name, in any order; columns
    that `fit` did not see are ignored.

    Parameters
    ----------
    columns : dict of str to Column, default=None
        The way in which columns are read, by name; a column without a name here holds plain
        numbers. None: each column is read by its type, see `column_of_type`.

    Attributes
    ----------
    columns_ : dict of str to Column
        Columns by name in the order in which they are returned: numbers, booleans, time spans,
        ordered categories, dates, categories and texts.
    shares_ : frozenset of str
        Names of the numbers that are shares: none is above 1.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names in the order of `fit`.
    n_features_in_ : int
        Number of columns.
    """

    def __init__(self, columns=None):
        self.columns = columns

    def fit(self, X, y=None):
        X = as_frame(X)
        if self.columns is None:
            by_type = {dtype: column_of_type(dtype) for dtype in set(X.dtypes)}
            found = {name: by_type[dtype] for name, dtype in X.dtypes.items()}
        else:
            found = {name: self.columns.get(name, NUMBER) for name in X}
        self.columns_ = in_clean_order(found)
        self.shares_ = shares_among(X, self.columns_)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Return the cleaned columns in the same order for every table, numbers first.

        Raises
        ------
        ValueError
            If a column of `fit` is missing that is not left out.
        """
        check_is_fitted(self)
        X = as_frame(X)
        check_columns(self.columns_, X.columns)
        # A file of skops keeps them as plain tuples.
        known = {name: Column(*column) for name, column in self.columns_.items()}
        # All plain numbers are converted at once: one column at a time is much slower.
        plain = plain_numbers(X)
        floats = (name for name, column in known.items() if column.kind in FLOATS)
        block = [name for name in floats if name in plain]
        numbers = pd.DataFrame(cut_off(X[block].to_numpy(np.float64)), X.index, block)
        columns = {name: one for name, one in known.items() if name not in numbers}
        others = {
            name: cleaned(read, columns[name])
            for name, (read, _) in read_columns(X, columns, self.shares_).items()
        }
        clean = pd.concat([numbers, pd.DataFrame(others, X.index)], axis=1)
        order = list(known)
        return clean if list(clean.columns) == order else clean[order]

    def set_output(self, *, transform=None):
        """Return the transformer: it gives a DataFrame, as the next step selects by type."""
        return self

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        return np.asarray(list(self.columns_), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def as_frame(X):
    """Return a table as a DataFrame; columns without names are called x0, x1 and so on."""
    X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    if not X.columns.equals(pd.RangeIndex(X.shape[1])):
        return X
    return X.set_axis([f"x{number}" for number in range(X.shape[1])], axis=1)


def check_columns(expected, got):
    """Raise ValueError unless all expected names are there."""
    missing = sorted(set(expected) - set(got))
    if missing:
        raise ValueError(
            "The feature names should match those that were passed during fit:"
            f" missing columns {missing}."
        )


def column_of_type(dtype):
    """Return the way in which a column of a type is read if nothing more is known of it."""
    types = pd.api.types
    # Kind "m" are time spans.
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype) or dtype.kind == "m":
        return NUMBER
    if types.is_datetime64_any_dtype(dtype):
        return Column("date", "ISO8601")
    if getattr(dtype, "ordered", False):
        return Column("ordered", values=tuple(as_texts(dtype.categories)))
    return Column("text" if types.is_object_dtype(dtype) else "category")


def in_clean_order(columns):
    """Return columns in the order of cleaned tables: numbers, dates, categories, texts.

    Columns that are left out are not among them. The order depends on kinds alone: a table may be
    written in other types than the one that it is compared with.
    """
    kept = {name: one for name, one in columns.items() if one.kind not in LEFT_OUT}
    return dict(sorted(kept.items(), key=lambda item: ORDER.index(item[1].kind)))


def plain_numbers(X):
    """Return the names of the columns that hold numbers in numpy arrays."""
    return {
        name
        for name, dtype in X.dtypes.items()
        if isinstance(dtype, np.dtype) and dtype.kind in "fiub"
    }


def shares_among(X, columns):
    """Return the names of the columns of numbers of which none is above 1."""
    numbers = [name for name, column in columns.items() if column.kind in FLOATS]
    plain = plain_numbers(X)
    highest = X[[name for name in numbers if name in plain]].max()
    shares = set(highest.index[(highest <= 1).to_numpy(bool)])
    others = read_columns(X, {name: columns[name] for name in numbers if name not in plain})
    return frozenset(shares | {name for name, (read, _) in others.items() if not (read > 1).any()})


def cut_off(values):
    """Return numbers clipped to `LARGEST`, with NaN for infinities."""
    if not (np.abs(values) > LARGEST).any():
        return values
    return np.where(np.isinf(values), np.nan, np.clip(values, -LARGEST, LARGEST))


def clean_column(values, column, are_shares=False):
    """Return the values of a column as a cleaned table has them."""
    return cleaned(read_column(values, column, are_shares)[0], column)


def cleaned(read, column):
    """Return the reading of a column as a cleaned table has it."""
    if column.kind == "ordered":
        places = read.codes.astype(np.float64)
        return np.where(places < 0, np.nan, places)
    return cut_off(read) if column.kind in FLOATS else read
