"""Limits of a run: its budget of time and candidates, and moments by which work must be done."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from evolver.errors import require


@dataclass(frozen=True)
class Budget:
    """Limits of a run. The first limit that is reached ends the run.

    Parameters
    ----------
    seconds : float or None
        Seconds of wall time for the whole run, the final fit included; None: no limit.
    evaluations : int or None
        Number of candidates; None: no limit.

    Raises
    ------
    InputError
        If a limit is not positive, or if there is none.
    """

    seconds: float | None = 300.0
    evaluations: int | None = None

    def __post_init__(self) -> None:
        require(
            self.seconds is None or self.seconds > 0,
            "time_budget",
            "positive or None",
            self.seconds,
        )
        require(
            self.evaluations is None or self.evaluations >= 1,
            "max_evaluations",
            "at least 1 or None",
            self.evaluations,
        )
        require(
            self.seconds is not None or self.evaluations is not None,
            "time_budget",
            "set where `max_evaluations` is None",
            None,
        )

    def extended_by(self, seconds: float, evaluations: int) -> Budget:
        """Return this budget plus the seconds and candidates that a run has used already."""
        return Budget(
            None if self.seconds is None else seconds + self.seconds,
            None if self.evaluations is None else evaluations + self.evaluations,
        )


@dataclass(frozen=True)
class Deadline:
    """Moment by which work must be done.

    Parameters
    ----------
    moment : float
        Seconds on the clock of `time.monotonic`; infinite if there is no limit.
    """

    moment: float = math.inf

    @classmethod
    def after(cls, seconds: float | None, start: float | None = None) -> Deadline:
        """Return the deadline some seconds after a start.

        Parameters
        ----------
        seconds : float or None
            Seconds after the start; None: no limit.
        start : float, optional
            Moment on the clock of `time.monotonic`, in seconds; default: now.
        """
        if seconds is None:
            return cls()
        return cls((time.monotonic() if start is None else start) + seconds)

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.moment - time.monotonic()

    @property
    def is_over(self) -> bool:
        """True if the deadline has passed."""
        return self.left <= 0

    def later(self, seconds: float) -> Deadline:
        """Return the deadline that comes some seconds after this one."""
        return Deadline(self.moment + seconds)

    def at_most(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the moment some seconds from now."""
        return Deadline(min(self.moment, time.monotonic() + seconds))


NO_END = Deadline()
"""Moment that never comes."""
