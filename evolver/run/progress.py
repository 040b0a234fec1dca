"""Messages of a run while it goes on and when it ends.

In a terminal or a notebook one line is written again and again. Elsewhere, as in a file, a line is
written every minute, and where a phase begins. The same lines are logged at level INFO by the
logger ``evolver``, whatever `verbose` is.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from evolver.budget import Budget
from evolver.genome.names import short_name
from evolver.objectives import shown_score
from evolver.outcome import NO_FAILURES, RACED_OUT
from evolver.run.result import Decision, Reason
from evolver.search.selection import Member

logger = logging.getLogger("evolver")

FINAL_FITS = "final fits"
"""Phase after the search: the winner and the members of an ensemble are fitted on all rows."""

NAME_LENGTH = 48
"""Largest number of characters of the name of a pipeline in a line of progress."""


@dataclass(frozen=True)
class Progress:
    """State of a run while it goes on.

    Parameters
    ----------
    phase : str
        Proposer of the last candidate, or `FINAL_FITS`.
    seconds : float
        Seconds of the budget that have passed.
    budget : Budget
    candidates : int
        Number of candidates so far.
    ended : mapping of str to int
        Number of candidates by the kind of their outcome, see `evolver.outcome.kind_of`.
    best : Member or None
        Best candidate so far.
    front_size : int
        Number of non-dominated candidates.
    busy, workers : int
        Number of workers that evaluate a fold, and number of all.
    """

    phase: str
    seconds: float
    budget: Budget
    candidates: int
    ended: Mapping[str, int]
    best: Member | None
    front_size: int
    busy: int
    workers: int

    @property
    def failures(self) -> dict[str, int]:
        """Number of candidates by the kind of their failure."""
        ended = sorted(self.ended.items())
        return {kind: count for kind, count in ended if kind not in NO_FAILURES}


class ProgressLine:
    """Progress of a run on standard error and in the log.

    Parameters
    ----------
    metric : str
        Name of the scorer.
    verbose : bool
        False to write nothing on standard error.
    """

    PERIOD = 60.0
    """Seconds between two lines where there is no terminal."""

    TICK = 0.5
    """Seconds between two states of the line in a terminal."""

    def __init__(self, metric: str, *, verbose: bool) -> None:
        self._metric = metric
        self._verbose = verbose
        self._last: tuple[Progress, float] | None = None
        self._bar: Any = None
        self._next = 0.0
        self._phase = ""
        self._is_over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> ProgressLine:
        self._ticker.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._ticker.join()
        if self._bar is not None:
            with _no_error_of_streams():
                self._bar.close()

    def __call__(self, progress: Progress) -> None:
        """Take a new state of the run."""
        self._last = progress, time.monotonic()

    def _tick(self) -> None:
        """Show the last state from time to time: a long fit must not look like a standstill."""
        while not self._is_over.wait(self.TICK):
            if self._last is None:
                continue
            progress, moment = self._last
            seconds = progress.seconds + time.monotonic() - moment
            if self._verbose and is_live():
                with _no_error_of_streams():
                    self._update(progress, seconds)
            if seconds >= self._next or progress.phase != self._phase:
                self._phase, self._next = progress.phase, seconds + self.PERIOD
                text = self._text(progress, seconds)
                logger.info("%s", text)
                if self._verbose and not is_live():
                    _print_line(seconds, text)

    def _update(self, progress: Progress, seconds: float) -> None:
        """Write the line of a terminal again."""
        budget = progress.budget
        total = budget.seconds or budget.evaluations or 1
        done = seconds if budget.seconds else progress.candidates
        if self._bar is None:
            # A terminal of another program may have no rows, and tqdm would show nothing there.
            form = {"bar_format": "{bar:12} {desc}", "ncols": 100, "nrows": 20}
            self._bar = tqdm(total=total, file=sys.stderr, leave=False, **form)
        # A terminal may be resized.
        width = shutil.get_terminal_size((100, 24)).columns
        self._bar.ncols, self._bar.n = width, min(done, total)
        self._bar.set_description_str(self._text(progress, seconds)[: max(20, width - 16)])

    def _text(self, progress: Progress, seconds: float) -> str:
        """Return the state of a run as one line, the most important first."""
        parts = [progress.phase]
        if progress.budget.seconds is not None:
            parts.append(f"{max(0.0, progress.budget.seconds - seconds):.0f} s left")
        if progress.best is None:
            parts.append("nothing scored yet")
        else:
            name = short_name(progress.best.candidate.tree)
            name = name if len(name) <= NAME_LENGTH else f"…{name[1 - NAME_LENGTH :]}"
            parts.append(f"{shown_score(self._metric, progress.best.outcome.score)} by {name}")
        rate = progress.candidates / max(seconds, 1.0)
        parts.append(f"{progress.candidates} candidates ({rate:.1f}/s)")
        parts.append(f"front {progress.front_size}")
        parts.append(f"{progress.ended.get(RACED_OUT, 0)} raced out")
        failed = ", ".join(f"{count} {kind}" for kind, count in progress.failures.items())
        parts.append(f"failed: {failed}" if failed else "0 failed")
        if progress.phase != FINAL_FITS:
            parts.append(f"{progress.busy}/{progress.workers} workers busy")
        return " | ".join(parts)


def is_live() -> bool:
    """Return True if standard error is a terminal or a notebook, where a line can be rewritten."""
    stream = sys.stderr
    try:
        return stream.isatty() or type(stream).__module__.startswith("ipykernel")
    except (AttributeError, ValueError):  # there is no stream, or it is closed
        return False


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


def say_summary(seconds: float, lines: Sequence[str]) -> None:
    """Print and log the summary of a run.

    Parameters
    ----------
    seconds : float
        Seconds that the run has taken.
    lines : sequence of str
    """
    for line in lines:
        logger.info("%s", line)
        _print_line(seconds, line)


@contextlib.contextmanager
def _no_error_of_streams() -> Iterator[None]:
    """Ignore errors of a stream that is closed, full or a broken pipe: they must not end a run."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        yield


def _print_line(seconds: float, text: str) -> None:
    """Print a line on standard error, if possible."""
    with _no_error_of_streams():
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
