"""Executor that runs one job at a time in the calling process. It cannot interrupt a job."""

from __future__ import annotations

import time
from collections.abc import Sequence

from evolver.execution.protocol import Done, Function, Job
from evolver.outcome import Failed, Failure


class InlineExecutor:
    """Executor that runs a job when `wait` is called, in the calling process.

    Parameters
    ----------
    function : callable
        Function that each job calls with its argument.
    """

    capacity = 1
    peak_memory = 0

    def __init__(self, function: Function) -> None:
        self._function = function
        self._jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        """Queue a job for the next call of `wait`."""
        self._jobs.append(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        """Run the oldest job and return it; `timeout` has no effect."""
        if not self._jobs:
            return []
        job = self._jobs.pop(0)
        start = time.perf_counter()
        try:
            result = self._function(job.argument)
        except Exception as error:
            result = Failed(Failure.ERROR, reason_of(error), time.perf_counter() - start)
        return [Done(job.key, result, time.perf_counter() - start)]

    def abandon(self) -> None:
        """Drop the queued jobs."""
        self._jobs.clear()

    def close(self) -> None:
        """Drop the queued jobs; a second call does nothing."""
        self.abandon()


def reason_of(error: BaseException) -> str:
    """Return the class of an exception and the first line of its text, at most 300 characters."""
    try:
        text = str(error).strip()
    except Exception:  # a class of a foreign library may define a broken `__str__`
        text = "its text cannot be shown"
    lines = text.splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}"
