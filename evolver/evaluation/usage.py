"""Measurement of what a fitted model takes to be used: bytes, and seconds to predict."""

from __future__ import annotations

import time
import warnings
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from evolver.limits import Limits, Usage
from evolver.objectives import pickled_bytes
from evolver.problem import Problem

ROUNDS = 5
"""Largest number of measurements, of which the shortest counts."""

LONGEST = 0.2
"""Seconds after which no further measurement of the same batch is begun."""


def measured_usage(model: Any, X: pd.DataFrame, limits: Limits) -> Usage:
    """Return the usage of a fitted model.

    Seconds are those of the processor, with one thread. They are the latency on a machine that does
    nothing else, and other workers do not change them.

    Parameters
    ----------
    model : estimator
        Fitted model. What it predicts is probabilities if it has any.
    X : DataFrame of shape (n_samples, n_features)
        Rows to predict. They are repeated if a batch has more rows.
    limits : Limits
        Limits that say how many rows are predicted.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")
        seconds = tuple(_seconds(model, X, rows) for rows in limits.batches)
    return Usage(float(pickled_bytes(model)), seconds)


def usage_or_nan(model: Any, problem: Problem) -> Usage:
    """Return the usage of a model fitted on all rows; NaN where a part of it cannot be measured."""
    try:
        return measured_usage(model, problem.X, problem.limits)
    except Exception:  # a model of the user may fail to be pickled, or to predict one row
        return Usage(nan, (nan,) * len(problem.limits.batches))


def _seconds(model: Any, X: pd.DataFrame, rows: int) -> float:
    """Return the seconds in which a model predicts some rows, the shortest of a few rounds."""
    predict = getattr(model, "predict_proba", None) or model.predict
    found: list[float] = []
    for first in range(ROUNDS):
        batch = X.iloc[(first + np.arange(rows)) % len(X)]
        start = time.process_time()
        predict(batch)
        found.append(time.process_time() - start)
        if sum(found) > LONGEST:
            break
    return min(found)
