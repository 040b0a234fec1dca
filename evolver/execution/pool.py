"""A pool of worker processes that can be killed.

    submit(job) ──> an idle worker's own socket ──> work(): "started", then the answer
    wait()      <── answers, deadlines and deaths, watched together by the parent

Each worker has a socket of its own, so that killing one disturbs no other. The parent holds the
deadlines and the memory caps: a job that breaks one ends with its worker, which is killed with its
children and replaced. A worker that dies before it said "started" has not touched the job, which is
handed on. A worker that dies later, or says anything but an answer to its job, may suffer from an
earlier job: the job is run again by a new worker, and fails where that dies too. A worker that
keeps much memory after a job, or says that the job changed its process, is replaced before the
next, so that one job does not end those of others.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Sequence
from typing import Any

from multiprocess.connection import wait as wait_for_any

from evolver.errors import EvolverError
from evolver.execution import fork_server, memory, processes
from evolver.execution.payload import Payload
from evolver.execution.protocol import Done, Function, Job
from evolver.execution.wire import BreachError
from evolver.execution.worker_handle import START_SECONDS, STATUS_SECONDS, WorkerHandle
from evolver.outcome import Failure

MAX_DEATHS_AT_START = 3

SERVERS = 2
"""Processes beside the workers: the fork server and its tracker of shared memory."""

RETRY_SECONDS = 0.25
"""Seconds after which a worker that could not be started for the second time is started again,
doubled each time."""


MEMORY_SECONDS = 0.2
"""Seconds between two looks at the memory of the workers."""


SHARE_TO_KEEP = 0.5
"""Share of the memory it may take: a worker that keeps more after a job is replaced."""


class ProcessPool:
    """Runs jobs in `capacity` processes.

    Parameters
    ----------
    function : callable
        Called by each job; reaches each worker once, memory-mapped. Where it has a method
        ``is_foreign``, that says of an argument whether code runs that is neither ours nor of a
        library, and may have changed libraries; without it, any job may have.
    capacity : int
        Number of workers.
    preload : sequence of str, default=()
        Modules that the fork server imports once, so that a worker is replaced at once.
    cap : int, optional
        Bytes that a worker and its children may hold; default: a fair share of what is free.

    Raises
    ------
    EvolverError
        When workers do not start, or their data cannot be written anywhere.
    """

    def __init__(
        self,
        function: Function,
        capacity: int,
        preload: Sequence[str] = (),
        cap: int | None = None,
    ) -> None:
        self.capacity = capacity
        self._cap = memory.shares(capacity)[1] if cap is None else cap
        self._workers: list[WorkerHandle] = []
        self._deaths_at_start = 0
        self._next_look = 0.0
        self._kills = memory.kills()
        self._payload: Payload | None = None
        room = processes.room()
        if room < capacity + SERVERS:
            raise EvolverError(
                f"The limit of processes (ulimit -u) must leave room for {capacity + SERVERS} more,"
                f" got {max(0, room):.0f}: `n_jobs` must be lower, or the limit higher."
            )
        payload = Payload(function)
        try:
            fork_server.enter(preload)
        except OSError as error:
            payload.close()
            raise EvolverError(f"Workers must start, but: {error}") from error
        self._payload = payload
        try:
            for _ in range(capacity):
                self._workers.append(WorkerHandle(payload, self._cap))
                self._start(self._workers[-1])
        except BaseException:
            self.close()
            raise

    def submit(self, job: Job) -> None:
        worker = next(worker for worker in self._workers if worker.job is None)
        worker.n_deaths = 0
        worker.assign(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        end = None if timeout is None else time.monotonic() + timeout
        while any(worker.job for worker in self._workers):
            self._start_missing()
            ready = wait_for_any(self._watched(), self._pause(end))
            for worker in self._workers:
                if any(place in ready for place in worker.places):
                    self._receive(worker)
            self._end_overdue()
            self._end_oversized()
            self._replace_worn()
            done = [worker.collect() for worker in self._workers if worker.done is not None]
            if done or (end is not None and time.monotonic() >= end):
                return done
        return []

    def abandon(self) -> None:
        """End every job that is under way; nothing comes back of them."""
        for worker in self._workers:
            if worker.job is not None:
                worker.discard()
                self._start(worker)

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()
        if self._payload is not None:
            self._payload.close()
            self._payload = None
            fork_server.leave()

    def _start(self, worker: WorkerHandle) -> None:
        """Start a worker's process, and hand it the job that it has; a failure is tried again.

        Raises
        ------
        EvolverError
            When none could be started for several times.
        """
        try:
            worker.start()
        except (OSError, EOFError) as error:
            self._count_death(worker, str(error))

    def _start_missing(self) -> None:
        for worker in self._workers:
            if worker.child is None and time.monotonic() >= worker.retry_at:
                self._start(worker)

    def _count_death(self, worker: WorkerHandle, why: str) -> None:
        """Count a process that could not begin with a job, and start it again later."""
        self._deaths_at_start += 1
        if self._deaths_at_start > MAX_DEATHS_AT_START * self.capacity:
            raise EvolverError(
                f"Workers must start, but: {why}. Limits of the system for processes, open files"
                " or memory may be reached."
            )
        worker.kill()
        doublings = (self._deaths_at_start - 1) // self.capacity
        worker.retry_at = time.monotonic() + RETRY_SECONDS * (2**doublings - 1)

    def _watched(self) -> list[Any]:
        return [place for worker in self._workers if worker.job for place in worker.places]

    def _pause(self, end: float | None) -> float:
        """Return the seconds until something is due."""
        due = [worker.deadline for worker in self._workers if worker.deadline is not None]
        due.append(max(self._next_look, time.monotonic()))
        if end is not None:
            due.append(end)
        return max(0.0, min(due) - time.monotonic())

    def _receive(self, worker: WorkerHandle) -> None:
        try:
            has_ended = worker.receive()
        except BreachError as error:
            self._suspect(worker, Failure.CRASH, f"the worker was killed: {error}")
            return
        if worker.started is not None:
            self._deaths_at_start = 0
        if has_ended and worker.done is None:
            self._handle_death(worker)

    def _handle_death(self, worker: WorkerHandle) -> None:
        """Replace a worker that died; the exit code comes first, as killing would change it."""
        assert worker.child is not None
        code = worker.child.exit_code(STATUS_SECONDS)
        if worker.started is None:
            self._count_death(worker, f"the process ended: {_ending(code)}")
            return
        reason = f"the worker process ended: {_ending(code)}"
        # The kill of a process for want of memory looks like any other kill.
        if code == -signal.SIGKILL and (
            worker.held > SHARE_TO_KEEP * self._cap or memory.kills() > self._kills
        ):
            self._kills = memory.kills()
            self._end(worker, Failure.MEMORY, reason)
        else:
            self._suspect(worker, Failure.CRASH, reason)

    def _suspect(self, worker: WorkerHandle, kind: Failure, reason: str) -> None:
        """Run the job of a worker again, once, where an earlier job or the end of the server may
        have caused this; else fail it."""
        may_be_innocent = worker.n_done > 0 or not fork_server.is_running()
        if worker.n_deaths > 0 or not may_be_innocent:
            self._end(worker, kind, reason)
            return
        worker.n_deaths += 1
        worker.kill()
        self._start(worker)

    def _end(self, worker: WorkerHandle, kind: Failure, reason: str) -> None:
        """Fail the job of a worker, and replace its process."""
        worker.kill()
        worker.fail(kind, reason)
        self._start(worker)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.child is None or worker.done is not None or worker.deadline is None:
                continue
            if now >= worker.deadline:
                if worker.started is None:
                    self._count_death(worker, f"none began within {START_SECONDS:g} s")
                else:
                    assert worker.job is not None
                    self._end(worker, Failure.TIMEOUT, f"longer than {worker.job.timeout:.3g} s")

    def _end_oversized(self) -> None:
        """Kill workers that hold more than the cap; looked at now and then."""
        if time.monotonic() < self._next_look:
            return
        for worker in self._workers:
            if worker.started is None or worker.done is not None:
                continue
            held = worker.measure()
            if held > self._cap:
                limits = f"{held / 1e6:.0f} MB, above the cap of {self._cap / 1e6:.0f} MB"
                self._end(worker, Failure.MEMORY, f"held {limits}")
        self._next_look = time.monotonic() + MEMORY_SECONDS

    def _replace_worn(self) -> None:
        """Replace workers that a job has changed, or that keep much of the memory that their jobs
        took; looked at after every job."""
        for worker in self._workers:
            if worker.done is None or worker.child is None or worker.n_done == 0:
                continue
            room = self._cap - worker.held_at_start
            if worker.is_worn or worker.measure() - worker.held_at_start > SHARE_TO_KEEP * room:
                worker.kill()
                self._start(worker)


def _ending(code: int | None) -> str:
    """Return how a process ended, as text."""
    if code is None:
        return "it closed its connection"
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
