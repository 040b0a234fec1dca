"""What a run says while it goes on."""

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
        Numbers of candidates so far, and of those that failed.
    best : Member or None
        Best candidate so far.
    """

    seconds: float
    candidates: int
    failed: int
    best: Member | None


class ProgressLine:
    """Says on standard error how a search goes on: at most once in `EVERY` seconds."""

    EVERY = 5.0

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.seconds < self._next:
            return
        self._next = progress.seconds + self.EVERY
        best = "nothing scored yet"
        if progress.best is not None:
            best = f"best {progress.best.outcome.score:.5g} by {progress.best.candidate.tree}"
        counts = f"{progress.candidates} candidates, {progress.failed} failed"
        _say(progress.seconds, f"{counts}, {best}")


def say_end(seconds: float, reason: Reason) -> None:
    """Say on standard error that a search ended before its time, and why."""
    if reason == "patience":
        text = "nothing better was found for a long time (`Settings.patience`)"
        _say(seconds, f"ended early: {text}")


def _say(seconds: float, text: str) -> None:
    """Print a line on standard error; one that is closed, full or a broken pipe costs nothing but
    the line."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"[evolver {seconds:5.0f} s] {text}\n")
        sys.stderr.flush()


def warn_of_time(decided: Sequence[Decision]) -> None:
    """Log what time decided in a run that was meant to be reproducible."""
    if decided:
        logger.warning(
            "Time decided %s: another run with this seed and `max_evaluations` may differ."
            " `time_budget=None` leaves the least to it.",
            ", ".join(decided),
        )


def silent(progress: Progress) -> None:
    """Say nothing."""
