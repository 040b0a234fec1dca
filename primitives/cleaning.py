"""Cleaning: from any table to one of numbers, categories and texts.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

MISSABLE_STRING = pd.StringDtype(na_value=np.nan)
"""Type of strings whose missing values are NaN, as scikit-learn's encoders understand."""

LARGEST = 1e30
"""Limit that numbers are clipped to: far below that of float32, so that sums fit too."""

DAY = r"\d{4}-\d{2}-\d{2}"
"""Pattern of the day with which a date in ISO 8601 begins."""

SHORT = 2_000
"""Number of rows up to which the strings of all columns are read at once."""

TEXT_LENGTH = 40
"""Mean number of characters from which strings are texts; names and titles are shorter."""


class TableCleaner(TransformerMixin, BaseEstimator):
    """Transformer of a table into columns of float64, str and object, with NaN for missing values.

    Numbers, booleans and time spans become float64. Infinities become NaN, and numbers too large
    for float32, which trees compute in, are clipped. Dates, also those written in ISO 8601, become
    float64 columns of their parts. All other columns become strings: texts, of type object, if the
    values are long and mostly different; else categories, of type str. In a table of one column a
    text need not be long. A column of pandas' categorical type is never a text. Columns are found
    by name, in any order.

    Attributes
    ----------
    forms_ : dict
        Form of each column, by name: ``"number"``, ``"date"``, ``"string"`` or ``"text"``.
    order_ : list of str
        Column names in the order in which their cleaned columns are returned.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names in the order of `fit`.
    n_features_in_ : int
        Number of columns.
    """

    def fit(self, X, y=None):
        X = as_frame(X)
        self.forms_ = column_forms(X)
        self.order_ = clean_order(self.forms_, plain_numbers(X))
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Return the cleaned columns in the same order for every table, numbers first.

        Raises
        ------
        ValueError
            If a column of `fit` is missing, or if `fit` did not see a column.
        """
        check_is_fitted(self)
        X = as_frame(X)
        check_columns(self.feature_names_in_, X.columns)
        # All plain numbers are converted at once: one column at a time is much slower.
        readable = plain_numbers(X)
        plain = [name for name in self.order_ if self.forms_[name] == "number" and name in readable]
        numbers = pd.DataFrame(cut_off(X[plain].to_numpy(np.float64)), X.index, plain)
        others, columns = {}, []
        for name in self.order_:
            if name in numbers:
                columns.append(name)
                continue
            for part, values in CLEANED[self.forms_[name]](name, X[name]).items():
                # A part of a date must not replace a column of the same name.
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
    """Return a table as a DataFrame; columns without names are called x0, x1 and so on."""
    if isinstance(X, pd.DataFrame) and not isinstance(X.columns, pd.RangeIndex):
        return X
    X = pd.DataFrame(X)
    return X.set_axis([f"x{number}" for number in range(X.shape[1])], axis=1)


def check_columns(expected, got):
    """Raise ValueError unless both hold the same names, in any order."""
    # Names in the same order are the usual case, and sets of them would take longer.
    if len(expected) == len(got) and (np.asarray(got, dtype=object) == expected).all():
        return
    missing, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
    if missing or extra:
        raise ValueError(
            "The feature names should match those that were passed during fit:"
            f" missing columns {missing}, unexpected columns {extra}."
        )


def column_forms(X):
    """Return the form of each column: "number", "date", "string" or "text"."""
    by_type = {dtype: form_of_type(dtype) for dtype in set(X.dtypes)}
    length = TEXT_LENGTH if X.shape[1] > 1 else 0
    forms = {name: by_type[dtype] for name, dtype in X.dtypes.items()}
    for dtype in [dtype for dtype, form in by_type.items() if form is None]:
        names = [name for name, other in X.dtypes.items() if other == dtype]
        columns = X if len(names) == X.shape[1] else X[names]
        for name, known in zip(names, known_values(columns, dtype), strict=True):
            forms[name] = form_of_values(known, dtype, length)
    return forms


def known_values(X, dtype):
    """Yield the values of each column that are not missing, as an array."""
    # In a short table, most of the time would go to what pandas does for each column.
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
    """Return column names sorted by form: plain numbers, other numbers and dates, strings."""
    ranks = {
        name: 0 if form == "number" and name in plain else 2 if form in STRINGS else 1
        for name, form in forms.items()
    }
    return sorted(forms, key=ranks.__getitem__)


def form_of_type(dtype):
    """Return the form of columns of a type, or None if it depends on the values."""
    types = pd.api.types
    # Kind "m" are time spans.
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype) or dtype.kind == "m":
        return "number"
    if types.is_datetime64_any_dtype(dtype):
        return "date"
    return "string" if isinstance(dtype, pd.CategoricalDtype) else None


def form_of_values(known, dtype, length):
    """Return the form of a column of strings or objects, by its values that are not missing."""
    if len(known) == 0:
        return "number"
    is_object = pd.api.types.is_object_dtype(dtype)
    if is_object and pd.to_numeric(pd.Series(known), errors="coerce").notna().all():
        return "number"
    if looks_like_dates(known) and read_dates(pd.Series(known)).notna().all():
        return "date"
    return "text" if looks_like_text(known, length) else "string"


def looks_like_dates(known):
    """Return True if the first hundred values begin like dates in ISO 8601."""
    if re.match(DAY, str(known[0])) is None:
        return False
    return pd.Series(known[:100]).astype(str).str.match(DAY).all()


def looks_like_text(known, length):
    """Return True if most values differ and they have at least `length` characters on average."""
    # About a thousand values decide, so that some of the rows look like all of them.
    texts = about_a_thousand(known).tolist()
    if not set(map(type, texts)) <= {str}:
        texts = pd.Series(texts, dtype=object).astype(str).tolist()
    mostly_different = len(texts) >= 20 and len(set(texts)) > len(texts) / 2
    return mostly_different and sum(map(len, texts)) >= length * len(texts)


def about_a_thousand(values):
    """Return about a thousand values of an array, evenly spread; all of them if there are fewer."""
    return values[:: max(1, len(values) // 1_000)]


def plain_numbers(X):
    """Return the names of the columns that hold numbers in numpy arrays."""
    return {
        name
        for name, dtype in X.dtypes.items()
        if isinstance(dtype, np.dtype) and dtype.kind in "fiub"
    }


def cut_off(values):
    """Return numbers clipped to `LARGEST`, with NaN for infinities."""
    if not (np.abs(values) > LARGEST).any():
        return values
    return np.where(np.isinf(values), np.nan, np.clip(values, -LARGEST, LARGEST))


def read_dates(column):
    """Return a column as dates in UTC without a time zone; a value that is no date becomes NaT."""
    return pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)


def clean_number(name, column):
    """Return a column of numbers, booleans or time spans (in seconds) as floats, by name."""
    if column.dtype.kind == "m":
        numbers = column.dt.total_seconds()
    else:
        numbers = pd.to_numeric(column.astype(object), errors="coerce")
    return {name: cut_off(numbers.to_numpy(dtype=np.float64, na_value=np.nan))}


def clean_date(name, column):
    """Return the parts of a column of dates as floats, by name."""
    dates = read_dates(column).dt.as_unit("us")  # nanoseconds end in the year 2262
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
    """Return a column as strings of type `MISSABLE_STRING`, by name."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        # Converting each category once is faster than converting each value.
        texts = pd.array([as_text(category) for category in column.cat.categories], MISSABLE_STRING)
        column = pd.Series(texts.take(column.cat.codes.to_numpy(), allow_fill=True), column.index)
    elif column.dtype != MISSABLE_STRING:
        column = clean_text(name, column)[name].astype(MISSABLE_STRING)
    else:
        column = column.copy()
    return {name: column}


def clean_text(name, column):
    """Return a column as strings of type object, by name."""
    values = column.map(as_text).astype(object)
    return {name: values.where(column.notna(), np.nan)}


def as_text(value):
    """Return a value as text; a whole float is written as an integer."""
    # A column of integer codes is read as floats where some of them are missing.
    is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if is_whole else str(value)


CLEANED = {
    "number": clean_number,
    "date": clean_date,
    "string": clean_string,
    "text": clean_text,
}
"""Function that cleans a column, by form."""

STRINGS = ("string", "text")
"""Forms of columns that become strings."""
