"""From any table to one of numbers, categories and texts.

As in `primitives.transformers`, an exported pipeline carries the source.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

MISSABLE_STRING = pd.StringDtype(na_value=np.nan)
"""Strings whose gaps are NaN, which is what scikit-learn's encoders understand."""

LARGEST = 1e30
"""Where numbers are cut off: far below the largest of float32, so that sums fit too."""

DAY = r"\d{4}-\d{2}-\d{2}"

SHORT = 2_000
"""Rows of a table whose strings may all be taken at once."""

TEXT_LENGTH = 40
"""Characters of a text, in the mean: names and titles, which are shorter, are categories."""


class TableCleaner(TransformerMixin, BaseEstimator):
    """Give every column one of three forms: float64, strings of type str, and texts, which are
    strings of type object; the gaps of all are NaN.

    Numbers, booleans and time spans become float64, infinities become NaN, numbers too large for
    float32, in which trees compute, are cut off, dates (also written as ISO 8601 text) become their
    parts, and anything else becomes strings: a text where most values are different and they are
    long, or there is no other column, unless its type says that they are categories. Columns are
    taken by name, in any order. What is clean stays as it is, but for such categories.

    Attributes
    ----------
    forms_ : dict
        Column name to ``"number"``, ``"date"``, ``"string"`` or ``"text"``.
    order_ : list of str
        Column names in the order in which what they become is given.
    feature_names_in_ : ndarray of shape (n_features_in_,)
    n_features_in_ : int
    """

    def fit(self, X, y=None):
        X = as_frame(X)
        self.forms_ = column_forms(X)
        self.order_ = clean_order(self.forms_, plain_numbers(X))
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Return the cleaned columns, those of numbers first, in the order of `fit` whatever types
        they have now.

        Raises
        ------
        ValueError
            When a column of `fit` is missing or there is one that `fit` did not see.
        """
        check_is_fitted(self)
        X = as_frame(X)
        check_columns(self.feature_names_in_, X.columns)
        readable = plain_numbers(X)
        plain = [name for name in self.order_ if self.forms_[name] == "number" and name in readable]
        numbers = pd.DataFrame(cut_off(X[plain].to_numpy(np.float64)), X.index, plain)
        others, columns = {}, []
        for name in self.order_:
            if name in numbers:
                columns.append(name)
                continue
            for part, values in CLEANED[self.forms_[name]](name, X[name]).items():
                while part != name and part in self.forms_:
                    part += "'"
                others[part] = values
                columns.append(part)
        clean = pd.concat([numbers, pd.DataFrame(others, X.index)], axis=1)
        return clean if list(clean.columns) == columns else clean[columns]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def as_frame(X):
    """Return a table as a DataFrame, columns without names being x0, x1 and so on."""
    if isinstance(X, pd.DataFrame) and not isinstance(X.columns, pd.RangeIndex):
        return X
    X = pd.DataFrame(X)
    return X.set_axis([f"x{number}" for number in range(X.shape[1])], axis=1)


def check_columns(expected, got):
    """Raise ValueError unless both hold the same names, in any order."""
    if len(expected) == len(got) and (np.asarray(got, dtype=object) == expected).all():
        return
    missing, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
    if missing or extra:
        raise ValueError(
            "The feature names should match those that were passed during fit:"
            f" missing columns {missing}, unexpected columns {extra}."
        )


def column_forms(X):
    """Say how each column is to be read: as "number", "date", "string" or "text"."""
    by_type = {dtype: form_of_type(dtype) for dtype in set(X.dtypes)}
    length = TEXT_LENGTH if X.shape[1] > 1 else 0
    forms = {name: by_type[dtype] for name, dtype in X.dtypes.items()}
    for dtype in [dtype for dtype, form in by_type.items() if form is None]:
        names = [name for name, one in X.dtypes.items() if one == dtype]
        columns = X if len(names) == X.shape[1] else X[names]
        for name, known in zip(names, known_values(columns, dtype), strict=True):
            forms[name] = form_of_values(known, dtype, length)
    return forms


def known_values(X, dtype):
    """Give the values of each column that are not missing as an array.

    Strings of a short table are taken at once: what pandas does for each column would take longest.
    """
    if len(X) <= SHORT and (
        pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)
    ):
        values = X.to_numpy(dtype=object)
        is_known = pd.notna(values)
        for number in range(X.shape[1]):
            yield values[is_known[:, number], number]
        return
    for name in X:
        values = X[name].array
        yield values[~values.isna()]


def clean_order(forms, plain):
    """Return the names of columns in the order in which they are given: numbers that numpy holds,
    then other numbers and dates, then strings."""
    ranks = {
        name: 0 if form == "number" and name in plain else 2 if form in STRINGS else 1
        for name, form in forms.items()
    }
    return sorted(forms, key=ranks.__getitem__)


def form_of_type(dtype):
    """Return the form of columns of a type; None where it depends on the values."""
    types = pd.api.types
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype) or dtype.kind == "m":
        return "number"
    if types.is_datetime64_any_dtype(dtype):
        return "date"
    return "string" if isinstance(dtype, pd.CategoricalDtype) else None


def form_of_values(known, dtype, length):
    """Return the form of a column of strings or other objects by its values that are not missing; a
    text has so many characters."""
    if len(known) == 0:
        return "number"
    is_object = pd.api.types.is_object_dtype(dtype)
    if is_object and pd.to_numeric(pd.Series(known), errors="coerce").notna().all():
        return "number"
    if looks_like_dates(known) and read_dates(pd.Series(known)).notna().all():
        return "date"
    return "text" if looks_like_text(known, length) else "string"


def looks_like_dates(known):
    """Say whether the first hundred values begin like ISO 8601."""
    if re.match(DAY, str(known[0])) is None:
        return False
    return pd.Series(known[:100]).astype(str).str.match(DAY).all()


def looks_like_text(known, length):
    """Say whether most values are different and in the mean at least so long; by about a thousand
    of them, so that a part of the rows looks like all."""
    texts = about_a_thousand(known).tolist()
    if not set(map(type, texts)) <= {str}:
        texts = pd.Series(texts, dtype=object).astype(str).tolist()
    mostly_different = len(texts) >= 20 and len(set(texts)) > len(texts) / 2
    return mostly_different and sum(map(len, texts)) >= length * len(texts)


def about_a_thousand(values):
    """Return so many of an array's values, evenly spread."""
    return values[:: max(1, len(values) // 1_000)]


def plain_numbers(X):
    """Return the names of the columns that numpy holds as numbers, to be read in one go."""
    return {
        name
        for name, dtype in X.dtypes.items()
        if isinstance(dtype, np.dtype) and dtype.kind in "fiub"
    }


def cut_off(values):
    """Return numbers within `LARGEST`, NaN for the infinite."""
    if not (np.abs(values) > LARGEST).any():
        return values
    return np.where(np.isinf(values), np.nan, np.clip(values, -LARGEST, LARGEST))


def read_dates(column):
    """Return a column as dates without a time zone, NaT where a value is no date."""
    return pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)


def clean_number(name, column):
    if column.dtype.kind == "m":
        numbers = column.dt.total_seconds()
    else:
        numbers = pd.to_numeric(column.astype(object), errors="coerce")
    return {name: cut_off(numbers.to_numpy(dtype=np.float64, na_value=np.nan))}


def clean_date(name, column):
    dates = read_dates(column).dt.as_unit("us")  # in nanoseconds the year 2262 would be the last
    parts = {
        "days": (dates - pd.Timestamp(0).as_unit("us")).dt.total_seconds() / 86_400,
        "year": dates.dt.year,
        "month": dates.dt.month,
        "day": dates.dt.day,
        "weekday": dates.dt.day_of_week,
        "hour": dates.dt.hour,
    }
    return {f"{name} ({part})": values.to_numpy(dtype=np.float64) for part, values in parts.items()}


def clean_string(name, column):
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = pd.array([as_text(category) for category in column.cat.categories], MISSABLE_STRING)
        column = pd.Series(texts.take(column.cat.codes.to_numpy(), allow_fill=True), column.index)
    elif column.dtype != MISSABLE_STRING:
        column = clean_text(name, column)[name].astype(MISSABLE_STRING)
    else:
        column = column.copy()
    return {name: column}


def clean_text(name, column):
    values = column.map(as_text).astype(object)
    return {name: values.where(column.notna(), np.nan)}


def as_text(value):
    """Return a category as text; codes are the same whether their column was read as floats, for
    its gaps, or not."""
    is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if is_whole else str(value)


CLEANED = {
    "number": clean_number,
    "date": clean_date,
    "string": clean_string,
    "text": clean_text,
}
STRINGS = ("string", "text")
