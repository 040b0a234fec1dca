"""Metrics of the AutoML Benchmark (Gijsbers et al. 2024), and the constant predictor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from benchmarks.peers.job import Prediction


@dataclass(frozen=True)
class Metric:
    """Score of predictions of held-out rows.

    Parameters
    ----------
    name : str
    greater_is_better : bool
    measure : callable
        Function of truth and prediction that returns a number.
    """

    name: str
    greater_is_better: bool
    measure: Callable[[pd.Series, Prediction], float]

    def score(self, truth: pd.Series, prediction: Prediction) -> float:
        """Return the score of a prediction.

        Raises
        ------
        ValueError
            When it is not one finite prediction for every row.
        """
        if len(prediction.values) != len(truth) or not np.isfinite(prediction.values).all():
            raise ValueError(
                f"A prediction must be finite for each of {len(truth)} rows, got shape"
                f" {prediction.values.shape}, finite in {np.isfinite(prediction.values).mean():.0%}"
                " of its values."
            )
        return float(self.measure(truth, prediction))


def constant_prediction(target: pd.Series, rows: int) -> Prediction:
    """Return the mean of a numeric target, or the shares of the classes, for a number of rows."""
    if pd.api.types.is_numeric_dtype(target):
        return Prediction(np.full(rows, target.mean()))
    shares = target.value_counts(normalize=True)
    return Prediction(np.tile(shares.to_numpy(), (rows, 1)), shares.index.tolist())


def _area_under_curve(truth: pd.Series, prediction: Prediction) -> float:
    probabilities = pd.DataFrame(prediction.values, columns=prediction.classes)
    positive = sorted(probabilities.columns)[-1]
    return float(roc_auc_score(truth == positive, probabilities[positive]))


def _log_loss(truth: pd.Series, prediction: Prediction) -> float:
    """Return the log loss; a class that the system never saw has probability 0, clipped."""
    probabilities = pd.DataFrame(prediction.values, columns=prediction.classes)
    labels = sorted({*truth, *probabilities.columns})
    probabilities = probabilities.reindex(columns=labels, fill_value=0.0)
    shares = probabilities.div(probabilities.sum(axis="columns"), axis="index")
    return float(log_loss(truth, shares.to_numpy(), labels=labels))


def _root_mean_squared_error(truth: pd.Series, prediction: Prediction) -> float:
    return float(root_mean_squared_error(truth, prediction.values))


METRICS = {
    "binary": Metric("AUC", True, _area_under_curve),
    "multiclass": Metric("log loss", False, _log_loss),
    "regression": Metric("RMSE", False, _root_mean_squared_error),
}
"""Metric of each task."""
