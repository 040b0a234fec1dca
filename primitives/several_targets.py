"""Models of several targets: one model for each target, and averages of such models.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils.validation import check_is_fitted

from primitives.wrappers import RepeatedClassifier, Subsampled, SubsampledClassifier, Wrapper

LABEL = np.array([0, 1])
"""Classes of each label: false and true."""


class MultilabelClassifier(ClassifierMixin, Wrapper):
    """Classifier of several labels, with one classifier for each (binary relevance).

    A label that is the same in all rows is predicted as it is. The classifiers of scikit-learn
    refuse such a label, which a part of the rows easily has.

    Parameters
    ----------
    estimator : classifier
        Classifier of two classes with `predict_proba`.

    Attributes
    ----------
    estimators_ : list of classifier
        Fitted classifiers in the order of the labels.
    classes_ : list of ndarray of shape (2,)
        Classes of each label, 0 and 1.
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y, **params):
        self.estimators_ = [self._fitted(X, label, params) for label in np.asarray(y).T]
        self.classes_ = [LABEL] * len(self.estimators_)
        return self

    def _fitted(self, X, label, params):
        is_constant = bool((label == label[0]).all())
        model = DummyClassifier(strategy="prior") if is_constant else clone(self.estimator)
        return model.fit(X, label, **params)

    def predict_proba(self, X):
        """Return the probability of each label, shape (n_samples, n_labels)."""
        check_is_fitted(self)
        return np.column_stack([probability_of_true(model, X) for model in self.estimators_])

    def predict(self, X):
        return labels_of(self.predict_proba(X))

    @property
    def estimator_(self):
        return self.estimators_[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def probability_of_true(model, X):
    """Return the probability of the class 1, which is 0 or 1 if a model knows one class alone."""
    shares = model.predict_proba(X)
    return shares[:, -1] if model.classes_[-1] == 1 else 1.0 - shares[:, 0]


def labels_of(probabilities):
    """Return 1 for each label that is more probable than not, else 0."""
    return (probabilities > 0.5).astype(np.int64)


class RepeatedMultilabel(RepeatedClassifier):
    """Classifier of several labels that averages the probabilities of several fits."""

    def predict(self, X):
        return labels_of(self.predict_proba(X))


class SubsampledMultilabel(SubsampledClassifier):
    """Classifier of several labels that is fitted on some of the rows."""

    def _rows(self, y):
        return Subsampled._rows(self, y)


class MultilabelVoting(VotingClassifier):
    """Weighted average of the probabilities of classifiers of several labels.

    Attributes
    ----------
    classes_ : list of ndarray of shape (2,)
        Classes of each label, 0 and 1.
    """

    def fit(self, X, y, **params):
        super(VotingClassifier, self).fit(X, y, **params)
        self.classes_ = self.estimators_[0].classes_
        return self

    def predict_proba(self, X):
        """Return the probability of each label, shape (n_samples, n_labels)."""
        check_is_fitted(self)
        shares = [model.predict_proba(X) for model in self.estimators_]
        return np.average(shares, axis=0, weights=self.weights)

    def predict(self, X):
        return labels_of(self.predict_proba(X))


class MultioutputVoting(VotingRegressor):
    """Weighted average of the predictions of regressors of several targets."""

    def fit(self, X, y, **params):
        return super(VotingRegressor, self).fit(X, y, **params)

    def predict(self, X):
        check_is_fitted(self)
        numbers = [model.predict(X) for model in self.estimators_]
        return np.average(numbers, axis=0, weights=self.weights)


class OneForEachLabel(partial):
    """Function that builds a classifier, changed to build one for each label."""

    def __call__(self, /, *inputs, **values):
        return MultilabelClassifier(super().__call__(*inputs, **values))


class OneForEachNumber(partial):
    """Function that builds a regressor, changed to build one for each target."""

    def __call__(self, /, *inputs, **values):
        return MultiOutputRegressor(super().__call__(*inputs, **values))
