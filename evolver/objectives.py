"""Objectives of the search beside the score: costs of a pipeline, which are minimised.

The score is the first objective and is maximised. All code that compares pipelines takes the score
and a tuple of costs, so it does not depend on their number.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """Measurements of a pipeline on one fold.

    Parameters
    ----------
    operators : int
        Number of steps; a step that is used twice counts once.
    estimator : estimator
        Pipeline, fitted on the training part of the fold.
    fit_seconds, predict_seconds : float
        Seconds to fit the training part, and to predict the validation part.
    """

    operators: int
    estimator: Any
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True, eq=False)
class Objective:
    """Cost of a pipeline, which is minimised.

    Parameters
    ----------
    name : str
        Name by which a caller chooses the objective.
    measure : callable
        Function that takes a `Measured` and returns the cost of one fold.
    is_time : bool, default=False
        True if the cost is a measured time, which differs from run to run.
    is_structural : bool, default=False
        True if the cost depends on the structure of a pipeline alone, not on data or parameter
        values.
    """

    name: str
    measure: Callable[[Measured], float]
    is_time: bool = False
    is_structural: bool = False

    def __call__(self, measured: Measured) -> float:
        """Return the cost of one fold.

        Raises
        ------
        ValueError
            If the cost is not a finite number.
        """
        cost = float(self.measure(measured))
        if not math.isfinite(cost):
            raise ValueError(f"A complexity must be a finite number, got {cost}.")
        return cost


def _operators(measured: Measured) -> float:
    return measured.operators


def _fit_seconds(measured: Measured) -> float:
    return measured.fit_seconds


def _predict_seconds(measured: Measured) -> float:
    return measured.predict_seconds


def _pickled_bytes(measured: Measured) -> float:
    return pickled_bytes(measured.estimator)


OPERATORS = Objective("operators", _operators, is_structural=True)
"""Number of steps of a pipeline."""

OBJECTIVES = {
    objective.name: objective
    for objective in (
        OPERATORS,
        Objective("fit_time", _fit_seconds, is_time=True),
        Objective("predict_time", _predict_seconds, is_time=True),
        Objective("size", _pickled_bytes),
    )
}
"""Objectives by name.

Their units are: steps, seconds to fit a fold, seconds to predict a fold, bytes of the pickled
pipeline.
"""


@dataclass(frozen=True)
class FunctionOfPipeline:
    """Measure of a user: a function of the pipeline that is fitted on a fold.

    Parameters
    ----------
    function : callable
        Function that takes the fitted pipeline and returns its cost.
    """

    function: Callable[[Any], float]

    def __call__(self, measured: Measured) -> float:
        """Return the cost of one fold."""
        return self.function(measured.estimator)


class _Counter:
    """File that counts the bytes that are written to it, and keeps none."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, part: Any) -> int:
        size = memoryview(part).nbytes
        self.count += size
        return size


def pickled_bytes(thing: Any) -> int:
    """Return the bytes of a pickle, without making it: a large model would be held twice."""
    counter = _Counter()
    pickle.Pickler(counter).dump(thing)
    return counter.count


def objective_of(complexity: str | Callable[[Any], float]) -> Objective:
    """Return the objective of a name, or of a function of the fitted pipeline.

    Raises
    ------
    KeyError
        If there is no objective of this name.
    """
    if callable(complexity):
        return Objective(name_of(complexity), FunctionOfPipeline(complexity))
    return OBJECTIVES[complexity]


def shown_score(metric: str, score: float) -> str:
    """Return a score with the name of its metric; that of a negated error as the error itself.

    Parameters
    ----------
    metric : str
        Name of a scorer, such as ``"neg_log_loss"``.
    score : float
        Score by it; greater is better.
    """
    is_error = metric.startswith("neg_")
    words = metric.removeprefix("neg_").replace("_", " ")
    return f"{words} {-score if is_error else score:.5g}"


def name_of(thing: Any) -> str:
    """Return a text that identifies a function or a scorer, the same in every process."""
    # The default representation has an address in memory, which differs between processes.
    return getattr(thing, "__qualname__", None) or re.sub(r" at 0x[0-9a-fA-F]+", "", str(thing))
