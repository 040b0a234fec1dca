"""Checks of a table: any kind of table in, a DataFrame with names out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import scipy.sparse
from sklearn.utils import check_array

from evolver.errors import InputError, InputTypeError
from primitives.cleaning import as_frame
from primitives.sparse import as_sparse_frame

# A message below repeats scikit-learn's own, because `check_estimator` looks for its words:
# "0 feature(s) (shape=(n, 0)) while a minimum of 1 is required."

MAX_DENSE_BYTES = 2**28
"""Size up to which a sparse matrix becomes a column for each feature, as any other table has."""

LARGEST_DENSE = 2**31
"""Size up to which a sparse matrix is made dense for a model that was fitted on a dense table."""


def as_table(X: Any, *, as_sparse: bool | None = None) -> pd.DataFrame:
    """Return a table of any kind as a DataFrame; without names its columns are numbered from 0.

    A sparse matrix stays sparse unless it is small: its rows are the values of one column.

    Parameters
    ----------
    X : table
        Table of pandas, polars, pyarrow or another library that narwhals knows, array of two
        dimensions, sparse matrix, list of rows, list of dictionaries, dictionary of columns, or
        one row with names: a Series or a dictionary of single values.
    as_sparse : bool, optional
        True to return a sparse matrix of any table, False for a column for each feature. None: a
        sparse matrix of more than `MAX_DENSE_BYTES` stays sparse.

    Raises
    ------
    InputError, InputTypeError
        If it is no table, or if values of a sparse matrix are missing.
    """
    if as_sparse or (as_sparse is None and scipy.sparse.issparse(X) and _is_large(X)):
        return _sparse(X)
    if isinstance(X, pd.DataFrame):
        return X
    if scipy.sparse.issparse(X):
        return _dense(X)
    if isinstance(X, pd.Series) and all(isinstance(name, str) for name in X.index):
        return pd.DataFrame([X.to_dict()])
    if isinstance(X, Mapping):
        return _of_mapping(X)
    if isinstance(X, list) and X and all(isinstance(row, Mapping) for row in X):
        return pd.DataFrame(X)
    native = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        return _of_native(native)
    try:
        array = check_array(
            X, dtype=None, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0
        )
        return pd.DataFrame(array)
    except UnicodeEncodeError as error:
        raise InputError(f"`X` must hold valid Unicode text, got {error.object!r}.") from None
    except ValueError as error:
        raise InputError(f"`X` must be a table: {error}") from None
    except TypeError as error:
        raise InputTypeError(f"`X` must be a table: {error}") from None


def _of_mapping(X: Mapping[str, Any]) -> pd.DataFrame:
    """Return a dictionary of columns, or of the values of one row, as a DataFrame."""
    is_row = all(pd.api.types.is_scalar(value) for value in X.values())
    try:
        return pd.DataFrame([dict(X)] if is_row else dict(X))
    except ValueError as error:
        raise InputError(f"`X` must have columns of one length: {error}") from None


def _is_large(X: Any) -> bool:
    """Return True if a sparse matrix would be too large as a table of a column for each feature."""
    return bool(dense_bytes(X) > MAX_DENSE_BYTES)


def _dense(X: Any) -> pd.DataFrame:
    """Return a sparse matrix with a column for each feature; raise an InputError if too large."""
    if dense_bytes(X) > LARGEST_DENSE:
        raise InputError(
            "`X` must be small enough to be made dense, as the table of `fit` was, at most"
            f" {LARGEST_DENSE} bytes, got a sparse matrix of shape {X.shape} that takes"
            f" {dense_bytes(X)} bytes: predict it in several parts."
        )
    return pd.DataFrame(X.toarray())


def dense_bytes(X: Any) -> int:
    """Return the bytes that a sparse matrix would take with a value in each place."""
    rows, columns = X.shape
    return int(rows) * int(columns) * int(X.dtype.itemsize)


def _sparse(X: Any) -> pd.DataFrame:
    """Return a table as a sparse matrix; raise an InputError if values are missing."""
    try:
        frame: pd.DataFrame = as_sparse_frame(X)
        return frame
    except (TypeError, ValueError) as error:
        raise InputError(f"`X` must be a matrix of numbers: {error}") from None


def _of_native(table: nw.DataFrame[Any]) -> pd.DataFrame:
    """Return the table of another library as a DataFrame; nested columns become objects."""
    columns = {}
    for name in table.columns:
        column = table[name]
        if column.dtype in (nw.List, nw.Array, nw.Struct):
            columns[name] = pd.Series(column.to_list(), dtype=object)
        elif column.dtype in (nw.Datetime, nw.Date):
            columns[name] = pd.Series(pd.to_datetime(pd.Series(column.to_list(), dtype=object)))
        elif column.dtype in (nw.Categorical, nw.Enum):
            columns[name] = pd.Series(column.to_list(), dtype="category")
        elif column.dtype.is_numeric() and not column.is_null().any():
            columns[name] = pd.Series(column.to_numpy())
        else:
            columns[name] = pd.Series(column.to_list())
    return pd.DataFrame(columns)


def check_table(X: pd.DataFrame, min_rows: int = 1) -> pd.DataFrame:
    """Return a table with unique column names.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Table of a caller, see `as_table`.
    min_rows : int, default=1
        Least number of rows.

    Returns
    -------
    DataFrame of shape (n_samples, n_features)
        Shallow copy of the table.

    Raises
    ------
    InputError, InputTypeError
        If the table has too few rows or no column, has column names that are no strings or not
        unique, or has text that is not valid Unicode.
    """
    for axis, noun, least in ((0, "sample(s)", min_rows), (1, "feature(s)", 1)):
        if X.shape[axis] < least:
            raise InputError(
                f"`X` must have enough rows and columns: {X.shape[axis]} {noun} (shape={X.shape})"
                f" while a minimum of {least} is required."
            )
    _check_names(X)
    frame: pd.DataFrame = as_frame(X)
    _check_texts(frame)
    # The caller may add columns to the original later, which a copy does not get.
    return frame.copy(deep=False)


def has_names(X: pd.DataFrame) -> bool:
    """Return True if the columns of a table have names, and are not just numbered from 0."""
    return not X.columns.equals(pd.RangeIndex(X.shape[1]))


def _check_names(X: pd.DataFrame) -> None:
    """Raise an error unless the columns have names that are unique strings, or no names."""
    if not has_names(X):
        return
    if isinstance(X.columns, pd.MultiIndex):
        raise InputTypeError(
            f"`X` must have one name for each column, got a MultiIndex such as {X.columns[0]!r}:"
            " join its levels, as in X.columns = X.columns.map(' '.join)."
        )
    not_strings = [name for name in X.columns if not isinstance(name, str)]
    if not_strings:
        raise InputTypeError(
            f"`X` must have column names that are strings, got {not_strings[:5]}:"
            " X.columns = X.columns.astype(str) makes them so."
        )
    invalid = [name for name in X.columns if is_invalid_text(name)]
    if invalid:
        raise InputError(f"`X` must have column names of valid Unicode, got {invalid[:5]}.")
    duplicates = sorted(set(X.columns[X.columns.duplicated()]))
    if duplicates:
        raise InputError(f"`X` must have unique column names, got duplicates of {duplicates[:5]}.")


def _check_texts(X: pd.DataFrame) -> None:
    """Raise an InputError if a column holds text that is not valid Unicode."""
    for place, dtype in enumerate(X.dtypes):
        values: Any = ()  # Arrow stores valid UTF-8 alone, and numbers hold no text
        if isinstance(dtype, pd.CategoricalDtype):
            values = dtype.categories
        elif pd.api.types.is_object_dtype(dtype) or getattr(dtype, "storage", None) == "python":
            values = X.iloc[:, place]
        invalid = next((value for value in values if is_invalid_text(value)), None)
        if invalid is not None:
            raise InputError(
                f"`X` must hold valid Unicode text, got {invalid!r} in column {X.columns[place]!r}."
            )


def is_invalid_text(value: Any) -> bool:
    """Return True if a value is a string that is not valid Unicode and cannot be written to a file.

    Bytes that were decoded with ``errors="surrogateescape"`` may leave lone surrogates, which UTF-8
    cannot encode.
    """
    if not isinstance(value, str) or value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
