"""A pool of worker processes that can be killed.

    submit(job) ──> an idle worker's own pipe ──> work(): "started", then the answer
    wait()      <── answers, deadlines and deaths, watched together by the parent

Each worker has a pipe of its own, so that killing one disturbs no other. The parent holds the
deadlines and the memory caps: a job that breaks one ends with its worker, which is killed with its
children and replaced. A worker that dies before it said "started" has not touched the job, which is
handed on; after that the job is `Failed`. A worker that keeps much memory after a job is replaced
before the next, so that one leak does not end the jobs of others.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
from multiprocess.connection import wait as wait_for_any

from evolver.errors import EvolverError
from evolver.execution import fork_server, memory, payload
from evolver.execution.protocol import Done, Function, Job
from evolver.execution.worker import STARTED, work
from evolver.outcome import Failed, Failure

MAX_DEATHS_AT_START = 3
START_SECONDS = 60.0
"""That a worker may take to begin with a job: it imports libraries and maps its data first."""

FUNCTION_FILE = "function"
SPARE_PLACES = ("/dev/shm", ".")
"""Where the function goes when the folder for temporary files is full or not there."""

MEMORY_SECONDS = 0.2
"""Between two looks at the memory of the workers."""

LOOKS_TO_FAMILY = 5
"""Every so many looks the children of a worker are counted too."""

SHARE_TO_KEEP = 0.5
"""Of the memory it may take: a worker that keeps more after a job is replaced."""


class ProcessPool:
    """Runs jobs in `capacity` processes.

    Parameters
    ----------
    function : callable
        What a job calls; reaches each worker once, memory-mapped.
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
        self._cap = memory.cap(capacity) if cap is None else cap
        self._workers: list[_Worker] = []
        self._deaths_at_start = 0
        self._next_look = 0.0
        self._folder: Path | None = _written(function)
        fork_server.enter(preload)
        try:
            self._workers.extend(_Worker(self._folder / FUNCTION_FILE) for _ in range(capacity))
        except BaseException:
            self.close()
            raise

    def submit(self, job: Job) -> None:
        worker = next(worker for worker in self._workers if worker.job is None)
        worker.take(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        end = None if timeout is None else time.monotonic() + timeout
        while any(worker.job for worker in self._workers):
            ready = wait_for_any(self._watched(), self._pause(end))
            for worker in self._workers:
                if any(place in ready for place in worker.places):
                    self._hear(worker)
            self._end_overdue()
            self._end_oversized()
            self._replace_leaky()
            done = [worker.give() for worker in self._workers if worker.done is not None]
            if done or (end is not None and time.monotonic() >= end):
                return done
        return []

    def abandon(self) -> None:
        """End every job that is under way; nothing comes back of them."""
        for worker in self._workers:
            if worker.job is not None:
                worker.forget()

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
            fork_server.leave()

    def _watched(self) -> list[Any]:
        return [place for worker in self._workers if worker.job for place in worker.places]

    def _pause(self, end: float | None) -> float:
        """Return the seconds until something is due."""
        due = [worker.deadline for worker in self._workers if worker.deadline is not None]
        due.append(max(self._next_look, time.monotonic()))
        if end is not None:
            due.append(end)
        return max(0.0, min(due) - time.monotonic())

    def _hear(self, worker: _Worker) -> None:
        try:
            if worker.connection.poll():
                worker.hear()
                self._deaths_at_start = 0
            elif not worker.process.is_alive():
                self._mourn(worker)
        except (EOFError, OSError):
            self._mourn(worker)

    def _mourn(self, worker: _Worker) -> None:
        """Replace a worker that died; hand on its job where that was not begun."""
        worker.kill()
        ending = _exit_of(worker.process.exitcode)
        if worker.started is not None:
            # What the system kills for want of memory looks like any other kill.
            starved = ending == "SIGKILL" and worker.held > SHARE_TO_KEEP * self._cap
            kind = Failure.MEMORY if starved else Failure.CRASH
            worker.fail(kind, f"the worker process ended: {ending}")
            worker.restart()
            return
        self._deaths_at_start += 1
        if self._deaths_at_start > MAX_DEATHS_AT_START:
            raise EvolverError(f"Workers must start, but {ending} ended them.")
        worker.restart()
        if worker.job is not None:
            worker.take(worker.job)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.job and not worker.done and worker.deadline and now >= worker.deadline:
                worker.kill()
                worker.fail(Failure.TIMEOUT, f"longer than {worker.job.timeout:.3g} s")
                worker.restart()

    def _end_oversized(self) -> None:
        """Kill workers that hold more than the cap; looked at now and then."""
        if time.monotonic() < self._next_look:
            return
        for worker in self._workers:
            if worker.job is None or worker.done is not None:
                continue
            held = worker.measure()
            if held > self._cap and worker.started is not None:
                worker.kill()
                limits = f"{held / 1e6:.0f} MB, above the cap of {self._cap / 1e6:.0f} MB"
                worker.fail(Failure.MEMORY, f"held {limits}")
                worker.restart()
        self._next_look = time.monotonic() + MEMORY_SECONDS

    def _replace_leaky(self) -> None:
        """Replace workers that keep much of what their jobs took; looked at after every job."""
        for worker in self._workers:
            if worker.done is not None and worker.held_at_start > 0:
                room = self._cap - worker.held_at_start
                if worker.measure() - worker.held_at_start > SHARE_TO_KEEP * room:
                    worker.kill()
                    worker.restart()


def _written(function: Function) -> Path:
    """Return a new folder that holds a function's file, in the first place that has room."""
    errors = []
    for place in (None, *SPARE_PLACES):
        folder = None
        try:
            folder = Path(tempfile.mkdtemp(prefix="evolver-", dir=place))
            payload.write(folder / FUNCTION_FILE, function)
            return folder
        except OSError as error:
            errors.append(str(error))
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
    raise EvolverError(f"The workers' data must be written somewhere: {'; '.join(errors)}")


class _Worker:
    """One place in the pool: a process, its pipe, and the job it has, if any."""

    def __init__(self, function_file: Path) -> None:
        self.job: Job | None = None
        self.done: Done | None = None
        self.started: float | None = None
        self.taken = 0.0
        self.held = 0
        self._looks = 0
        self._function_file = function_file
        self.restart()

    def restart(self) -> None:
        context = fork_server.context
        self.held_at_start = 0
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        with fork_server.same_modules() as variables, _main_hidden():
            arguments = (theirs, self._function_file, variables)
            self.process = context.Process(target=work, args=arguments, daemon=True)
            self.process.start()
        theirs.close()

    @property
    def places(self) -> tuple[Any, ...]:
        """What becomes ready when the worker says something or dies."""
        return self.connection, self.process.sentinel

    @property
    def deadline(self) -> float | None:
        """When the job is late: it counts from its start, for which there is a limit too."""
        if self.job is None or self.job.timeout is None:
            return None
        start = self.taken + START_SECONDS if self.started is None else self.started
        return start + self.job.timeout

    def take(self, job: Job) -> None:
        self.job, self.started, self.taken = job, None, time.monotonic()
        # That a worker is dead is noticed, and its job handed on, by wait().
        with contextlib.suppress(OSError):
            self.connection.send_bytes(cloudpickle.dumps(job.argument, protocol=5))

    def hear(self) -> None:
        message = self.connection.recv_bytes()
        if message == STARTED:
            self.started = time.monotonic()
            self.held_at_start = self.held_at_start or self.measure()
            return
        try:
            result = pickle.loads(message)
        except Exception as error:
            result = Failed(
                Failure.ERROR, f"the result cannot be read: {type(error).__name__}", 0.0
            )
        self._finish(result)

    def fail(self, kind: Failure, reason: str) -> None:
        self._finish(Failed(kind, reason, 0.0))

    def give(self) -> Done:
        """Return what is done, and be idle."""
        assert self.done is not None
        done, self.done, self.job, self.started = self.done, None, None, None
        return done

    def forget(self) -> None:
        """Drop the job with its process, and be idle."""
        self.kill()
        self.done, self.job, self.started = None, None, None
        self.restart()

    def measure(self) -> int:
        """Return the bytes that the process holds now; at every few looks with its children.

        To find the children of a process, all processes of the machine are gone through.
        """
        self._looks += 1
        find = memory.alone if self._looks % LOOKS_TO_FAMILY else memory.family
        self.held = memory.resident(find(self.process.pid))
        return self.held

    def kill(self) -> None:
        """Kill the process and its children, and wait until it is gone.

        Children outlive a worker that died by itself, but stay in its process group.
        """
        for process in memory.family(self.process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process.pid is None:  # interrupted before it was started
            self.connection.close()
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        self.connection.close()

    def _finish(self, result: Any) -> None:
        assert self.job is not None
        seconds = 0.0 if self.started is None else time.monotonic() - self.started
        if isinstance(result, Failed):
            result = Failed(result.kind, result.reason, seconds)
        self.done = Done(self.job.key, result, seconds)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep a starting worker from running the caller's script again, which it would do to rebuild
    ``__main__``."""
    main: dict[str, Any] = sys.modules["__main__"].__dict__
    hidden: dict[str, Any] = {
        name: main.pop(name) for name in ("__file__", "__spec__") if name in main
    }
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(hidden)


def _exit_of(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
