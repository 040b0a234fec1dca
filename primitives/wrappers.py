"""Models around a model: probabilities made sharper or softer, or pooled, several fits of it, and
fits on some of the rows.

They depend on numpy and scikit-learn only, so that an exported pipeline can carry their source.
"""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import _safe_indexing, check_random_state, get_tags
from sklearn.utils.validation import _num_samples, check_is_fitted

SMALLEST_SHARE = 1e-4
"""Of which a logarithm is taken: one member that is sure and wrong cannot decide for all."""


class Wrapper(MetaEstimatorMixin, BaseEstimator):
    """What all of them share: they predict as the model inside, and take what it takes.

    Attributes
    ----------
    estimator_ : estimator
        Fitted.
    n_features_in_ : int
    """

    def predict(self, X):
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @property
    def n_features_in_(self):
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


class ClassifierWrapper(ClassifierMixin, Wrapper):
    """What the classifiers share.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    """

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @property
    def classes_(self):
        check_is_fitted(self)
        return self.estimator_.classes_


class TemperatureScaledClassifier(ClassifierWrapper):
    """Scale the probabilities of a classifier by a temperature (Guo et al. 2017).

    The temperature is a parameter, not learned by `fit`: it was learned on predictions of rows that
    the classifier had not seen.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`.
    temperature : float, default=1.0
        Below 1 probabilities become sharper, above 1 softer.
    """

    def __init__(self, estimator, temperature=1.0):
        self.estimator = estimator
        self.temperature = temperature

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator).fit(X, y)
        return self

    def predict_proba(self, X):
        return scaled(super().predict_proba(X), self.temperature)


def scaled(probabilities, temperature):
    """Return probabilities of shape (..., n_classes) with their logarithms divided by a
    temperature; 1 leaves them as they are."""
    if temperature == 1:
        return probabilities
    largest = probabilities.max(axis=-1, keepdims=True)
    powers = (probabilities / largest) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


class OpinionPoolClassifier(TemperatureScaledClassifier):
    """Average two opinion pools of the same members (Genest & Zidek 1986): the linear one, their
    weighted average scaled by a temperature, and the logarithmic one, whose logarithms are a
    weighted sum of theirs and a bias for each class.

    Temperature, weights and biases are parameters, not learned by `fit`: they were learned on
    predictions of rows that the members had not seen.

    Parameters
    ----------
    estimator : VotingClassifier
        The members, with the weights of the linear pool; all have `predict_proba`.
    temperature : float, default=1.0
        Of the linear pool.
    weights : sequence of float or None, default=None
        Of the logarithmic pool, by member; None for equal ones that add up to 1.
    biases : sequence of float or None, default=None
        Of the logarithmic pool, by class; None for none.
    """

    def __init__(self, estimator, temperature=1.0, weights=None, biases=None):
        super().__init__(estimator, temperature)
        self.weights = weights
        self.biases = biases

    def predict_proba(self, X):
        check_is_fitted(self)
        members = self.estimator_.estimators_
        shares = np.stack([one.predict_proba(X) for one in members])
        linear = np.average(shares, axis=0, weights=self.estimator_.weights)
        weights = np.full(len(members), 1 / len(members)) if self.weights is None else self.weights
        biases = 0.0 if self.biases is None else self.biases
        return (scaled(linear, self.temperature) + log_pooled(shares, weights, biases)) / 2

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def log_pooled(shares, weights, biases):
    """Return the logarithmic pool of probabilities of shape (n_members, n_rows, n_classes)."""
    logarithms = np.log(np.clip(shares, SMALLEST_SHARE, 1))
    sums = np.tensordot(np.asarray(weights), logarithms, axes=1) + np.asarray(biases)
    powers = np.exp(sums - sums.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


class Repeated(Wrapper):
    """Average fits of a model that differ in their random states: what the classifier and the
    regressor share.

    Parameters
    ----------
    estimator : estimator
        With integers as random states, its own or of its parts.
    n_fits : int, default=3
        The first has the random states that were given, the others have later ones.

    Attributes
    ----------
    estimators_ : list of estimator
        Fitted.
    """

    def __init__(self, estimator, n_fits=3):
        self.estimator = estimator
        self.n_fits = n_fits

    def fit(self, X, y):
        self.estimators_ = [
            reseeded(self.estimator, repeat).fit(X, y) for repeat in range(self.n_fits)
        ]
        return self

    @property
    def estimator_(self):
        return self.estimators_[0]


class RepeatedClassifier(Repeated, ClassifierWrapper):
    """A classifier that averages the probabilities of several fits."""

    def predict_proba(self, X):
        check_is_fitted(self)
        return np.mean([one.predict_proba(X) for one in self.estimators_], axis=0)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class RepeatedRegressor(RegressorMixin, Repeated):
    """A regressor that averages the predictions of several fits."""

    def predict(self, X):
        check_is_fitted(self)
        return np.mean([one.predict(X) for one in self.estimators_], axis=0)


def random_states(estimator):
    """Return the parameters that are random states and integers, by their names."""
    return {
        name: value
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and isinstance(value, Integral)
    }


def reseeded(estimator, repeat):
    """Return an unfitted copy whose random states are later by some, none of them above 2**31."""
    states = {name: (value + repeat) % 2**31 for name, value in random_states(estimator).items()}
    return clone(estimator).set_params(**states)


class Subsampled(Wrapper):
    """Fit a model on some of the rows: what the classifier and the regressor share.

    Parameters
    ----------
    estimator : estimator
    max_rows : int, default=2000
        That it is fitted on, drawn at random; a classifier has a row of every class on top.
    random_state : int, RandomState instance or None, default=0
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


class SubsampledClassifier(Subsampled, ClassifierWrapper):
    """A classifier fitted on some of the rows it is given, with one of every class."""

    def _rows(self, y):
        return np.union1d(super()._rows(y), np.unique(y, return_index=True)[1])


class SubsampledRegressor(RegressorMixin, Subsampled):
    """A regressor fitted on some of the rows it is given."""
