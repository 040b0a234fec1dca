"""What became of a candidate. Failures are data: a value with a kind and a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import nan, sqrt
from statistics import fmean, stdev


class Failure(StrEnum):
    """Why a candidate failed."""

    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"


@dataclass(frozen=True)
class ScoredFold:
    """Scores of one fold, without its predictions.

    Parameters
    ----------
    score : float
        Greater is better.
    costs : tuple of float
        One for each further objective, less is better.
    seconds : float
        Seconds that the fold took.
    saved : float, default=0.0
        Seconds that the cache saved.
    """

    score: float
    costs: tuple[float, ...]
    seconds: float
    saved: float = 0.0

    @property
    def whole_seconds(self) -> float:
        """Seconds that the fold takes without the cache."""
        return self.seconds + self.saved


@dataclass(frozen=True)
class Effort:
    """What evaluating cost, and what the cache saved of it. Efforts add up.

    Parameters
    ----------
    seconds : float
        Inside the estimators' methods.
    saved : float
        Seconds that it would have taken to compute again what the cache gave.
    hits, lookups : int
        How often the cache had what was asked for, and how often it was asked.
    """

    seconds: float = 0.0
    saved: float = 0.0
    hits: int = 0
    lookups: int = 0

    def __add__(self, other: Effort) -> Effort:
        return Effort(
            self.seconds + other.seconds,
            self.saved + other.saved,
            self.hits + other.hits,
            self.lookups + other.lookups,
        )


@dataclass(frozen=True)
class Scored:
    """Every fold was scored.

    Parameters
    ----------
    fold_scores : tuple of float
        Greater is better.
    costs : tuple of float
        Mean over the folds for each further objective, less is better.
    seconds : float
        Sum over the folds.
    """

    fold_scores: tuple[float, ...]
    costs: tuple[float, ...]
    seconds: float

    @property
    def complexity(self) -> float:
        """First of the costs."""
        return self.costs[0]

    @property
    def score(self) -> float:
        """Mean over the folds."""
        return fmean(self.fold_scores)

    @property
    def std(self) -> float:
        """Sample standard deviation over the folds, by n - 1; NaN where there is one fold."""
        return _deviation(self.fold_scores)

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over the folds; NaN where there is one fold."""
        return standard_error(self.fold_scores)


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean of a sample; NaN of fewer than two values."""
    return _deviation(values) / sqrt(len(values)) if values else nan


TIME_OVER = "the time was over"
RACED_OUT = "raced out"
"""Reasons to stop."""


@dataclass(frozen=True)
class Stopped:
    """Given up before every fold was scored: raced out, or the time was over.

    Parameters
    ----------
    reason : str
    seconds : float
    stages : int
        Folds after which it was raced out, those of fewer rows included.
    score : float
        So far, see `evolver.search.racing`; NaN where it was not raced out.
    """

    reason: str
    seconds: float
    stages: int = 0
    score: float = nan


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


def is_late(outcome: Outcome) -> bool:
    """Say whether a candidate was given up because the time was over."""
    return isinstance(outcome, Stopped) and outcome.reason == TIME_OVER


def took_too_long(outcome: Outcome) -> bool:
    """Say whether a candidate was given up for time: its own, or that of the run."""
    is_timeout = isinstance(outcome, Failed) and outcome.kind is Failure.TIMEOUT
    return is_timeout or is_late(outcome)


def aggregate_folds(units: Sequence[ScoredFold], ladder: int) -> Scored:
    """Return the outcome of a candidate whose folds are all scored.

    Parameters
    ----------
    units : sequence of ScoredFold
        In the order of the folds, those of fewer rows first.
    ladder : int
        Number of those: they cost seconds, and do not count otherwise.
    """
    folds = units[ladder:]
    return Scored(
        tuple(fold.score for fold in folds),
        mean_costs(folds),
        sum(unit.seconds for unit in units),
    )


def mean_costs(folds: Sequence[ScoredFold]) -> tuple[float, ...]:
    """Return the mean of each cost over some folds."""
    return tuple(fmean(costs) for costs in zip(*(fold.costs for fold in folds), strict=True))


def commonest_reasons(outcomes: Iterable[Outcome], most: int = 5) -> str:
    """Return the commonest reasons of failure, one a line with its count."""
    reasons = Counter(
        f"{outcome.kind}: {outcome.reason}" for outcome in outcomes if isinstance(outcome, Failed)
    )
    return "\n".join(f"{count} x {reason}" for reason, count in reasons.most_common(most))


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation that a sample tells of, by n - 1; NaN of fewer than two
    values."""
    return stdev(values) if len(values) > 1 else nan
