"""Numeric features from columns of dates.

Exported files contain copies of the estimators; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

PARTS = {
    "days": lambda dates: (dates - pd.Timestamp(0)).dt.total_seconds() / 86_400,
    "year": lambda dates: dates.dt.year,
    "month": lambda dates: dates.dt.month,
    "day": lambda dates: dates.dt.day,
    "weekday": lambda dates: dates.dt.day_of_week,
    "hour": lambda dates: dates.dt.hour,
}
"""Function from dates to numbers, by the name of the part."""


class DateParts(TransformerMixin, BaseEstimator):
    """Transformer of dates into numbers: days since 1970, year, month, day, weekday and hour.

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
        parts = [part(X[name]) for name in self.feature_names_in_ for part in PARTS.values()]
        return np.column_stack([values.to_numpy(np.float64, na_value=np.nan) for values in parts])

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        names = [f"{name} ({part})" for name in self.feature_names_in_ for part in PARTS]
        return np.asarray(names, dtype=object)
