"""Models around a model: scaled or pooled probabilities, repeated fits, and fits on fewer rows.

AdaBoost is here too, because scikit-learn's cannot be given weights by metadata routing.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

from numbers import Integral

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
from sklearn.utils import _safe_indexing, check_random_state, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import _num_samples, check_is_fitted

SMALLEST_SHARE = 1e-4
"""Probability that smaller ones are raised to before their logarithm is taken.

It keeps a member that is sure and wrong from deciding for all.
"""


class Wrapper(MetaEstimatorMixin, BaseEstimator):
    """Base of models that predict as a fitted model inside them, and accept the same input.

    Attributes
    ----------
    estimator_ : estimator
        Fitted model.
    n_features_in_ : int
        Number of columns.
    """

    def predict(self, X):
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @property
    def n_features_in_(self):
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def get_metadata_routing(self):
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=type(self).__name__)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


class ClassifierWrapper(ClassifierMixin, Wrapper):
    """Base of the classifiers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    """

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @property
    def classes_(self):
        check_is_fitted(self)
        return self.estimator_.classes_


class TemperatureScaledClassifier(ClassifierWrapper):
    """Classifier whose probabilities are scaled by a temperature (Guo et al. 2017).

    The temperature is a parameter. `fit` does not learn it, because that takes predictions of rows
    that the classifier has not seen.

    Parameters
    ----------
    estimator : classifier
        Classifier with `predict_proba`.
    temperature : float, default=1.0
        Below 1 probabilities become sharper, above 1 softer.
    """

    def __init__(self, estimator, temperature=1.0):
        self.estimator = estimator
        self.temperature = temperature

    def fit(self, X, y, **params):
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        return self

    def predict_proba(self, X):
        return scaled(super().predict_proba(X), self.temperature)


def scaled(probabilities, temperature):
    """Return probabilities of shape (..., n_classes) with logarithms divided by a temperature."""
    if temperature == 1:
        return probabilities
    # Relative to the largest, so that not all powers can underflow to 0.
    largest = probabilities.max(axis=-1, keepdims=True)
    powers = (probabilities / largest) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


class OpinionPoolClassifier(TemperatureScaledClassifier):
    """Average of two opinion pools of the same members (Genest and Zidek 1986).

    The linear pool is the members' weighted average, scaled by a temperature. The logarithmic pool
    adds the members' logarithms, with weights, and a bias for each class.

    Temperature, weights and biases are parameters. `fit` does not learn them, because that takes
    predictions of rows that the members have not seen.

    Parameters
    ----------
    estimator : VotingClassifier
        Members with `predict_proba`, and their weights in the linear pool.
    temperature : float, default=1.0
        Temperature of the linear pool.
    weights : sequence of float or None, default=None
        Weight of each member in the logarithmic pool; None for equal weights that add up to 1.
    biases : sequence of float or None, default=None
        Bias of each class in the logarithmic pool; None for no biases.
    """

    def __init__(self, estimator, temperature=1.0, weights=None, biases=None):
        super().__init__(estimator, temperature)
        self.weights = weights
        self.biases = biases

    def predict_proba(self, X):
        check_is_fitted(self)
        members = self.estimator_.estimators_
        shares = np.stack([member.predict_proba(X) for member in members])
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
    # Relative to the largest, so that no power overflows.
    powers = np.exp(sums - sums.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


class Repeated(Wrapper):
    """Base of models that average fits with different random states.

    Parameters
    ----------
    estimator : estimator
        Model whose random states, its own and those of its parts, are integers.
    n_fits : int, default=3
        Number of fits. The first has the given random states, the others have larger ones.

    Attributes
    ----------
    estimators_ : list of estimator
        Fitted models.
    """

    def __init__(self, estimator, n_fits=3):
        self.estimator = estimator
        self.n_fits = n_fits

    def fit(self, X, y, **params):
        self.estimators_ = [
            reseeded(self.estimator, repeat).fit(X, y, **params) for repeat in range(self.n_fits)
        ]
        return self

    @property
    def estimator_(self):
        return self.estimators_[0]


class RepeatedClassifier(Repeated, ClassifierWrapper):
    """Classifier that averages the probabilities of several fits."""

    def predict_proba(self, X):
        check_is_fitted(self)
        return np.mean([model.predict_proba(X) for model in self.estimators_], axis=0)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class RepeatedRegressor(RegressorMixin, Repeated):
    """Regressor that averages the predictions of several fits."""

    def predict(self, X):
        check_is_fitted(self)
        return np.mean([model.predict(X) for model in self.estimators_], axis=0)


def random_states(estimator):
    """Return the random states that are integers, by parameter name."""
    return {
        name: value
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and isinstance(value, Integral)
    }


def reseeded(estimator, repeat):
    """Return an unfitted copy with `repeat` added to its random states, modulo 2**31."""
    states = {name: (value + repeat) % 2**31 for name, value in random_states(estimator).items()}
    return clone(estimator).set_params(**states)


class Subsampled(Wrapper):
    """Base of models that are fitted on some of the rows.

    Parameters
    ----------
    estimator : estimator
    max_rows : int, default=2000
        Number of rows that are drawn at random to fit on. A classifier adds a row of every class.
    random_state : int, RandomState instance or None, default=0
        Source of the rows that are drawn.
    """

    def __init__(self, estimator, max_rows=2000, random_state=0):
        self.estimator = estimator
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X, y, **params):
        self.estimator_ = clone(self.estimator)
        if _num_samples(X) > self.max_rows:
            rows = self._rows(y)
            X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
            params = {name: _safe_indexing(values, rows) for name, values in params.items()}
        self.estimator_.fit(X, y, **params)
        return self

    def _rows(self, y):
        rng = check_random_state(self.random_state)
        return rng.permutation(_num_samples(y))[: self.max_rows]


class SubsampledClassifier(Subsampled, ClassifierWrapper):
    """Classifier that is fitted on some of the rows, among them one of every class."""

    def _rows(self, y):
        return np.union1d(super()._rows(y), np.unique(y, return_index=True)[1])


class SubsampledRegressor(RegressorMixin, Subsampled):
    """Regressor that is fitted on some of the rows."""


class Unrouted:
    """Mixin of estimators that take weights, but do not support metadata routing themselves."""

    def fit(self, X, y, sample_weight=None):
        with sklearn.config_context(enable_metadata_routing=False):
            return super().fit(X, y, sample_weight)

    def get_metadata_routing(self):
        return self._get_metadata_request()


class RoutedAdaBoostClassifier(Unrouted, AdaBoostClassifier):
    """AdaBoost of classifiers that gets weights by metadata routing."""


class RoutedAdaBoostRegressor(Unrouted, AdaBoostRegressor):
    """AdaBoost of regressors that gets weights by metadata routing."""
