"""Probabilities of a classifier, made sharper or softer.

It depends on scikit-learn only, so that an exported pipeline can carry its source.
"""

from __future__ import annotations

from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted


class TemperatureScaledClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Scale the probabilities of a classifier by a temperature (Guo et al. 2017).

    The temperature is a parameter, not learned by `fit`: it was learned on predictions of rows that
    the classifier had not seen.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`.
    temperature : float, default=1.0
        Below 1 probabilities become sharper, above 1 softer.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    """

    def __init__(self, estimator, temperature=1.0):
        self.estimator = estimator
        self.temperature = temperature

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    @property
    def n_features_in_(self):
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def predict(self, X):
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def predict_proba(self, X):
        check_is_fitted(self)
        return scaled(self.estimator_.predict_proba(X), self.temperature)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def scaled(probabilities, temperature):
    """Return probabilities of shape (..., n_classes) with their logarithms divided by a
    temperature; 1 leaves them as they are."""
    if temperature == 1:
        return probabilities
    largest = probabilities.max(axis=-1, keepdims=True)
    powers = (probabilities / largest) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)
