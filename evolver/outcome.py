"""What became of a candidate. Failures are data: a value with a kind and a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import fmean, pstdev


class Failure(StrEnum):
    """Why a candidate failed."""

    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"


@dataclass(frozen=True)
class ScoredFold:
    """One fold was scored: what is kept of it, but for the predictions.

    Parameters
    ----------
    score : float
        Greater is better.
    complexity : float
        Less is better.
    seconds : float
    """

    score: float
    complexity: float
    seconds: float


@dataclass(frozen=True)
class Scored:
    """Every fold was scored.

    Parameters
    ----------
    fold_scores : tuple of float
        Greater is better.
    complexity : float
        Less is better.
    seconds : float
        Summed over the folds.
    """

    fold_scores: tuple[float, ...]
    complexity: float
    seconds: float

    @property
    def score(self) -> float:
        """Mean over the folds."""
        return fmean(self.fold_scores)

    @property
    def std(self) -> float:
        """Standard deviation over the folds."""
        return pstdev(self.fold_scores)

    @property
    def standard_error(self) -> float:
        """Of the mean over the folds."""
        return self.std / sqrt(len(self.fold_scores))


@dataclass(frozen=True)
class Stopped:
    """Given up before every fold was scored: raced out, or the time was over."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class Failed:
    """Some fold could not be scored.

    Parameters
    ----------
    kind : Failure
    reason : str
        One line.
    seconds : float
    """

    kind: Failure
    reason: str
    seconds: float


Outcome = Scored | Stopped | Failed


def scored(folds: Sequence[ScoredFold]) -> Scored:
    """Return the outcome of a candidate whose folds are all scored, in the order of the folds."""
    return Scored(
        tuple(fold.score for fold in folds),
        fmean(fold.complexity for fold in folds),
        sum(fold.seconds for fold in folds),
    )


def commonest_reasons(outcomes: Iterable[Outcome], most: int = 5) -> str:
    """Return the commonest reasons of failure, one a line with its count."""
    reasons = Counter(
        f"{outcome.kind}: {outcome.reason}" for outcome in outcomes if isinstance(outcome, Failed)
    )
    return "\n".join(f"{count} x {reason}" for reason, count in reasons.most_common(most))
