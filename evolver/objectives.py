"""Objectives of the search beside the score: costs of a pipeline, each less is better.

The score is the first objective and is maximised. Everything that compares pipelines takes the
score and a tuple of costs, so one cost or several make no difference to it.
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
        Fitted on the fold.
    fit_seconds, predict_seconds : float
        Seconds to fit the training part, and to predict the validation part.
    """

    operators: int
    estimator: Any
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True, eq=False)
class Objective:
    """A cost of a pipeline, less is better.

    Parameters
    ----------
    name : str
    measure : callable
        Takes `Measured` and returns the cost of one fold.
    is_time : bool, default=False
        True if the cost differs from run to run.
    is_structural : bool, default=False
        True if the cost is the number of steps: it depends neither on data nor parameter values.
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
            When it is no finite number.
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
    return len(pickle.dumps(measured.estimator))


OPERATORS = Objective("operators", _operators, is_structural=True)
"""Number of steps."""

OBJECTIVES = {
    objective.name: objective
    for objective in (
        OPERATORS,
        Objective("fit_time", _fit_seconds, is_time=True),
        Objective("predict_time", _predict_seconds, is_time=True),
        Objective("size", _pickled_bytes),
    )
}
"""Objectives by name: number of steps, seconds to fit a fold, seconds to predict it, bytes of the
pickled pipeline."""


@dataclass(frozen=True)
class FunctionOfPipeline:
    """Measure of the user's own: a function of the pipeline fitted on a fold."""

    function: Callable[[Any], float]

    def __call__(self, measured: Measured) -> float:
        return self.function(measured.estimator)


def objective_of(complexity: str | Callable[[Any], float]) -> Objective:
    """Return the objective that a name, or a function of the fitted pipeline, stands for.

    Raises
    ------
    KeyError
        When there is no objective of this name.
    """
    if callable(complexity):
        return Objective(name_of(complexity), FunctionOfPipeline(complexity))
    return OBJECTIVES[complexity]


def name_of(thing: Any) -> str:
    """Return text that names a function or a scorer, the same in every process."""
    return getattr(thing, "__qualname__", None) or re.sub(r" at 0x[0-9a-fA-F]+", "", str(thing))
