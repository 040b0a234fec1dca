"""The simplest executor: one job at a time, in the calling process. It cannot interrupt a job."""

from __future__ import annotations

import time
from collections.abc import Sequence

from evolver.execution.protocol import Done, Function, Job
from evolver.outcome import Failed, Failure


class InlineExecutor:
    """Runs a job when it is waited for.

    Parameters
    ----------
    function : callable
        What a job calls.
    """

    capacity = 1

    def __init__(self, function: Function) -> None:
        self._function = function
        self._jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
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
        self._jobs.clear()

    def close(self) -> None:
        self.abandon()


def reason_of(error: BaseException) -> str:
    """Return an exception as one line of text, whatever its ``str`` does."""
    try:
        text = str(error).strip()
    except Exception:
        text = "its text cannot be shown"
    lines = text.splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}"
