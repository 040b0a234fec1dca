"""Isolation of a step that may write to its inputs.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def private_copy(value):
    """Return a writable copy that shares no memory with the value."""
    if isinstance(value, np.ndarray):
        return np.array(value, order="K")  # in another layout, sums may differ in the last digit
    return value.copy() if hasattr(value, "copy") else deepcopy(value)


class Isolated(MetaEstimatorMixin, BaseEstimator):
    """Meta-estimator that passes copies to an estimator, and returns copies of its results.

    A pipeline passes the same target to all its steps, and the same matrix to all its branches. A
    step that writes to them would change what the others learn.

    Parameters
    ----------
    estimator : estimator

    Attributes
    ----------
    estimator_ : estimator
        Fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        Class labels, if it is a classifier.
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y=None, **params):
        self.estimator_ = clone(self.estimator)
        self.estimator_.fit(private_copy(X), private_copy(y), **self._routed("fit", params))
        return self

    @available_if(lambda self: hasattr(self.estimator, "transform"))
    def fit_transform(self, X, y=None, **params):
        # Without a `fit_transform` of its own, an estimator gets one copy to fit, one to transform.
        if not fits_and_transforms(self.estimator):
            return self.fit(X, y, **params).transform(X)
        self.estimator_ = clone(self.estimator)
        routed = self._routed("fit_transform", params)
        return private_copy(
            self.estimator_.fit_transform(private_copy(X), private_copy(y), **routed)
        )

    @available_if(lambda self: hasattr(self.estimator, "transform"))
    def transform(self, X):
        check_is_fitted(self)
        return private_copy(self.estimator_.transform(private_copy(X)))

    @available_if(lambda self: hasattr(self.estimator, "set_output"))
    def set_output(self, *, transform=None):
        self.estimator.set_output(transform=transform)
        return self

    @available_if(lambda self: hasattr(self.estimator, "get_feature_names_out"))
    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        return self.estimator_.get_feature_names_out(input_features)

    @available_if(lambda self: hasattr(self.estimator, "predict"))
    def predict(self, X):
        check_is_fitted(self)
        return private_copy(self.estimator_.predict(private_copy(X)))

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, X):
        check_is_fitted(self)
        return private_copy(self.estimator_.predict_proba(private_copy(X)))

    @property
    def classes_(self):
        return self.estimator_.classes_

    def get_metadata_routing(self):
        callee = "fit_transform" if fits_and_transforms(self.estimator) else "fit"
        mapping = MethodMapping().add(caller="fit", callee="fit")
        mapping.add(caller="fit_transform", callee=callee)
        router = MetadataRouter(owner=type(self).__name__)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def _routed(self, method, params):
        if not params:
            return {}
        copies = {name: private_copy(value) for name, value in params.items()}
        return process_routing(self, method, **copies).estimator[method]

    def __sklearn_tags__(self):
        has_tags = hasattr(self.estimator, "__sklearn_tags__")
        return get_tags(self.estimator) if has_tags else super().__sklearn_tags__()


def fits_and_transforms(estimator):
    """Return True if an estimator has its own `fit_transform`, not only that of the mixin."""
    own = getattr(type(estimator), "fit_transform", TransformerMixin.fit_transform)
    return own is not TransformerMixin.fit_transform
