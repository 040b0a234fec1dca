"""Outcomes of candidates. A failure is a value with a kind and a reason, not an exception."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import nan, sqrt
from statistics import fmean, stdev

from evolver.limits import OVER_LIMIT


class Failure(StrEnum):
    """Kinds of failure of a candidate."""

    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"


@dataclass(frozen=True)
class ScoredFold:
    """Score and costs of one fold, without its predictions.

    Parameters
    ----------
    score : float
        Score on the validation part; greater is better.
    costs : tuple of float
        Costs by further objective; less is better.
    seconds : float
        Seconds that the fold took.
    saved : float, default=0.0
        Seconds that the cache saved.
    reported : tuple of float, default=()
        Scores by further scorers, which decide nothing; NaN where there is none.
    usage : tuple of float, default=()
        Bytes of the fitted pipeline and its seconds to predict, in the order of
        `evolver.limits.Limits.batches`; empty if they were not measured.
    """

    score: float
    costs: tuple[float, ...]
    seconds: float
    saved: float = 0.0
    reported: tuple[float, ...] = ()
    usage: tuple[float, ...] = ()

    @property
    def whole_seconds(self) -> float:
        """Seconds that the fold would have taken without the cache."""
        return self.seconds + self.saved


@dataclass(frozen=True)
class Effort:
    """Time that evaluation took, and time that the cache saved. Efforts can be added.

    Parameters
    ----------
    seconds : float
        Seconds inside the methods of estimators.
    saved : float
        Seconds that it would have taken to compute again the results that the cache had.
    hits, lookups : int
        Number of results that the cache had, and number of results that it was asked for.
    """

    seconds: float = 0.0
    saved: float = 0.0
    hits: int = 0
    lookups: int = 0

    def __add__(self, other: Effort) -> Effort:
        """Return the sum of two efforts."""
        return Effort(
            self.seconds + other.seconds,
            self.saved + other.saved,
            self.hits + other.hits,
            self.lookups + other.lookups,
        )


@dataclass(frozen=True)
class Scored:
    """Outcome of a candidate with a score on every fold.

    Parameters
    ----------
    fold_scores : tuple of float
        Scores of the folds on all rows; greater is better.
    costs : tuple of float
        Mean costs over these folds by further objective; less is better.
    seconds : float
        Seconds of all folds together, those of fewer rows included.
    reported : tuple of float, default=()
        Mean scores by further scorers, which decide nothing; NaN where a fold has none.
    """

    fold_scores: tuple[float, ...]
    costs: tuple[float, ...]
    seconds: float
    reported: tuple[float, ...] = ()

    @property
    def complexity(self) -> float:
        """Complexity of the pipeline, which is the first of the costs."""
        return self.costs[0]

    @property
    def score(self) -> float:
        """Mean score over the folds."""
        return fmean(self.fold_scores)

    @property
    def std(self) -> float:
        """Sample standard deviation of the fold scores, with n - 1; NaN if there is one fold."""
        return _deviation(self.fold_scores)

    @property
    def standard_error(self) -> float:
        """Standard error of the mean fold score; NaN if there is one fold."""
        return standard_error(self.fold_scores)


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean of a sample; NaN if it has fewer than two values."""
    return _deviation(values) / sqrt(len(values)) if values else nan


@dataclass(frozen=True)
class HonestScore:
    """Score that the model of `predict` can be expected to have on new rows.

    It is corrected for the choice of the model among many on the same folds, so it is never above
    the score that the model was chosen by. The interval tells how much depends on the rows of the
    table. It is one of the score on very many new rows; few new rows vary more.

    Parameters
    ----------
    score : float
        Greater is better, errors are negated; NaN if no fold was scored.
    low, high : float
        Ends of the interval of 95 %; NaN if there is none.
    method : str
        How the score was corrected, and where the interval is from.
    """

    score: float
    low: float
    high: float
    method: str

    def __float__(self) -> float:
        return self.score

    def __str__(self) -> str:
        return f"{self.score:.5g} [{self.low:.5g}, {self.high:.5g}]"

    def __repr__(self) -> str:
        return f"HonestScore({self}: {self.method})"


UNKNOWN = HonestScore(nan, nan, nan, "no fold was scored")
"""Honest score of a run without a scored fold."""


TIME_OVER = "the time was over"
"""Reason of a candidate that was stopped because the search ended."""

RACED_OUT = "raced out"
"""Reason of a candidate that was stopped by the race."""

NOT_BEGUN = "not begun"
"""Beginning of the reason of a candidate that was stopped before its first fold."""


