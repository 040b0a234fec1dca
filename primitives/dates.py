"""Numeric features from columns of dates.

Exported files contain copies of the estimators; see `primitives.transformers`.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted


def days_of(dates):
    """Return the days since 1970, with fractions; NaN where a date is missing."""
    return (dates.to_numpy("datetime64[us]") - np.datetime64(0, "us")) / np.timedelta64(1, "D")


PARTS = {
    "days": days_of,
    "year": lambda dates: dates.dt.year,
    "month": lambda dates: dates.dt.month,
    "day": lambda dates: dates.dt.day,
    "weekday": lambda dates: dates.dt.day_of_week,
    "hour": lambda dates: dates.dt.hour,
}
"""Function from dates to numbers, by the name of the part."""

CYCLES = {
    "month": (lambda dates: dates.dt.month, 12),
    "day of the year": (lambda dates: dates.dt.day_of_year, 365.25),
    "weekday": (lambda dates: dates.dt.day_of_week, 7),
    "hour": (lambda dates: dates.dt.hour + dates.dt.minute / 60, 24),
}
"""Function from dates to numbers, and the number after which these begin again, by name."""


class DateParts(TransformerMixin, BaseEstimator):
    """Transformer of dates into numbers: days since 1970, year, month, day, weekday and hour.

    A part that is the same in all rows of `fit` is left out.

    Parameters
    ----------
    cyclic : bool, default=False
        True for sine and cosine of the month, the day of the year, the weekday and the hour
        instead of these parts, so that the last of them is near the first.
    differences : bool, default=False
        True to add the days between each two columns.

    Attributes
    ----------
    features_ : list of str
        Names of the features, with the place of a column in braces, such as "{0} (month)".
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns.
    n_features_in_ : int
        Number of columns.
    """

    def __init__(self, cyclic=False, differences=False):
        self.cyclic = cyclic
        self.differences = differences

    def fit(self, X, y=None):
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        features = self._features(X)
        varying = [name for name, values in features.items() if varies(values)]
        self.features_ = varying or list(features)[:1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        features = self._features(X)
        return np.column_stack([features[name] for name in self.features_])

    def _features(self, X):
        """Return all features by name, as in `features_`."""
        parts = cyclic_parts if self.cyclic else plain_parts
        found = {
            f"{{{place}}} ({part})": values
            for place, name in enumerate(self.feature_names_in_)
            for part, values in parts(X[name]).items()
        }
        if self.differences:
            days = [days_of(X[name]) for name in self.feature_names_in_]
            for first, second in combinations(range(len(days)), 2):
                found[f"{{{second}}} - {{{first}}} (days)"] = days[second] - days[first]
        return found

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        columns = self.feature_names_in_ if input_features is None else input_features
        return np.asarray([name.format(*columns) for name in self.features_], dtype=object)


def plain_parts(dates):
    """Return the parts of dates by name."""
    return {part: as_floats(function(dates)) for part, function in PARTS.items()}


def cyclic_parts(dates):
    """Return days, year, and sine and cosine of other parts of dates by name."""
    found = {part: as_floats(PARTS[part](dates)) for part in ("days", "year")}
    for part, (function, length) in CYCLES.items():
        angles = 2 * np.pi / length * as_floats(function(dates))
        found[f"sine of {part}"] = np.sin(angles)
        found[f"cosine of {part}"] = np.cos(angles)
    return found


def as_floats(values):
    """Return numbers as an array of floats with NaN for missing ones."""
    return np.asarray(values, dtype=np.float64)


def varies(values):
    """Return True if numbers without the missing ones are not all the same."""
    known = values[~np.isnan(values)]
    return len(known) > 0 and np.ptp(known) > 1e-9
