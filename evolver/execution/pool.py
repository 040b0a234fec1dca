"""Executor with worker processes that can be killed.

Data flow, in the order of time:

    parent                         fork server                      worker, `capacity` of them
    `ProcessPool`                  has imported the libraries       runs `evolver.execution.worker`
      |                               |                                |
      |-- descriptors to inherit ---->|-- fork ----------------------->|    start
      |-- pickled task: `work` and its arguments --------------------->|
      |<- process number -------------|                                |
      |== file: function and its data, mapped read-only ==============>|
      |                               |                                |
      |-- JOB: pickled argument -------------------------------------->|    submit
      |<- STARTED, then WORN if the job changed the process, ----------|    wait
      |   then DATA or OBJECT: the result                              |
      |                               |                                |
      |-- SIGKILL, if the job is too late or holds too much memory --->|
      |<- exit code ------------------|                                |

Only Linux has the fork server; on other systems the parent starts the workers itself. Each worker
has a socket of its own, so that killing one worker disturbs no other.

The parent decides how a job ends:

- A job that exceeds its time or its memory fails. Its worker is killed with all its descendants and
  replaced.
- If a worker ends before STARTED, it has not touched the job. A new worker gets the job.
- If a worker ends after STARTED, or sends anything but the answer to its job, the job fails. But if
  it has run earlier jobs, or if the fork server has ended, these may be the cause: then a new
  worker runs the job once more.
- A worker that keeps much memory after a job, or whose process the job has changed, is replaced
  before its next job.
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
"""Number of failed starts in a row, for each worker of the pool, before the pool gives up."""

SERVERS = 2
"""Number of processes beside the workers: the fork server and its tracker of shared memory."""

RETRY_SECONDS = 0.25
"""Unit of the pause in seconds before a failed start is repeated: 0, 1, then 3 units."""

MEMORY_SECONDS = 0.2
"""Seconds between two measurements of the workers' memory."""

SHARE_TO_KEEP = 0.5
"""Share of the memory for jobs that a worker may keep after a job without being replaced."""


