"""Predictions of a fitted estimator that are computed once, however often a scorer asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from primitives.isolation import private_copy

OF_KNOWN_CLASSES = ("decision_function", "predict_log_proba")
"""Methods that cannot be completed for classes that a model was not fitted on."""


def lacks_some(estimator: Any, classes: np.ndarray | None) -> bool:
    """Return True if a classifier was fitted on rows that lack some classes of the problem."""
    return classes is not None and len(estimator.classes_) < len(classes)


class CachedPredictions:
    """Fitted estimator for scorers that predicts one table only once by each method.

    The predictions are kept for ensembles in any case, scorers ask for them again, and predicting
    may take longer than fitting. Scorers get copies.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator.
    X : DataFrame of shape (n_rows, n_features)
        Table whose predictions are kept.
    classes : ndarray of shape (n_classes,), optional
        Classes of the problem. Those that the estimator was not fitted on get the probability 0.
    looks_at_table : bool, default=True
        True if the scorer may read the table, and so may write to it.
    output_shape : tuple of int, default=()
        Shape of the prediction of one row, for a model without `classes`.

    Attributes
    ----------
    X : DataFrame
        Table to give to the scorer, a copy if it may write to it. While it is unchanged, its
        predictions are those that are kept.
    """

    def __init__(
        self,
        estimator: Any,
        X: pd.DataFrame,
        classes: np.ndarray | None = None,
        *,
        looks_at_table: bool = True,
        output_shape: tuple[int, ...] = (),
    ) -> None:
        self.X = private_copy(X) if looks_at_table else X
        self._table = X
        self._output_shape = output_shape if classes is None else (len(estimator.classes_),)
        self._classes = classes if lacks_some(estimator, classes) else None
        self._estimator = estimator
        self._answers: dict[str, np.ndarray] = {}

    def response(self) -> np.ndarray:
        """Return the checked predictions of the table.

        Returns
        -------
        ndarray of shape (n_rows,), (n_rows, n_targets) or (n_rows, n_fitted_classes)
            Numbers, or probabilities of labels or of the classes that the estimator was fitted on.

        Raises
        ------
        ValueError
            When they have the wrong shape or are not finite.
        """
        classifies = is_classifier(self._estimator)
        answer = np.asarray(self._answer("predict_proba" if classifies else "predict", self.X))
        rows: int = self.X.shape[0]
        shape = (rows, *self._output_shape)
        if answer.shape != shape:
            raise ValueError(f"Predictions must be of shape {shape}, got {answer.shape}.")
        if answer.dtype.kind not in "fiu" or not np.isfinite(answer).all():
            raise ValueError("Predictions must be finite real numbers.")
        return answer

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return numbers or labels for rows of the table or of another one."""
        return self._answer("predict", X)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return probabilities of every class of the problem, shape (n_rows, n_classes)."""
        return self.of_all_classes(self._answer("predict_proba", X))

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the estimator, or raise where it would lack classes."""
        if self._classes is not None and name in OF_KNOWN_CLASSES:
            raise AttributeError(
                f"`{name}` is not available: the model was fitted without some of the classes."
            )
        if self._classes is not None and name == "classes_":
            return self._classes
        return getattr(self._estimator, name)

    def of_all_classes(self, answer: np.ndarray) -> np.ndarray:
        """Return probabilities with zeros for the classes that the model was not fitted on.

        Parameters
        ----------
        answer : ndarray of shape (n_rows, n_fitted_classes)
            Probabilities of the estimator's classes, or any predictions if it lacks no class.
        """
        if self._classes is None:
            return answer
        probabilities = np.zeros((len(answer), len(self._classes)), answer.dtype)
        probabilities[:, np.isin(self._classes, self._estimator.classes_)] = answer
        return probabilities

    def _answer(self, method: str, X: pd.DataFrame) -> np.ndarray:
        """Return the predictions of rows by a method, those of the table from memory."""
        if not self._is_table(X):
            answer: np.ndarray = getattr(self._estimator, method)(X)
            return answer
        if method not in self._answers:
            answer = getattr(self._estimator, method)(self._table)
            # An estimator of the user may return an array that it changes later.
            self._answers[method] = private_copy(answer)
        kept: np.ndarray = private_copy(self._answers[method])
        return kept

    def _is_table(self, X: pd.DataFrame) -> bool:
        """Return True if rows are those of the table, unchanged by the scorer."""
        if X is self._table:
            return True
        return X is self.X and (not isinstance(X, pd.DataFrame) or X.equals(self._table))
