"""Where jobs run: the seam between a run and its workers.

An executor is made with one function, which may hold much data and reaches each worker once. A job
is a small argument for it. ``submit`` hands a job over, ``wait`` gives back what is done, in any
order, and a job that raises, takes too long or kills its worker comes back as a `Failed` value:
nothing a job does raises in the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evolver.outcome import Failed

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Job:
    """One call of the executor's function.

    Parameters
    ----------
    key : tuple of int
        Names the job to who submitted it.
    argument : object
        Anything picklable.
    timeout : float, optional
        Seconds from its start after which it is ended, where the executor can.
    """

    key: tuple[int, ...]
    argument: Any
    timeout: float | None = None


@dataclass(frozen=True)
class Done:
    """What became of a job: the function's result or a `Failed`, and the seconds from its start."""

    key: tuple[int, ...]
    result: Any | Failed
    seconds: float


class Executor(Protocol):
    """Runs jobs somewhere, at most `capacity` at a time."""

    @property
    def capacity(self) -> int: ...

    def submit(self, job: Job) -> None:
        """Hand over a job; there must be a free place."""

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        """Return what is done, at least one where there is any, after `timeout` seconds at the
        latest."""

    def abandon(self) -> None:
        """End every job that is under way; nothing comes back of them."""

    def close(self) -> None:
        """End every job and worker. May be called twice."""
