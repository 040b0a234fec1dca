"""One worker as the pool sees it: its process, its socket and its job.

The pool decides how a job ends. A handle carries out its decisions: it starts and kills the
process, hands over the job, receives the answer and measures the memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from typing import Any

import cloudpickle
import psutil

from evolver.execution import child, fork_server, memory, processes, wire
from evolver.execution.descriptors import raised_socket
from evolver.execution.inline import reason_of
from evolver.execution.payload import Payload
from evolver.execution.protocol import Done, Job
from evolver.execution.wire import BreachError, Kind
from evolver.execution.worker import work
from evolver.outcome import Failed, Failure

START_SECONDS = 60.0
"""Seconds that a worker may take to start a job; a new worker first imports libraries."""

SEND_SECONDS = 2.0
"""Seconds that writing a job to the socket of its worker may take."""

STATUS_SECONDS = 0.5
"""Seconds to wait for the exit code of a worker whose connection has ended."""

LEAST_LOAD_SECONDS = 0.5
"""Seconds that loading a result may always take."""

SPARE_LOAD_SECONDS = 2.0
"""Seconds that loading a result may take in addition to the seconds that the job took."""

LOOKS_TO_FAMILY = 5
"""Interval, in measurements, at which the children of the worker are included."""


class WorkerHandle:
    """One worker of a pool: its process and socket, if it runs, and its job, if it has one.

    Parameters
    ----------
    payload : Payload
        File with the function.
    limit : int
        Largest length of an answer in bytes.

    Attributes
    ----------
    child : Child or None
        Process of the worker; None if it does not run.
    job : Job or None
        Job that was assigned.
    done : Done or None
        Finished job that the pool has not collected yet.
    started : float or None
        Monotonic time in seconds at which the process began the job.
    retry_at : float
        Monotonic time in seconds before which the process is not started again.
    held, held_at_start : int
        Bytes that the process held at the last measurement, and when it began its first job.
    n_done : int
        Number of jobs that this process has answered.
    n_deaths : int
        Number of attempts at the job that ended with their process.
    is_worn : bool
        True if a job changed the process, which must be replaced then.
    """

    def __init__(self, payload: Payload, limit: int) -> None:
        self.child: child.Child | None = None
        self.job: Job | None = None
        self.done: Done | None = None
        self.started: float | None = None
        self.retry_at = 0.0
        self.held = self.held_at_start = self.n_done = self.n_deaths = 0
        self.is_worn = False
        self._payload = payload
        self._limit = limit
        self._connection: socket.socket | None = None
        self._process: psutil.Process | None = None
        self._assigned = 0.0
        self._number = 0
        self._looks = 0

    def start(self) -> None:
        """Start the process, and hand it the job if there is one.

        Raises
        ------
        OSError, EOFError
            If it cannot be started.
        """
        ours, theirs = map(raised_socket, socket.socketpair())
        file = child.given(self._payload.descriptor, self._payload.path)
        try:
            with theirs:
                variables = fork_server.search_variables()
                self.child = child.start(work, theirs, file, variables)
        except BaseException:
            ours.close()
            raise
        self._connection = ours
        self._reader = wire.Reader(ours, self._limit)
        self._process = None
        self.held = self.held_at_start = self.n_done = 0
        self.is_worn = False
        if self.job is not None and self.done is None:
            self.assign(self.job)

    @property
    def pid(self) -> int | None:
        """Number of the process; None if it does not run or its number is not known yet."""
        return None if self.child is None else self.child.pid

    @property
    def places(self) -> tuple[Any, ...]:
        """Objects to wait for: they become ready when the worker sends something or ends."""
        if self.child is None or self._connection is None:
            return ()
        return (self._connection, self.child.sentinel)

    @property
    def deadline(self) -> float | None:
        """Monotonic time in seconds at which the pool must act next; None if there is none.

        It is the time to start the process, the latest start of the job, or its latest end.
        """
        if self.job is None:
            return None
        if self.child is None:
            return self.retry_at
        if self.started is None:
            return self._assigned + START_SECONDS
        return None if self.job.timeout is None else self.started + self.job.timeout

    def assign(self, job: Job) -> None:
        """Take a job, and hand it to the process if that runs."""
        self.job, self.started, self._assigned = job, None, time.monotonic()
        # Frames that an earlier job of the process sends late carry its old number and are refused.
        self._number += 1
        if self._connection is None:
            return
        message = cloudpickle.dumps(job.argument, protocol=5)
        # A worker that has ended raises here. The pool notices its end in `wait` and tries again.
        with contextlib.suppress(OSError):
            self._connection.settimeout(SEND_SECONDS)
            wire.send(self._connection, self._number, Kind.JOB, message)
        with contextlib.suppress(OSError):
            self._connection.setblocking(False)

    def receive(self) -> bool:
        """Read the messages of the worker, and return True if it has ended.

        Raises
        ------
        BreachError
            If a message is not one that the job may send next.
        """
        assert self.child is not None
        # Asked first: a process that has ended by now can send nothing after the frames read below.
        has_ended = self.child.is_ended()
        frames, is_closed = self._reader.read()
        for frame in frames:
            if self.job is None or self.done is not None or frame.job != self._number:
                raise BreachError("it sent an answer to another job")
            is_start_due = self.started is None
            says_it_twice = frame.kind is Kind.WORN and self.is_worn
            if (frame.kind is Kind.STARTED) != is_start_due or says_it_twice:
                raise BreachError("it sent a message out of turn")
            self._note(frame)
        return has_ended or is_closed

    def _note(self, frame: wire.Frame) -> None:
        """Record a message of the worker."""
        if frame.kind is Kind.STARTED:
            self.started = time.monotonic()
            self._process = processes.known(self.pid)
            self.held_at_start = self.held_at_start or self.measure()
        elif frame.kind is Kind.WORN:
            self.is_worn = True
        else:
            try:
                result = wire.decode(frame, self._load_seconds())
            except BaseException as error:
                reason = f"the result cannot be read: {reason_of(error)}"
                result = Failed(Failure.ERROR, reason, 0.0)
            self.n_done += 1
            self._finish(result)

    def _load_seconds(self) -> float:
        """Return the seconds that loading a result may take."""
        # The worker has loaded the result within the time of the job, so a pool that needs much
        # longer hangs. The time that is left to the job is a limit too.
        assert self.job is not None
        assert self.started is not None
        taken = time.monotonic() - self.started
        left = float("inf") if self.job.timeout is None else self.job.timeout - taken
        return max(LEAST_LOAD_SECONDS, min(SPARE_LOAD_SECONDS + taken, left))

    def fail(self, kind: Failure, reason: str) -> None:
        """Finish the job as failed."""
        self._finish(Failed(kind, reason, 0.0))

    def collect(self) -> Done:
        """Return the finished job; the worker is idle afterwards."""
        assert self.done is not None
        done, self.done, self.job, self.started = self.done, None, None, None
        return done

    def discard(self) -> None:
        """Kill the process, and drop its job."""
        self.kill()
        self.done, self.job, self.started = None, None, None

    def measure(self) -> int:
        """Return the bytes that the process holds; at times those of its children are included."""
        # Not each time: finding the children means a look at all processes of the machine.
        self._looks += 1
        if self._process is None:
            self._process = processes.known(self.pid)
        alone = [] if self._process is None else [self._process]
        self.held = memory.private(
            alone if self._looks % LOOKS_TO_FAMILY else processes.family(self._process)
        )
        return self.held

    def kill(self) -> None:
        """Kill the process and all its descendants; do nothing if it does not run."""
        ended, self.child = self.child, None
        if ended is None:
            return
        is_running = not ended.is_ended()  # this also reads the number, which may come only now
        # The descendants are listed before the kill, after which they have another parent.
        ending = processes.family(self._process or processes.known(ended.pid))
        processes.kill(ending)
        if is_running and ended.pid is not None and hasattr(os, "killpg"):
            with contextlib.suppress(OSError):  # unlike psutil, it needs no free descriptor
                os.killpg(ended.pid, signal.SIGKILL)
        ended.exit_code(STATUS_SECONDS if ended.pid is not None else 0.0)
        if ended.pid is not None:
            # Children that it started meanwhile are found once the server has adopted them.
            processes.kill(fork_server.strays(ended.pid))
        ended.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _finish(self, result: Any) -> None:
        """Finish the job with a result, and note the seconds since its start."""
        assert self.job is not None
        seconds = 0.0 if self.started is None else time.monotonic() - self.started
        if isinstance(result, Failed):
            result = Failed(result.kind, result.reason, seconds)
        self.done = Done(self.job.key, result, seconds)
