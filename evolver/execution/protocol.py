"""Interface of an executor: the seam between a run and the place where its jobs run.

An executor is made with one function, which may hold much data and is sent to each worker once. A
job is a small argument for that function. ``submit`` hands over a job and ``wait`` returns finished
jobs, in any order. Nothing that a job does raises an exception in the caller: a job that raises,
takes too long or kills its worker gives a `Failed` value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evolver.outcome import Failed

Function = Callable[[Any], Any]
"""Function of an executor: takes the argument of a job and returns its result."""


@dataclass(frozen=True)
class Job:
    """Call of the executor's function with one argument.

    Parameters
    ----------
    key : tuple of int
        Identifier of the job, chosen by the caller.
    argument : object
        Picklable argument of the function.
    timeout : float, optional
        Seconds that the job may run. An executor that can end a job ends it then.
    """

    key: tuple[int, ...]
    argument: Any
    timeout: float | None = None


@dataclass(frozen=True)
class Done:
    """Finished job.

    Parameters
    ----------
    key : tuple of int
        Identifier of the job.
    result : object or Failed
        Value that the function returned, or the reason why there is none.
    seconds : float
        Seconds from the start of the job to its end.
    """

    key: tuple[int, ...]
    result: Any | Failed
    seconds: float


class Executor(Protocol):
    """Place where jobs run, at most `capacity` at a time."""

    @property
    def capacity(self) -> int:
        """Number of jobs that can run at the same time."""

    @property
    def peak_memory(self) -> int:
        """Largest number of bytes that a worker was seen to hold; 0 if none is measured."""

    def submit(self, job: Job) -> None:
        """Hand over a job; at most `capacity` jobs may be unfinished at a time."""

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        """Return finished jobs as soon as there are any.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which to return with none. By default there is no limit.

        Returns
        -------
        sequence of Done
            Empty if every job was returned before, or if none has finished in time.
        """

    def abandon(self) -> None:
        """End all unfinished jobs; they give no results."""

    def close(self) -> None:
        """End all jobs and workers; a second call does nothing."""
