"""Calibration of the probabilities of a classifier.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted


class PlattScaledClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classifier with a slope and biases for the logarithms of its probabilities (Platt 1999).

    They are parameters: `fit` would need predictions of rows that the model has not seen. Smaller
    probabilities than `smallest` are raised to it.
    """

    def __init__(self, estimator, slope=1.0, biases=0.0, smallest=1e-6):
        self.estimator = estimator
        self.slope = slope
        self.biases = biases
        self.smallest = smallest

    def fit(self, X, y, **params):
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        shares = np.maximum(self.estimator_.predict_proba(X), self.smallest)
        return softmax(self.slope * np.log(shares) + self.biases, axis=1)

    def predict(self, X):
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]

    def get_metadata_routing(self):
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)
