"""Time of a run: how much there is, and the moment at which it is over."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from evolver.errors import require


@dataclass(frozen=True)
class Budget:
    """Limits of a run; the first that is reached ends it.

    Parameters
    ----------
    seconds : float or None
        Wall time for everything, the final fit included; None: no limit.
    evaluations : int or None
        Number of candidates; None: no limit.
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
        """Return this budget on top of the seconds and candidates that a run has taken."""
        return Budget(
            None if self.seconds is None else seconds + self.seconds,
            None if self.evaluations is None else evaluations + self.evaluations,
        )


@dataclass(frozen=True)
class Deadline:
    """Moment by which work must be done. Another moment is another deadline.

    Parameters
    ----------
    moment : float
        Seconds on the clock of `time.monotonic`; infinite where there is no limit.
    """

    moment: float = math.inf

    @classmethod
    def after(cls, seconds: float | None, start: float | None = None) -> Deadline:
        """Return the deadline some seconds after a start.

        Parameters
        ----------
        seconds : float or None
            None: there is no limit.
        start : float, optional
            Moment on the clock of `time.monotonic`; default now.
        """
        if seconds is None:
            return cls()
        return cls((time.monotonic() if start is None else start) + seconds)

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative when it has passed."""
        return self.moment - time.monotonic()

    @property
    def is_over(self) -> bool:
        """True when the deadline has passed."""
        return self.left <= 0

    def later(self, seconds: float) -> Deadline:
        """Return the deadline that is so many seconds later."""
        return Deadline(self.moment + seconds)

    def at_most(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one in so many seconds."""
        return Deadline(min(self.moment, time.monotonic() + seconds))
