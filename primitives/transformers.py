"""Transformers that scikit-learn does not have.

Exported files contain copies of this source. So it depends only on numpy and scikit-learn, and has
no annotations.
"""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    clone,
    is_classifier,
)
from sklearn.feature_selection import SelectFwe
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.preprocessing import OrdinalEncoder, TargetEncoder
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_array,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

TAKES_SPLITTER = TargetEncoder().get_params().get("shuffle", "deprecated") == "deprecated"
"""True since scikit-learn 1.9, in which a splitter may give the folds of target encoding."""


class UngroupedTargetEncoder(TargetEncoder):
    """Target encoder with the folds of a splitter, with weights, and without groups.

    An integer weight counts as that many equal rows. Weights need a number as `smooth`.

    Parameters
    ----------
    categories, target_type, smooth
        Parameters of `sklearn.preprocessing.TargetEncoder`.
    cv : KFold or StratifiedKFold
        Splitter: stratified for classes, else not.
    """

    _parameter_constraints = TargetEncoder._parameter_constraints | {"cv": ["cv_object"]}

    def __init__(self, categories="auto", target_type="auto", smooth="auto", cv=5):
        super().__init__(categories, target_type, smooth, cv)

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y)
        if sample_weight is not None:
            codes, targets = self._codes_and_targets(X, y)
            self.target_mean_, self.encodings_ = self._means(codes, targets, sample_weight)
        return self

    def fit_transform(self, X, y, sample_weight=None):
        if sample_weight is None:
            # With metadata routing, the encoder of scikit-learn 1.9 fails if there are no groups.
            with sklearn.config_context(enable_metadata_routing=False):
                return self._fit_transform_unweighted(X, y)
        codes, targets = self.fit(X, y, sample_weight)._codes_and_targets(X, y)
        encoded = np.empty((len(codes), len(self.encodings_)))
        for train, rest in self.cv.split(X, y):
            _, means = self._means(codes[train], targets[train], sample_weight[train])
            for column, mean in enumerate(means):
                encoded[rest, column] = mean[codes[rest, column // targets.shape[1]]]
        return encoded

    def _fit_transform_unweighted(self, X, y):
        if TAKES_SPLITTER:
            return super().fit_transform(X, y)
        folds = {name: getattr(self.cv, name) for name in ("shuffle", "random_state")}
        encoder = TargetEncoder(
            self.categories, self.target_type, self.smooth, self.cv.n_splits, **folds
        )
        self.fit(X, y)
        return encoder.fit_transform(X, y)

    def _codes_and_targets(self, X, y):
        """Return the place of each value in `categories_`, and the target or its indicators."""
        codes = OrdinalEncoder(encoded_missing_value=-1, dtype=int).fit_transform(X)
        codes %= [len(categories) for categories in self.categories_]  # missing values come last
        if self.target_type == "continuous":
            return codes, np.asarray(y, dtype=np.float64)[:, None]
        classes = self.classes_ if self.target_type == "multiclass" else self.classes_[1:]
        return codes, (np.asarray(y)[:, None] == classes).astype(np.float64)

    def _means(self, codes, targets, weights):
        """Return the mean of each target, and the smoothed means of all categories by column."""
        overall = np.average(targets, axis=0, weights=weights)
        means = []
        for column, categories in zip(codes.T, self.categories_, strict=True):
            counts = np.bincount(column, weights, len(categories)) + self.smooth
            for target, mean in zip(targets.T, overall, strict=True):
                sums = np.bincount(column, weights * target, len(categories))
                means.append((sums + self.smooth * mean) / counts)
        return overall if self.target_type == "multiclass" else overall[0], means

    def get_metadata_routing(self):
        return self._get_metadata_request()  # that of `TargetEncoder` knows no weights


class AtMostColumns(MetaEstimatorMixin, TransformerMixin, BaseEstimator):
    """Meta-estimator with no more components than there are columns.

    Parameters
    ----------
    estimator : estimator
    parameter : str, default="n_components"
        Parameter of the estimator that `fit` lowers to the number of columns if it is larger.
    """

    def __init__(self, estimator, parameter="n_components"):
        self.estimator = estimator
        self.parameter = parameter

    def fit(self, X, y=None):
        wanted = self.estimator.get_params()[self.parameter]
        self.estimator_ = clone(self.estimator).set_params(
            **{self.parameter: min(wanted, X.shape[1])}
        )
        self.estimator_.fit(X, y)
        return self

    @available_if(lambda self: hasattr(self.estimator, "transform"))
    def transform(self, X):
        check_is_fitted(self)
        return self.estimator_.transform(X)

    @available_if(lambda self: hasattr(self.estimator, "predict"))
    def predict(self, X):
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(lambda self: hasattr(self.estimator, "score"))
    def score(self, X, y, sample_weight=None):
        """Return the score that the estimator itself gives."""
        check_is_fitted(self)
        return self.estimator_.score(X, y, sample_weight)

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        return self.estimator_.get_feature_names_out(input_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.regressor_tags = inner.regressor_tags
        return tags


class BestFamilyWise(SelectFwe):
    """Family-wise error selection that keeps the best column if none passes the test."""

    def _get_support_mask(self):
        mask = super()._get_support_mask()
        if not mask.any():
            mask[np.argmin(np.nan_to_num(self.pvalues_, nan=1.0))] = True
        return mask


class OutOfFoldPredictions(MetaEstimatorMixin, TransformerMixin, BaseEstimator):
    """Predictions of a model as features for another (stacked generalisation, Wolpert 1992).

    `fit_transform` gives each row the prediction of a model that was fitted without it. `transform`
    uses a model fitted on all rows. The features are the probability of every class but the first,
    or the predicted number.

    Parameters
    ----------
    estimator : classifier or regressor
    n_splits : int, default=3
        Number of inner folds.
    random_state : int, default=None
        Seed of the inner folds.
    """

    def __init__(self, estimator, n_splits=3, random_state=None):
        self.estimator = estimator
        self.n_splits = n_splits
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.estimator_ = clone(self.estimator).fit(X, y, **self._weights(sample_weight))
        return self

    def fit_transform(self, X, y, sample_weight=None):
        self.fit(X, y, sample_weight)
        splitter = StratifiedKFold if is_classifier(self.estimator) else KFold
        predictions = cross_val_predict(
            self.estimator,
            X,
            y,
            cv=splitter(self.n_splits, shuffle=True, random_state=self.random_state),
            method="predict_proba" if is_classifier(self.estimator) else "predict",
            params=self._weights(sample_weight),
        )
        return self._as_features(predictions)

    def transform(self, X):
        check_is_fitted(self)
        if is_classifier(self.estimator_):
            return self._as_features(self.estimator_.predict_proba(X))
        return self._as_features(self.estimator_.predict(X))

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        if is_classifier(self.estimator_):
            return np.array([f"prediction_{name}" for name in self.estimator_.classes_[1:]], object)
        return np.array(["prediction"], object)

    def _weights(self, sample_weight):
        """Return the weights by their name; nothing if the estimator takes none."""
        names = ["sample_weight"]
        takes = has_fit_parameter(self.estimator, *names) or get_routing_for_object(
            self.estimator
        ).consumes("fit", names)
        return {"sample_weight": sample_weight} if takes and sample_weight is not None else {}

    @staticmethod
    def _as_features(predictions):
        return predictions.reshape(-1, 1) if predictions.ndim == 1 else predictions[:, 1:]


class BoundedLog(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Logarithm of non-negative values, whose inverse stays near the values seen in `fit`.

    Without bounds, a small extrapolation of the logarithm would be wrong by a large factor.

    Parameters
    ----------
    margin : float, default=0.1
        Distance that the inverse may go beyond the logarithms seen in `fit`, as a share of their
        range.

    Attributes
    ----------
    low_, high_ : ndarray of shape (n_features_in_,)
        Bounds of the logarithms in the inverse.
    n_features_in_ : int
        Number of columns.
    """

    def __init__(self, margin=0.1):
        self.margin = margin

    def fit(self, X, y=None):
        logarithms = self._logarithms(X, reset=True)
        least, greatest = logarithms.min(axis=0), logarithms.max(axis=0)
        self.low_ = np.maximum(0.0, least - self.margin * (greatest - least))
        self.high_ = greatest + self.margin * (greatest - least)
        return self

    def transform(self, X):
        check_is_fitted(self)
        return self._logarithms(X, reset=False)

    def inverse_transform(self, X):
        check_is_fitted(self)
        return np.expm1(np.clip(check_array(X), self.low_, self.high_))

    def _logarithms(self, X, reset):
        X = validate_data(self, X, reset=reset, dtype=np.float64, ensure_non_negative=True)
        return np.log1p(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
