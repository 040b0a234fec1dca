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


PARTS = ("days", "year", "month", "day", "weekday", "hour")
"""Names of parts of dates; days are those since 1970."""

CYCLES = {
    "month": (lambda dates: dates.dt.month, 12),
    "day of the year": (lambda dates: dates.dt.day_of_year, 365.25),
    "weekday": (lambda dates: dates.dt.day_of_week, 7),
    "hour": (lambda dates: dates.dt.hour + dates.dt.minute / 60, 24),
}
"""Function from dates to numbers, and the number after which these begin again, by name."""

CYCLIC_PARTS = (
    "days",
    "year",
    *(f"{wave} of {part}" for part in CYCLES for wave in ("sine", "cosine")),
)
"""Names of parts of dates of which most have no first and no last value."""


def part_of(dates, part):
    """Return a part of dates as floats, such as "month"; days are those since 1970."""
    name = "day_of_week" if part == "weekday" else part
    values = days_of(dates) if part == "days" else getattr(dates.dt, name)
    return np.asarray(values, dtype=np.float64)


def cyclic_part_of(dates, part):
    """Return a part of dates as floats, such as "sine of month"; others as `part_of` does."""
    wave, _, cycle = part.partition(" of ")
    if not cycle:
        return part_of(dates, part)
    function, length = CYCLES[cycle]
    angles = 2 * np.pi / length * np.asarray(function(dates), dtype=np.float64)
    return np.sin(angles) if wave == "sine" else np.cos(angles)


def parts_of_dates(table, parts, differences=(), read=part_of):
    """Return parts of dates, listed by column, and the days from one column to another."""
    columns = [read(table[name], part) for name, chosen in parts.items() for part in chosen]
    columns += [days_of(table[last]) - days_of(table[first]) for first, last in differences]
    return np.column_stack(columns)


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
        parts, read = (CYCLIC_PARTS, cyclic_part_of) if self.cyclic else (PARTS, part_of)
        found = {
            f"{{{place}}} ({part})": read(X[name], part)
            for place, name in enumerate(self.feature_names_in_)
            for part in parts
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


def varies(values):
    """Return True if numbers without the missing ones are not all the same."""
    known = values[~np.isnan(values)]
    return len(known) > 0 and np.ptp(known) > 1e-9
