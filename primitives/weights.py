"""Fits with weights of rows, which reach every step that can use them.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import get_routing_for_object


def fit_with_weights(estimator, X, y, sample_weight):
    """Fit an estimator by metadata routing, and return it.

    Parameters
    ----------
    estimator : estimator
    X : table of shape (n_samples, n_features)
    y : array of shape (n_samples,) or (n_samples, n_targets)
    sample_weight : array of shape (n_samples,)
    """
    with sklearn.config_context(enable_metadata_routing=True):
        request_weights(estimator)
        if not get_routing_for_object(estimator).consumes("fit", ["sample_weight"]):
            return estimator.fit(X, y)
        return estimator.fit(X, y, sample_weight=sample_weight)


def request_weights(estimator):
    """Let every part of an estimator that takes weights in `fit` ask for them."""
    for part in [estimator, *estimator.get_params(deep=True).values()]:
        request = getattr(part, "set_fit_request", None)
        if isinstance(part, BaseEstimator) and request is not None:
            try:
                request(sample_weight=True)
            except TypeError:  # `fit` takes other metadata, and no weights
                continue
