"""Boosting with early stopping.

Some of the rows are held out to find the number of rounds with the least loss. The model is then
fitted on all rows with that number. A boosting library is imported only where it is used.

Exported files contain copies of this source; see `primitives.transformers`.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

MIN_ROWS_TO_HOLD_OUT = 50
"""Number of rows below which none are held out."""

PATIENCE = 30
"""Rounds without a better held-out loss after which fitting stops."""


def rounds_lightgbm(model, patience, train, held_out):
    """Return the number of rounds of a LightGBM model with the least held-out loss."""
    model.set_params(early_stopping_round=patience, verbosity=-1)
    X, y, weights = held_out
    # LightGBM before 4.7 takes the held-out rows as `eval_set`, which later versions deprecate.
    takes_parts = has_fit_parameter(model, "eval_X")
    parts = {"eval_X": X, "eval_y": y} if takes_parts else {"eval_set": [(X, y)]}
    weights = None if weights is None else [weights]
    model.fit(*train, eval_sample_weight=weights, **parts)
    return model.best_iteration_


def rounds_xgboost(model, patience, train, held_out):
    """Return the number of rounds of an XGBoost model with the least held-out loss."""
    model.set_params(early_stopping_rounds=patience)
    X, y, weights = train
    model.fit(
        X,
        y,
        sample_weight=weights,
        eval_set=[held_out[:2]],
        sample_weight_eval_set=None if weights is None else [held_out[2]],
        verbose=False,
    )
    return model.best_iteration + 1  # iterations count from 0


def rounds_catboost(model, patience, train, held_out):
    """Return the number of rounds of a CatBoost model with the least held-out loss."""
    from catboost import Pool

    model.set_params(od_type="Iter", od_wait=patience)
    pools = [Pool(X, y, weight=weights) for X, y, weights in (train, held_out)]
    model.fit(pools[0], eval_set=pools[1], verbose=False)
    return model.get_best_iteration() + 1  # iterations count from 0


def rounds_sklearn(model, patience, train, held_out):
    """Return the number of rounds of scikit-learn's model with the least held-out loss."""
    model.set_params(early_stopping=True, n_iter_no_change=patience)
    X, y, weights = held_out
    model.fit(*train, X_val=X, y_val=y, sample_weight_val=weights)
    return int(np.argmax(model.validation_score_[1:])) + 1  # the first precedes all rounds


ROUNDS = {
    "sklearn": (rounds_sklearn, "max_iter"),
    "lightgbm": (rounds_lightgbm, "n_estimators"),
    "xgboost": (rounds_xgboost, "n_estimators"),
    "catboost": (rounds_catboost, "iterations"),
}
"""Function that finds the number of rounds, and parameter that sets it, by library."""


def with_values(X):
    """Return features with zeros in the columns that hold only NaN."""
    # Histogram boosting fails on such columns. No tree splits on a constant, so zeros are neutral.
    is_empty = np.isnan(X).all(axis=0)
    return np.where(is_empty, 0.0, X) if is_empty.any() else X


def values_of(X):
    """Return features as an array, also those of a DataFrame."""
    return X.to_numpy() if hasattr(X, "to_numpy") else X


class EarlyStopped(MetaEstimatorMixin, BaseEstimator):
    """Base of the classifier and the regressor.

    Parameters
    ----------
    estimator : estimator
        Model of LightGBM, XGBoost or CatBoost, or scikit-learn's histogram boosting. Its number of
        rounds is the most that are tried.
    patience : int or None, default=30
        Rounds without a better held-out loss after which fitting stops. None for no early
        stopping: all rounds are done.
    validation_fraction : float, default=0.15
        Share of the rows that are held out.
    random_state : int, default=None
        Seed of the split.

    Attributes
    ----------
    estimator_ : estimator
        Model fitted on all rows with `n_rounds_` rounds.
    n_rounds_ : int
        Number of rounds that was found.
    """

    def __init__(self, estimator, patience=PATIENCE, validation_fraction=0.15, random_state=None):
        self.estimator = estimator
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def _fit(self, X, y, sample_weight):
        X = values_of(X)
        find_rounds, parameter = ROUNDS[type(self.estimator).__module__.split(".")[0]]
        self.n_features_in_ = X.shape[1]
        self.n_rounds_ = self.estimator.get_params()[parameter]
        holds_out = self.patience is not None and len(y) >= MIN_ROWS_TO_HOLD_OUT
        kept, held_out = self._split(y) if holds_out else ([], [])
        if len(held_out):
            weights = unseen_weights = None
            if sample_weight is not None:
                weights, unseen_weights = sample_weight[kept], sample_weight[held_out]
                if not unseen_weights.any():  # no loss is defined without a weight
                    unseen_weights = np.ones_like(unseen_weights)
            train = with_values(X[kept]), y[kept], weights
            unseen = X[held_out], y[held_out], unseen_weights
            best = find_rounds(clone(self.estimator), self.patience, train, unseen)
            self.n_rounds_ = max(1, best)
        self.estimator_ = clone(self.estimator).set_params(**{parameter: self.n_rounds_})
        self.estimator_.fit(with_values(X), y, sample_weight=sample_weight)
        return self

    def _response(self, method, X):
        with warnings.catch_warnings():
            # LightGBM before 4.7 misses names of columns, although it was fitted without any.
            warnings.filterwarnings("ignore", "X does not have valid feature names")
            return getattr(self.estimator_, method)(values_of(X))

    def _split(self, y, stratify=None):
        """Return the rows to find the number of rounds on, and the held-out rows."""
        return train_test_split(
            np.arange(len(y)),
            test_size=self.validation_fraction,
            stratify=stratify,
            random_state=self.random_state,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class EarlyStoppedClassifier(ClassifierMixin, EarlyStopped):
    """Boosted classifier with early stopping; labels may be of any type."""

    def fit(self, X, y, sample_weight=None):
        self._labels = LabelEncoder().fit(y)
        self.classes_ = self._labels.classes_
        return self._fit(X, self._labels.transform(y), sample_weight)

    def _split(self, y):
        """Return a split that is stratified where it can be; every class is among the first."""
        held_out_rows = len(y) * self.validation_fraction
        stratifies = np.bincount(y).min() >= 2 and held_out_rows >= len(self.classes_)
        kept, held_out = super()._split(y, y if stratifies else None)
        # Models cannot score a class that they have not seen.
        is_known = np.isin(y[held_out], y[kept])
        return np.append(kept, held_out[~is_known]), held_out[is_known]

    def predict_proba(self, X):
        check_is_fitted(self)
        return self._response("predict_proba", X)

    def predict(self, X):
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


class EarlyStoppedRegressor(RegressorMixin, EarlyStopped):
    """Boosted regressor with early stopping."""

    def fit(self, X, y, sample_weight=None):
        return self._fit(X, np.asarray(y, dtype=float), sample_weight)

    def predict(self, X):
        check_is_fitted(self)
        return self._response("predict", X)
