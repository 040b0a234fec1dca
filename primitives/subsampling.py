"""Models fitted on some of the rows they are given.

It depends on scikit-learn only, so that an exported pipeline can carry its source.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import _safe_indexing, check_random_state, get_tags
from sklearn.utils.validation import _num_samples, check_is_fitted


class Subsampled(MetaEstimatorMixin, BaseEstimator):
    """What the classifier and the regressor share.

    Parameters
    ----------
    estimator : estimator
    max_rows : int, default=2000
        That it is fitted on, drawn at random; a classifier has a row of every class on top.
    random_state : int, RandomState instance or None, default=0

    Attributes
    ----------
    estimator_ : estimator
        Fitted.
    n_features_in_ : int
    """

    def __init__(self, estimator, max_rows=2000, random_state=0):
        self.estimator = estimator
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator)
        if _num_samples(X) > self.max_rows:
            rows = self._rows(y)
            X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
        self.estimator_.fit(X, y)
        return self

    def _rows(self, y):
        rng = check_random_state(self.random_state)
        return rng.permutation(_num_samples(y))[: self.max_rows]

    @property
    def n_features_in_(self):
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def predict(self, X):
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


class SubsampledClassifier(ClassifierMixin, Subsampled):
    """A classifier fitted on some of the rows it is given, with one of every class."""

    def _rows(self, y):
        return np.union1d(super()._rows(y), np.unique(y, return_index=True)[1])

    @property
    def classes_(self):
        check_is_fitted(self)
        return self.estimator_.classes_

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)


class SubsampledRegressor(RegressorMixin, Subsampled):
    """A regressor fitted on some of the rows it is given."""
