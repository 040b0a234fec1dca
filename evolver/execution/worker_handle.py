"""One place in a pool: the process of a worker where one runs, its socket, and the job it has.

The pool decides what becomes of a job; a handle hands it over, hears what the worker says of it,
measures and kills.
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
"""Seconds that a worker may take to begin with a job: it imports libraries and maps its data
first."""

SEND_SECONDS = 2.0
"""Seconds that a job may take to be handed over; it is small, and waits in the socket."""

STATUS_SECONDS = 0.5
"""Seconds to wait for the exit code of a worker whose connection has ended."""

LEAST_LOAD_SECONDS, SPARE_LOAD_SECONDS = 0.5, 2.0
"""Seconds that loading a result may take at the least, and beyond those that the worker needed."""

LOOKS_TO_FAMILY = 5
"""Looks after which the children of a worker are counted too."""


class WorkerHandle:
    """One place in the pool: a process where one runs, its socket, and the job it has, if any.

    Parameters
    ----------
    payload : Payload
        Holds the function.
    limit : int
        Bytes that an answer may have.
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
        """Start a process, and hand it the job that this worker has.

        Raises
        ------
        OSError, EOFError
            When it cannot be started.
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
        """Number of the process; None where it is not known yet."""
        return None if self.child is None else self.child.pid

    @property
    def places(self) -> tuple[Any, ...]:
        """Objects that become ready when the worker says something or dies."""
        if self.child is None or self._connection is None:
            return ()
        return (self._connection, self.child.sentinel)

    @property
    def deadline(self) -> float | None:
        """Time at which the job is late; it counts from its start, for which there is a limit
        too."""
        if self.job is None:
            return None
        if self.child is None:
            return self.retry_at
        if self.started is None:
            return self._assigned + START_SECONDS
        return None if self.job.timeout is None else self.started + self.job.timeout

    def assign(self, job: Job) -> None:
        """Take a job, and hand it to the process."""
        self.job, self.started, self._assigned = job, None, time.monotonic()
        self._number += 1
        if self._connection is None:
            return
        message = cloudpickle.dumps(job.argument, protocol=5)
        # The death of a worker is noticed, and its job handed on, by wait().
        with contextlib.suppress(OSError):
            self._connection.settimeout(SEND_SECONDS)
            wire.send(self._connection, self._number, Kind.JOB, message)
        with contextlib.suppress(OSError):
            self._connection.setblocking(False)

    def receive(self) -> bool:
        """Take in what the worker has said; say whether it has ended.

        Raises
        ------
        BreachError
            When it said anything but what is due for its job.
        """
        assert self.child is not None
        has_ended = self.child.is_ended()
        frames, is_closed = self._reader.read()
        for frame in frames:
            if self.job is None or self.done is not None or frame.job != self._number:
                raise BreachError("it answered for another job")
            is_start_due = self.started is None
            says_it_twice = frame.kind is Kind.WORN and self.is_worn
            if (frame.kind is Kind.STARTED) != is_start_due or says_it_twice:
                raise BreachError("it answered out of turn")
            self._note(frame)
        return has_ended or is_closed

    def _note(self, frame: wire.Frame) -> None:
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
        """Return the seconds that loading a result may take: not much more than its worker needed
        for all, nor more than is left to the job."""
        assert self.job is not None
        assert self.started is not None
        taken = time.monotonic() - self.started
        left = float("inf") if self.job.timeout is None else self.job.timeout - taken
        return max(LEAST_LOAD_SECONDS, min(SPARE_LOAD_SECONDS + taken, left))

    def fail(self, kind: Failure, reason: str) -> None:
        self._finish(Failed(kind, reason, 0.0))

    def collect(self) -> Done:
        """Return what is done, and be idle."""
        assert self.done is not None
        done, self.done, self.job, self.started = self.done, None, None, None
        return done

    def discard(self) -> None:
        """Drop the job with its process."""
        self.kill()
        self.done, self.job, self.started = None, None, None

    def measure(self) -> int:
        """Return the bytes that the process holds now; at every few looks with its children.

        To find the children of a process, all processes of the machine are gone through.
        """
        self._looks += 1
        if self._process is None:
            self._process = processes.known(self.pid)
        alone = [] if self._process is None else [self._process]
        self.held = memory.private(
            alone if self._looks % LOOKS_TO_FAMILY else processes.family(self._process)
        )
        return self.held

    def kill(self) -> None:
        """Kill the process with all that descends from it. It need not have been started."""
        ended, self.child = self.child, None
        if ended is None:
            return
        is_running = not ended.is_ended()  # its number may have come only now
        ending = processes.family(self._process or processes.known(ended.pid))
        processes.kill(ending)
        if is_running and ended.pid is not None and hasattr(os, "killpg"):
            with contextlib.suppress(OSError):  # needs no open file, where there may be too many
                os.killpg(ended.pid, signal.SIGKILL)
        ended.exit_code(STATUS_SECONDS if ended.pid is not None else 0.0)
        if ended.pid is not None:
            processes.kill(fork_server.strays(ended.pid))
        ended.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _finish(self, result: Any) -> None:
        assert self.job is not None
        seconds = 0.0 if self.started is None else time.monotonic() - self.started
        if isinstance(result, Failed):
            result = Failed(result.kind, result.reason, seconds)
        self.done = Done(self.job.key, result, seconds)