@dataclass(frozen=True)
class Stopped:
    """Outcome of a candidate that was stopped before every fold was scored.

    Parameters
    ----------
    reason : str
        `TIME_OVER`, `RACED_OUT`, or a text that begins with `NOT_BEGUN` or with
        `evolver.limits.OVER_LIMIT`.
    seconds : float
        Seconds of its folds together.
    stages : int, default=0
        Number of folds after which it was raced out, those of fewer rows included.
    score : float, default=NaN
        Score so far of a candidate that was raced out, see `evolver.search.racing`.
    """

    reason: str
    seconds: float
    stages: int = 0
    score: float = nan


@dataclass(frozen=True)
class Failed:
    """Outcome of a candidate with a fold that could not be scored; also the result of such a job.

    Parameters
    ----------
    kind : Failure
    reason : str
        Reason in one line.
    seconds : float
        Seconds that were spent.
    """

    kind: Failure
    reason: str
    seconds: float


Outcome = Scored | Stopped | Failed
"""Outcome of a candidate."""


NO_FAILURES = ("scored", RACED_OUT, TIME_OVER, NOT_BEGUN, OVER_LIMIT)
"""Kinds of the outcomes of candidates that did not fail."""


def kind_of(outcome: Outcome) -> str:
    """Return the kind of an outcome: "scored", the reason of a stop, or the kind of a failure."""
    if isinstance(outcome, Failed):
        return outcome.kind.value
    return outcome.reason.partition(":")[0] if isinstance(outcome, Stopped) else "scored"


def is_late(outcome: Outcome) -> bool:
    """Return True if a candidate was stopped because the time was over."""
    return isinstance(outcome, Stopped) and outcome.reason == TIME_OVER


def is_over_limit(outcome: Outcome | None) -> bool:
    """Return True if a candidate was stopped because it exceeds a limit of use."""
    return isinstance(outcome, Stopped) and outcome.reason.startswith(OVER_LIMIT)


def is_not_begun(outcome: Outcome) -> bool:
    """Return True if a candidate was stopped before its first fold."""
    return isinstance(outcome, Stopped) and outcome.reason.startswith(NOT_BEGUN)


def underived(outcome: Outcome | None) -> Failed | Stopped | None:
    """Return an outcome that does not follow from the folds of a candidate; None for any other."""
    if isinstance(outcome, Failed):
        return outcome
    if isinstance(outcome, Stopped) and (is_not_begun(outcome) or is_over_limit(outcome)):
        return outcome
    return None


def took_too_long(outcome: Outcome) -> bool:
    """Return True if time ended a candidate: a timeout, the end of the search, or expected time."""
    is_timeout = isinstance(outcome, Failed) and outcome.kind is Failure.TIMEOUT
    return is_timeout or is_late(outcome) or is_not_begun(outcome)


def aggregate_folds(units: Sequence[ScoredFold], ladder: int) -> Scored:
    """Return the outcome of a candidate whose folds are all scored.

    Parameters
    ----------
    units : sequence of ScoredFold
        Scored folds in their order, those of fewer rows first.
    ladder : int
        Number of folds of fewer rows. Only their seconds count.
    """
    folds = units[ladder:]
    return Scored(
        tuple(fold.score for fold in folds),
        mean_costs(folds),
        sum(unit.seconds for unit in units),
        mean_reported([fold.reported for fold in folds]),
    )


def mean_reported(folds: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """Return the mean over some folds of each further score; empty if some folds have none.

    Folds of an older journal have none.
    """
    if len({len(fold) for fold in folds}) != 1:
        return ()
    return tuple(fmean(scores) for scores in zip(*folds, strict=True))


def mean_costs(folds: Sequence[ScoredFold]) -> tuple[float, ...]:
    """Return the mean over some folds of each cost."""
    return tuple(fmean(costs) for costs in zip(*(fold.costs for fold in folds), strict=True))


def commonest_reasons(outcomes: Iterable[Outcome], most: int = 5) -> str:
    """Return the commonest reasons of failure as text, one per line with its count.

    Parameters
    ----------
    outcomes : iterable of Outcome
    most : int, default=5
        Largest number of reasons.
    """
    reasons = Counter(
        f"{outcome.kind}: {outcome.reason}" for outcome in outcomes if isinstance(outcome, Failed)
    )
    return "\n".join(f"{count} x {reason}" for reason, count in reasons.most_common(most))


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample, with n - 1; NaN of fewer than two values."""
    return stdev(values) if len(values) > 1 else nan
