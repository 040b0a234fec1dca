"""Properties of a scorer: its metric, and whether it accepts weights.

scikit-learn's scorers keep their metric in private attributes, which are read only here. A scorer
without these attributes is treated as any other function.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from evolver.problem import Scorer


@dataclass(frozen=True, eq=False)
class Metric:
    """Metric of a scikit-learn scorer, which scores predictions and nothing else.

    Parameters
    ----------
    function : callable
        Function from true and predicted values to a number.
    greater_is_better : bool
    responses : collection of str
        Names of methods; the first that an estimator has gives the predictions.
    arguments : mapping of str to object
        Further arguments that the scorer passes to the function.
    """

    function: Callable[..., float]
    greater_is_better: bool
    responses: Collection[str]
    arguments: Mapping[str, Any]


def metric_of(scorer: Scorer) -> Metric | None:
    """Return the metric of a scikit-learn scorer, or None for any other scorer.

    Any other scorer may use more of an estimator than its predictions.
    """
    try:
        function, sign = scorer._score_func, scorer._sign  # type: ignore[attr-defined]  # private
        asked, named = scorer._response_method, scorer._kwargs  # type: ignore[attr-defined]  # too
    except AttributeError:
        return None
    return Metric(function, sign > 0, (asked,) if isinstance(asked, str) else tuple(asked), named)


def takes_weights(scorer: Scorer) -> bool:
    """Return True if a scorer accepts weights of rows."""
    # scikit-learn's scorers accept them in every case, and pass them to the metric.
    metric = metric_of(scorer)
    function = scorer if metric is None else metric.function
    return "sample_weight" in signature(function).parameters
