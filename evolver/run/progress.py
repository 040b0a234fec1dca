"""Messages of a run while it goes on and when it ends."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from evolver.run.result import Decision, Reason
from evolver.search.selection import Member

logger = logging.getLogger("evolver")


@dataclass(frozen=True)
class Progress:
    """State of a run while it goes on.

    Parameters
    ----------
    seconds : float
        Seconds of the budget that have passed.
    candidates, failed : int
        Number of candidates so far, and number of those that failed.
    best : Member or None
        Best candidate so far.
    """

    seconds: float
    candidates: int
    failed: int
    best: Member | None


class ProgressLine:
    """Progress of a search as lines on standard error, at most one every `EVERY` seconds."""

    EVERY = 5.0
    """Least number of seconds between two lines."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        """Print a line, unless the last one was printed a moment ago."""
        if progress.seconds < self._next:
            return
        self._next = progress.seconds + self.EVERY
        best = "nothing scored yet"
        if progress.best is not None:
            best = f"best {progress.best.outcome.score:.5g} by {progress.best.candidate.tree}"
        counts = f"{progress.candidates} candidates, {progress.failed} failed"
        _print_line(progress.seconds, f"{counts}, {best}")


def say_forward(n_folds: int, time: str | None) -> None:
    """Print on standard error that folds go forward in time.

    Parameters
    ----------
    n_folds : int
    time : str or None
        Name of the column of times; None: the rows are in their order.
    """
    by = "the order of the rows" if time is None else repr(time)
    text = f"{n_folds} folds go forward in time by {by}: each is validated on later rows"
    _print_line(0.0, text)


def say_end(seconds: float, reason: Reason) -> None:
    """Print on standard error that a search ended before its time, if it did, and why.

    Parameters
    ----------
    seconds : float
        Seconds that the run has taken.
    reason : Reason
    """
    if reason == "patience":
        text = "nothing better was found for a long time (`Settings.patience`)"
        _print_line(seconds, f"ended early: {text}")


def _print_line(seconds: float, text: str) -> None:
    """Print a line on standard error, if possible."""
    # A stream that is closed, full or a broken pipe must not end the run.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"[evolver {seconds:5.0f} s] {text}\n")
        sys.stderr.flush()


def warn_of_time(decided: Sequence[Decision]) -> None:
    """Log a warning of the decisions of time in a run that was meant to be reproducible."""
    if decided:
        logger.warning(
            "Time decided %s: another run with this seed and `max_evaluations` may differ."
            " With `time_budget=None` it decides least.",
            ", ".join(decided),
        )


def silent(progress: Progress) -> None:
    """Do nothing: the progress of a run that is not verbose."""
