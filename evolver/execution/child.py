"""A process in the eyes of its parent: how it is started, and what becomes of it.

    Forked    by the fork server, on Linux; starting it does not wait until it runs
    Spawned   an interpreter of its own, elsewhere

Nothing here waits for a process longer than it is told to.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from multiprocess import process, reduction
from multiprocess.context import set_spawning_popen
from multiprocess.popen_forkserver import _DupFd

from evolver.execution.fork_server import (
    METHOD,
    SEARCH_VARIABLES,
    context,
    search_variables,
    server,
    set_variables,
)

NUMBER = struct.Struct("q")
"""Form in which `multiprocess` sends the number of a process, and later its exit code."""


class Child(Protocol):
    """A started process."""

    pid: int | None
    sentinel: int

    def exit_code(self, patience: float = 0.0) -> int | None:
        """Return the exit code after so many seconds at the most; None while it runs, and where
        nobody knows it."""

    def is_ended(self) -> bool:
        """Say whether it has ended."""

    def close(self) -> None:
        """Let go of it."""


class Forked:
    """A process that the server forks. Its number is known when the server has forked it."""

    method = "forkserver"
    DupFd = _DupFd

    def __init__(self, target: Callable[..., None], arguments: Sequence[Any]) -> None:
        self.pid: int | None = None
        self._told = b""
        self._code: int | None = None
        self._is_ended = False
        self._descriptors: list[int] = []
        task = self._pickled(target, arguments)
        self.sentinel, place = server().connect(self._descriptors)
        os.set_blocking(self.sentinel, False)
        try:
            with open(place, "wb") as file:
                file.write(task)
        except BaseException:
            self.close()
            raise

    def _pickled(self, target: Callable[..., None], arguments: Sequence[Any]) -> bytes:
        """Pickle what the process is to run, and note the descriptors that this needs."""
        task = context.Process(target=target, args=arguments, daemon=True)
        preparation = {
            "name": task.name,
            "authkey": process.current_process().authkey,
            "sys_path": [str(place) for place in sys.path],
            "sys_argv": sys.argv[:1],
        }
        buffer = io.BytesIO()
        set_spawning_popen(self)
        try:
            reduction.dump(preparation, buffer)
            reduction.dump(task, buffer)
        finally:
            set_spawning_popen(None)
        return buffer.getvalue()

    def duplicate_for_child(self, descriptor: int) -> int:
        """Note a descriptor that the process is to have; for `multiprocess`."""
        self._descriptors.append(descriptor)
        return len(self._descriptors) - 1

    def is_ended(self) -> bool:
        if self._is_ended:
            return True
        try:
            told = os.read(self.sentinel, 2 * NUMBER.size - len(self._told))
        except BlockingIOError:
            return False
        self._told += told
        if len(self._told) >= NUMBER.size and self.pid is None:
            self.pid = NUMBER.unpack_from(self._told)[0]
            server().workers.add(self.pid)
        if len(self._told) == 2 * NUMBER.size:
            self._code = NUMBER.unpack_from(self._told, NUMBER.size)[0]
        self._is_ended = not told or self._code is not None
        return self._is_ended

    def exit_code(self, patience: float = 0.0) -> int | None:
        end = time.monotonic() + patience
        while not self.is_ended() and time.monotonic() < end:
            time.sleep(0.002)
        return self._code

    def close(self) -> None:
        if self.sentinel >= 0:
            os.close(self.sentinel)
            self.sentinel, self._is_ended = -1, True
        server().workers.discard(self.pid or 0)


class Spawned:
    """A process that is started afresh."""

    def __init__(self, target: Callable[..., None], arguments: Sequence[Any]) -> None:
        with _same_modules(), _main_hidden():
            self._process = context.Process(target=target, args=arguments, daemon=True)
            self._process.start()
        self.pid: int | None = self._process.pid
        self.sentinel: int = self._process.sentinel

    def is_ended(self) -> bool:
        return not self._process.is_alive()

    def exit_code(self, patience: float = 0.0) -> int | None:
        self._process.join(patience)
        code: int | None = self._process.exitcode
        return code

    def close(self) -> None:
        if not self._process.is_alive():
            self._process.close()


def start(target: Callable[..., None], *arguments: Any) -> Child:
    """Start a process that calls `target`; it need not run yet when this returns.

    Raises
    ------
    OSError
        When no process can be started.
    """
    return Forked(target, arguments) if METHOD == "forkserver" else Spawned(target, arguments)


def given(descriptor: int, path: str | None) -> Any:
    """Return an open file in the form in which `start` hands it to a process: an object with
    `detach`, or its name where descriptors cannot be handed over."""
    return _Given(descriptor) if os.name == "posix" else path


class _Given:
    """A descriptor on its way to a process, where it is an object with `detach`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> Any:
        return _same, (reduction.DupFd(self._descriptor),)


def _same(thing: Any) -> Any:
    return thing


@contextmanager
def _same_modules() -> Iterator[None]:
    """While a process is started: let it import what this one would, and nothing else.

    Python looks first in the folder that it was started from, whose files may be named like any
    module.
    """
    before = search_variables()
    places = os.pathsep.join(map(str, sys.path))
    set_variables(dict(zip(SEARCH_VARIABLES, (places, "1"), strict=True)))
    try:
        yield
    finally:
        set_variables(before)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep a starting process from running the caller's script again, which it would do to rebuild
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
