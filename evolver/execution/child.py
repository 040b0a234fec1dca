"""Child processes as their parent sees them: start one, and learn its number and exit code.

    Forked    on Linux: forked by the fork server; the parent does not wait until it runs
    Spawned   on other systems: an interpreter that the parent starts itself

No function here waits for a process longer than the caller allows.
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
"""Layout of the number and the exit code of a process, as `multiprocess` sends them."""


class Child(Protocol):
    """Process that was started.

    Attributes
    ----------
    pid : int or None
        Number of the process; None until it is known.
    sentinel : int
        Descriptor that becomes readable when the number is known and when the process has ended.
    """

    pid: int | None
    sentinel: int

    def exit_code(self, patience: float = 0.0) -> int | None:
        """Return the exit code; None if the process runs or if nobody knows its exit code.

        Parameters
        ----------
        patience : float
            Seconds to wait for the end of the process.
        """

    def is_ended(self) -> bool:
        """Return True if the process has ended."""

    def close(self) -> None:
        """Release the resources that the parent holds for the process."""


class Forked:
    """Process that the fork server forks; its number is known once the server has sent it."""

    # `multiprocess` expects these names of a process that is being started: it calls
    # `DupFd(duplicate_for_child(descriptor))` for each open file among the pickled arguments.
    method = "forkserver"
    DupFd = _DupFd

    def __init__(self, target: Callable[..., None], arguments: Sequence[Any]) -> None:
        self.pid: int | None = None
        self._received = b""
        self._code: int | None = None
        self._is_ended = False
        self._descriptors: list[int] = []
        message = self._pickled(target, arguments)
        self.sentinel, task_pipe = server().connect(self._descriptors)
        os.set_blocking(self.sentinel, False)
        try:
            with open(task_pipe, "wb") as file:
                file.write(message)
        except BaseException:
            self.close()
            raise

    def _pickled(self, target: Callable[..., None], arguments: Sequence[Any]) -> bytes:
        """Pickle the task of the process, and collect the descriptors that it needs."""
        task = context.Process(target=target, args=arguments, daemon=True)
        # The caller's script is left out, so that the process does not run it again.
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
        """Collect a descriptor that the process needs, and return its index; for `multiprocess`."""
        self._descriptors.append(descriptor)
        return len(self._descriptors) - 1

    def is_ended(self) -> bool:
        """Read the messages of the server, and return True if the process has ended."""
        if self._is_ended:
            return True
        try:
            chunk = os.read(self.sentinel, 2 * NUMBER.size - len(self._received))
        except BlockingIOError:
            return False
        self._received += chunk
        if len(self._received) >= NUMBER.size and self.pid is None:
            self.pid = NUMBER.unpack_from(self._received)[0]
            server().workers.add(self.pid)
        if len(self._received) == 2 * NUMBER.size:
            self._code = NUMBER.unpack_from(self._received, NUMBER.size)[0]
        # No bytes at all: the server has ended, and its workers end with it.
        self._is_ended = not chunk or self._code is not None
        return self._is_ended

    def exit_code(self, patience: float = 0.0) -> int | None:
        """Return the exit code, after waiting at most `patience` seconds; None if not known."""
        # The server is the parent of the process, so only its messages tell the exit code.
        end = time.monotonic() + patience
        while not self.is_ended() and time.monotonic() < end:
            time.sleep(0.002)
        return self._code

    def close(self) -> None:
        """Close the connection to the server; a second call does nothing."""
        if self.sentinel >= 0:
            os.close(self.sentinel)
            self.sentinel, self._is_ended = -1, True
        server().workers.discard(self.pid or 0)


class Spawned:
    """Process with an interpreter that the parent starts itself."""

    def __init__(self, target: Callable[..., None], arguments: Sequence[Any]) -> None:
        with _same_modules(), _main_hidden():
            self._process = context.Process(target=target, args=arguments, daemon=True)
            self._process.start()
        self.pid: int | None = self._process.pid
        self.sentinel: int = self._process.sentinel

    def is_ended(self) -> bool:
        """Return True if the process has ended."""
        return not self._process.is_alive()

    def exit_code(self, patience: float = 0.0) -> int | None:
        """Return the exit code, after waiting at most `patience` seconds; None if it runs."""
        self._process.join(patience)
        code: int | None = self._process.exitcode
        return code

    def close(self) -> None:
        """Release the resources of a process that has ended."""
        if not self._process.is_alive():
            self._process.close()


def start(target: Callable[..., None], *arguments: Any) -> Child:
    """Start a process that calls a function; it may not run yet when this returns.

    Parameters
    ----------
    target : callable
        Importable function.
    *arguments : object
        Picklable arguments, among them open files made by `given`.

    Raises
    ------
    OSError
        If no process can be started.
    """
    return Forked(target, arguments) if METHOD == "forkserver" else Spawned(target, arguments)


def given(descriptor: int, path: str | None) -> Any:
    """Return an open file as an argument for `start`.

    Parameters
    ----------
    descriptor : int
        Descriptor of the file.
    path : str or None
        Name of the file, used on systems that cannot hand over descriptors.

    Returns
    -------
    object
        Argument that arrives as an object whose method `detach` returns a descriptor, or `path`.
    """
    return _Descriptor(descriptor) if os.name == "posix" else path


class _Descriptor:
    """Descriptor that pickles as an object with a method `detach`, for a process being started."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> Any:
        return _identity, (reduction.DupFd(self._descriptor),)


def _identity(value: Any) -> Any:
    """Return the argument."""
    return value


@contextmanager
def _same_modules() -> Iterator[None]:
    """Let a process that the block starts find the same modules as this one.

    Without PYTHONSAFEPATH, Python looks first in the working directory, whose files may have the
    names of modules.
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
    """Keep a process that the block starts from running the caller's script again.

    `multiprocess` would run it to rebuild ``__main__``, unless the module has no file and no spec.
    """
    main: dict[str, Any] = sys.modules["__main__"].__dict__
    hidden: dict[str, Any] = {
        name: main.pop(name) for name in ("__file__", "__spec__") if name in main
    }
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(hidden)
