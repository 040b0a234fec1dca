"""A pool of worker processes that can be killed.

    submit(job) ──> an idle worker's own pipe ──> work(): "started", then the answer
    wait()      <── answers, deadlines and deaths, watched together by the parent

Each worker has a pipe of its own, so that killing one disturbs no other. The parent holds the
deadlines: a job that is late ends with its worker, which is killed with its children and replaced.
A worker that dies before it said "started" has not touched the job, which is handed on; after that
the job is `Failed`.

Workers are never forked from the caller: a forked child of a process that has fitted with OpenMP
hangs for ever. On Linux they come from a fork server, elsewhere they are spawned.
"""

from __future__ import annotations

import contextlib
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
import multiprocess
import psutil
from multiprocess.connection import wait as wait_for_any

from evolver.errors import EvolverError
from evolver.execution import payload
from evolver.execution.protocol import Done, Function, Job
from evolver.execution.worker import STARTED, work
from evolver.outcome import Failed, Failure

MAX_DEATHS_AT_START = 3


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
    """

    def __init__(self, function: Function, capacity: int, preload: Sequence[str] = ()) -> None:
        self.capacity = capacity
        self._folder = Path(tempfile.mkdtemp(prefix="evolver-"))
        self._workers: list[_Worker] = []
        self._deaths_at_start = 0
        self._context = multiprocess.get_context(
            "forkserver" if sys.platform == "linux" else "spawn"
        )
        try:
            payload.write(self._folder / "function", function)
            if sys.platform == "linux":
                self._context.set_forkserver_preload(list(preload))
            self._workers.extend(self._start() for _ in range(capacity))
        except BaseException:
            self.close()
            raise

    def submit(self, job: Job) -> None:
        worker = next(worker for worker in self._workers if worker.job is None)
        worker.take(job)

    def wait(self, timeout: float | None = None) -> Sequence[Done]:
        end = None if timeout is None else time.monotonic() + timeout
        while any(worker.job for worker in self._workers):
            for place in wait_for_any(self._watched(), self._pause(end)):
                self._hear(next(worker for worker in self._workers if place in worker.places))
            self._end_overdue()
            done = [worker.give() for worker in self._workers if worker.done is not None]
            if done or (end is not None and time.monotonic() >= end):
                return done
        return []

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> _Worker:
        return _Worker(self._context, self._folder / "function")

    def _watched(self) -> list[Any]:
        return [place for worker in self._workers if worker.job for place in worker.places]

    def _pause(self, end: float | None) -> float | None:
        """Return the seconds until something is due; None where nothing ever is."""
        due = [worker.deadline for worker in self._workers if worker.deadline is not None]
        if end is not None:
            due.append(end)
        return max(0.0, min(due) - time.monotonic()) if due else None

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
        job = worker.job
        worker.kill()
        if worker.started is not None:
            worker.fail(
                Failure.CRASH, f"the worker process ended: {_exit_of(worker.process.exitcode)}"
            )
            self._replace(worker)
            return
        self._deaths_at_start += 1
        if self._deaths_at_start > MAX_DEATHS_AT_START:
            raise EvolverError(
                f"Workers must start, but {_exit_of(worker.process.exitcode)} ended them."
            )
        self._replace(worker)
        if job is not None:
            worker.take(job)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if (
                worker.done is None
                and worker.deadline is not None
                and now >= worker.deadline
                and worker.job
            ):
                worker.kill()
                worker.fail(Failure.TIMEOUT, f"longer than {worker.job.timeout:.3g} s")
                self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        worker.restart(self._context, self._folder / "function")


class _Worker:
    """One place in the pool: a process, its pipe, and the job it has, if any."""

    def __init__(self, context: Any, function_file: Path) -> None:
        self.job: Job | None = None
        self.done: Done | None = None
        self.started: float | None = None
        self.restart(context, function_file)

    def restart(self, context: Any, function_file: Path) -> None:
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, function_file), daemon=True)
        with _main_hidden():
            self.process.start()
        theirs.close()

    @property
    def places(self) -> tuple[Any, ...]:
        """What becomes ready when the worker says something or dies."""
        return self.connection, self.process.sentinel

    @property
    def deadline(self) -> float | None:
        if self.started is None or self.job is None or self.job.timeout is None:
            return None
        return self.started + self.job.timeout

    def take(self, job: Job) -> None:
        self.job, self.started = job, None
        with contextlib.suppress(
            OSError
        ):  # a dead worker is noticed, and its job handed on, by wait()
            self.connection.send_bytes(cloudpickle.dumps(job.argument, protocol=5))

    def hear(self) -> None:
        message = self.connection.recv_bytes()
        if message == STARTED:
            self.started = time.monotonic()
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

    def kill(self) -> None:
        """Kill the process and its children, and wait until it is gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self.process.kill()
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
