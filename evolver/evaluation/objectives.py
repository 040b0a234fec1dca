"""The second objective: how complex a pipeline is. Less is better."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evolver.genome.graph import operators, to_graph
from evolver.genome.tree import Tree


@dataclass(frozen=True)
class Measured:
    """What a fold shows of a pipeline's complexity.

    Parameters
    ----------
    tree : Tree
    estimator : estimator
        Fitted on the fold.
    fit_seconds, predict_seconds : float
    """

    tree: Tree
    estimator: Any
    fit_seconds: float
    predict_seconds: float


COMPLEXITIES: dict[str, Callable[[Measured], float]] = {
    "operators": lambda measured: float(operators(to_graph(measured.tree))),
    "fit_time": lambda measured: measured.fit_seconds,
    "predict_time": lambda measured: measured.predict_seconds,
    "size": lambda measured: float(len(pickle.dumps(measured.estimator))),
}
"""By name: number of steps, seconds to fit a fold, seconds to predict it, bytes of the pickled
pipeline."""


TIMES = frozenset({"fit_time", "predict_time"})
"""Complexities that differ from run to run."""


def complexity_of(complexity: str | Callable[[Any], float], measured: Measured) -> float:
    """Return the complexity of what was measured; a callable is given the fitted pipeline.

    Raises
    ------
    ValueError
        When it is no finite number.
    """
    if not callable(complexity):
        return COMPLEXITIES[complexity](measured)
    found = float(complexity(measured.estimator))
    if not math.isfinite(found):
        raise ValueError(f"A complexity must be a finite number, got {found}.")
    return found