class ProcessPool:
    """Executor that runs jobs in `capacity` worker processes.

    Parameters
    ----------
    function : callable
        Function that each job calls with its argument. Each worker receives it once, in a file that
        it maps into memory. The function may have a method ``is_foreign(argument)``, which returns
        True if the job runs code from outside this package and its libraries. Such code may replace
        parts of libraries, so the worker compares them afterwards. Without the method, this is done
        after every job.
    capacity : int
        Number of workers.
    preload : sequence of str, default=()
        Modules that the fork server imports once, so that a new worker starts quickly.
    cap : int, optional
        Bytes that a worker and its children may hold. By default, an equal share of the free
        memory.

    Raises
    ------
    EvolverError
        If workers cannot start, or if their data cannot be written to any folder.
    """

    def __init__(
        self,
        function: Function,
        capacity: int,
        preload: Sequence[str] = (),
        cap: int | None = None,
    ) -> None:
        self.capacity = capacity
        self.peak_memory = 0
        self._cap = memory.shares(capacity)[1] if cap is None else cap
        self._workers: list[WorkerHandle] = []
        self._deaths_at_start = 0
        self._next_measurement = 0.0
        self._kills = memory.kills()
        self._payload: Payload | None = None
        room = processes.room()
        if room < capacity + SERVERS:
            raise EvolverError(
                f"The limit of processes (ulimit -u) must leave room for {capacity + SERVERS} more,"
                f" got {max(0, room):.0f}. Lower `n_jobs` or raise the limit."
            )
        payload = Payload(function)
        try:
            fork_server.enter(preload)
        except OSError as error:
            payload.close()
            raise EvolverError(f"No worker can be started: {error}") from error
        # From here on `close` leaves the fork server.
        self._payload = payload
        try:
            for _ in range(capacity):
                self._workers.append(WorkerHandle(payload, self._cap))
                self._start(self._workers[-1])
        except BaseException:
            self.close()
            raise

    def submit(self, job: Job) -> None:
        """Hand a job to an idle worker, of which there must be one."""
        worker = next(worker for worker in self._workers if worker.job is None)
        worker.n_deaths = 0
        worker.assign(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        """Return finished jobs as soon as there are any, or none after `timeout` seconds.

        Raises
        ------
        EvolverError
            If workers cannot be started again.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while any(worker.job for worker in self._workers):
            self._start_missing()
            ready = wait_for_any(self._watched(), self._pause(end))
            for worker in self._workers:
                if any(place in ready for place in worker.places):
                    self._receive(worker)
            # After the answers: a job that has answered by now is not late.
            self._end_overdue()
            self._end_oversized()
            self._replace_worn()
            done = [worker.collect() for worker in self._workers if worker.done is not None]
            if done or (end is not None and time.monotonic() >= end):
                return done
        return []

    def abandon(self) -> None:
        """End all unfinished jobs; they give no results."""
        for worker in self._workers:
            if worker.job is not None:
                worker.discard()
                self._start(worker)

    def close(self) -> None:
        """Kill all workers; a second call does nothing."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()
        if self._payload is not None:
            self._payload.close()
            self._payload = None
            fork_server.leave()

    def _start(self, worker: WorkerHandle) -> None:
        """Start a worker's process, which gets the worker's job; a failed start is repeated later.

        Raises
        ------
        EvolverError
            If too many starts in a row have failed.
        """
        try:
            worker.start()
        except (OSError, EOFError) as error:
            self._count_death(worker, str(error))

    def _start_missing(self) -> None:
        """Repeat failed starts whose pause is over."""
        for worker in self._workers:
            if worker.child is None and time.monotonic() >= worker.retry_at:
                self._start(worker)

    def _count_death(self, worker: WorkerHandle, reason: str) -> None:
        """Count a process that began no job, and set the time of its next start.

        Raises
        ------
        EvolverError
            If too many starts in a row have failed.
        """
        self._deaths_at_start += 1
        if self._deaths_at_start > MAX_DEATHS_AT_START * self.capacity:
            raise EvolverError(
                f"No worker can be started: {reason}. A limit of the system for processes, open"
                " files or memory may be reached."
            )
        worker.kill()
        # The first failure of each worker is repeated at once, later ones after a pause.
        doublings = (self._deaths_at_start - 1) // self.capacity
        worker.retry_at = time.monotonic() + RETRY_SECONDS * (2**doublings - 1)

    def _watched(self) -> list[Any]:
        """Return the objects that become ready when a worker with a job needs attention."""
        return [place for worker in self._workers if worker.job for place in worker.places]

    def _pause(self, end: float | None) -> float:
        """Return the seconds until the next deadline or measurement."""
        due = [worker.deadline for worker in self._workers if worker.deadline is not None]
        due.append(max(self._next_measurement, time.monotonic()))
        if end is not None:
            due.append(end)
        return max(0.0, min(due) - time.monotonic())

    def _receive(self, worker: WorkerHandle) -> None:
        """Read the messages of a worker, and handle its end if it has ended."""
        try:
            has_ended = worker.receive()
        except BreachError as error:
            self._retry_or_fail(worker, Failure.CRASH, f"the worker was killed: {error}")
            return
        if worker.started is not None:
            self._deaths_at_start = 0
        if has_ended and worker.done is None:
            self._handle_death(worker)

    def _handle_death(self, worker: WorkerHandle) -> None:
        """Replace a worker that has ended, and decide how its job ends."""
        assert worker.child is not None
        # Read before anything is killed, which would change the exit code.
        code = worker.child.exit_code(STATUS_SECONDS)
        if worker.started is None:
            self._count_death(worker, f"the process ended: {_ending(code)}")
            return
        reason = f"the worker process ended: {_ending(code)}"
        # The system kills a process for lack of memory like any other. So the sign is either the
        # memory that the worker held, or the number of such kills that the system counts.
        if code == -signal.SIGKILL and (
            worker.held > SHARE_TO_KEEP * self._cap or memory.kills() > self._kills
        ):
            self._kills = memory.kills()
            self._end(worker, Failure.MEMORY, reason)
        else:
            self._retry_or_fail(worker, Failure.CRASH, reason)

    def _retry_or_fail(self, worker: WorkerHandle, kind: Failure, reason: str) -> None:
        """Run a job once more if something else may have ended its worker; else fail it."""
        # Something else: an earlier job of this process, or the end of the fork server.
        may_be_innocent = worker.n_done > 0 or not fork_server.is_running()
        if worker.n_deaths > 0 or not may_be_innocent:
            self._end(worker, kind, reason)
            return
        worker.n_deaths += 1
        worker.kill()
        self._start(worker)

    def _end(self, worker: WorkerHandle, kind: Failure, reason: str) -> None:
        """Fail the job of a worker, and replace the process."""
        worker.kill()
        worker.fail(kind, reason)
        self._start(worker)

    def _end_overdue(self) -> None:
        """Fail jobs that are late, and replace workers that began none in time."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.child is None or worker.done is not None or worker.deadline is None:
                continue
            if now >= worker.deadline:
                if worker.started is None:
                    self._count_death(worker, f"none was ready within {START_SECONDS:g} s")
                else:
                    assert worker.job is not None
                    self._end(worker, Failure.TIMEOUT, f"longer than {worker.job.timeout:.3g} s")

    def _end_oversized(self) -> None:
        """Fail jobs whose workers hold more than the memory cap, if a measurement is due."""
        if time.monotonic() < self._next_measurement:
            return
        for worker in self._workers:
            if worker.started is None or worker.done is not None:
                continue
            held = worker.measure()
            self.peak_memory = max(self.peak_memory, held)
            if held > self._cap:
                reason = f"held {held / 1e6:.0f} MB, above the cap of {self._cap / 1e6:.0f} MB"
                self._end(worker, Failure.MEMORY, reason)
        self._next_measurement = time.monotonic() + MEMORY_SECONDS

    def _replace_worn(self) -> None:
        """Replace workers that a finished job has changed, or that keep much memory after it."""
        for worker in self._workers:
            # A process that has answered no job is new: the job failed with its predecessor.
            if worker.done is None or worker.child is None or worker.n_done == 0:
                continue
            room = self._cap - worker.held_at_start
            self.peak_memory = max(self.peak_memory, worker.held)
            if worker.is_worn or worker.measure() - worker.held_at_start > SHARE_TO_KEEP * room:
                worker.kill()
                self._start(worker)


def _ending(code: int | None) -> str:
    """Return the end of a process as text."""
    if code is None:
        return "it closed its connection"
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
