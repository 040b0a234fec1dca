"""Errors of predictions, and how much less one is than another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

LEAST_SHARE = 0.002
"""Share of the constant predictor's error; smaller errors count as this."""


def error_of(task: str, score: float) -> float:
    """Return the error of a score, 0 at best: 1 - AUC, log loss or RMSE."""
    return 1 - score if task == "binary" else -score


def error_in(run: Mapping[str, Any], score: float) -> float:
    """Return the error of a score of a run, at least a share of the constant predictor's.

    Parameters
    ----------
    run : mapping
        Its entry `constant` is the score of the constant predictor. It is above 0 for two classes,
        where scores are areas under the curve; all other scores are negated errors.
    score : float
    """
    task = "binary" if run["constant"] > 0 else "other"
    return max(error_of(task, score), LEAST_SHARE * error_of(task, run["constant"]))


def gain(other: float, mine: float, least: float) -> float:
    """Return by how many percent of the logarithm an error is less than another.

    Errors below `least` count as that: one of them is as good as another.
    """
    return 100 * math.log(max(other, least) / max(mine, least))


def won_lost(differences: Iterable[float]) -> tuple[int, int]:
    """Return how many differences are above 0, and how many below."""
    found = list(differences)
    return sum(one > 0 for one in found), sum(one < 0 for one in found)
