"""Properties of a scorer: its metric, and whether it takes weights.

scikit-learn's scorers keep what they are made of in private names. They are read here alone; where
one is missing the scorer is a function like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from evolver.problem import Scorer


@dataclass(frozen=True, eq=False)
class Metric:
    """How scikit-learn's scorer scores predictions; it looks at nothing else.

    Parameters
    ----------
    function : callable
        From true and predicted values to a number.
    greater_is_better : bool
    responses : collection of str
        Methods of an estimator, the first that there is gives the predictions.
    arguments : mapping of str to object
        Further arguments of the function that the scorer sets.
    """

    function: Callable[..., float]
    greater_is_better: bool
    responses: Collection[str]
    arguments: Mapping[str, Any]


def metric_of(scorer: Scorer) -> Metric | None:
    """Return the metric of scikit-learn's scorer; None of anything else, which may look at the
    whole estimator."""
    try:
        function, sign = scorer._score_func, scorer._sign  # type: ignore[attr-defined]  # private
        asked, named = scorer._response_method, scorer._kwargs  # type: ignore[attr-defined]  # too
    except AttributeError:
        return None
    return Metric(function, sign > 0, (asked,) if isinstance(asked, str) else tuple(asked), named)


def takes_weights(scorer: Scorer) -> bool:
    """Say whether a scorer can be given the weights of rows; scikit-learn's own can take them where
    its metric can."""
    metric = metric_of(scorer)
    function = scorer if metric is None else metric.function
    return "sample_weight" in signature(function).parameters
