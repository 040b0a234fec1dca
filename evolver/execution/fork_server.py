"""The process that workers are forked from on Linux.

    enter, leave   the first pool starts the server, the last one stops it
    server         of this process; it is asked for a process by `evolver.execution.child`
    strays         processes that a dead worker left behind

The server is our own: `multiprocess` has one for the whole process, which belongs to the caller, as
does its tracker of shared resources. Ours leads a session, so that every process that came from it
can be told from others, and adopts the children of workers that died. When the process that it
belongs to ends, however that is, it ends with all its descendants.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from multiprocess import forkserver, get_context, reduction, util
from multiprocess.spawn import get_executable

from evolver import temporary
from evolver.execution import processes
from evolver.execution.descriptors import raised, raised_socket

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""Never fork: a forked child of a process that has fitted with OpenMP hangs for ever."""

LONGEST_FOLDER = 50
"""Bytes of a temporary folder's path that leave room for the names of our folder and of the socket
in the 107 of an address."""

SOCKET = "socket"
"""Name of the socket in our folder."""

SEARCH_VARIABLES = ("PYTHONPATH", "PYTHONSAFEPATH")
"""Variables of the environment that say where Python looks for modules."""

PATIENCE = 5.0
"""Seconds that an ended process is waited for, at the most."""

SUBREAPER, DEATH_SIGNAL = 36, 1
"""Options of `prctl`: adopt orphaned descendants; be killed when the parent dies."""

context = get_context(METHOD)


class ForkServer:
    """A process that has imported libraries and forks on demand. All its calls hold its lock."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._pools = 0
        self._preload: Sequence[str] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._tracker: subprocess.Popen[bytes] | None = None
        self._tracker_fd = self._alive_fd = -1
        self._folder: Path | None = None
        self._lock = threading.RLock()
        self.workers: set[int] = set()

    @property
    def session(self) -> int | None:
        """Number of the session of all processes that came from the server."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def enter(self, preload: Sequence[str]) -> None:
        """Count a pool; the modules of `preload` are imported before workers are forked."""
        with self._lock:
            if self._pools == 0:
                self._preload = preload
                self._start()
            self._pools += 1

    def leave(self) -> None:
        """Say that a pool has ended; with the last one the server ends."""
        with self._lock:
            self._pools = max(0, self._pools - 1)
            if self._pools == 0:
                self._stop()

    def connect(self, descriptors: Sequence[int]) -> tuple[int, int]:
        """Ask for a process that has some open files; start the server again where it is gone.

        Returns
        -------
        tuple of int
            Descriptors: one gives the number of the process and later its exit code, the other
            takes what the process is to run.

        Raises
        ------
        OSError
            When the server cannot be started.
        """
        with self._lock:
            if not self.is_running:
                self._start_again()
            status, their_status, their_task, task = _pipes()
            try:
                theirs = [their_task, their_status]
                try:
                    self._ask(theirs, descriptors)
                except (ConnectionError, FileNotFoundError, TimeoutError):
                    self._start_again()  # its folder may have been removed
                    self._ask(theirs, descriptors)
            except BaseException:
                _close(status, task)
                raise
            finally:
                _close(their_status, their_task)
            return status, task

    def _ask(self, theirs: Sequence[int], descriptors: Sequence[int]) -> None:
        assert self._folder is not None
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(self._folder / SOCKET))
            given = [*theirs, self._alive_fd, self._tracker_fd, *descriptors]
            reduction.sendfds(client, given)

    def _start_again(self) -> None:
        self._stop()
        self._start()

    def _start(self) -> None:
        heard, self._alive_fd, tracked, self._tracker_fd = _pipes()
        try:
            self._folder = temporary.make(LONGEST_FOLDER)
            with raised_socket(socket.socket(socket.AF_UNIX)) as listener:
                listener.bind(str(self._folder / SOCKET))
                listener.listen()
                arguments = listener.fileno(), heard, list(self._preload), search_variables()
                code = f"from evolver.execution.fork_server import serve; serve(*{arguments})"
                self._process = _python(code, (listener.fileno(), heard))
            code = f"from multiprocess.resource_tracker import main; main({tracked})"
            self._tracker = _python(code, (tracked,))
        except BaseException:
            self._stop()
            raise
        finally:
            _close(heard, tracked)

    def _stop(self) -> None:
        """Kill the server with all that came from it, and remove its folder. Never raises."""
        if self._process is not None:
            server = processes.known(self._process.pid)
            descendants = processes.family(server)
            self._process.kill()
            processes.kill(descendants)
            processes.kill(members(self._process.pid))
            _wait(self._process)
        _close(self._alive_fd, self._tracker_fd)
        if self._tracker is not None:  # it removes the shared memory of jobs, and ends
            _wait(self._tracker)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # needs no open file, where there may be too many
                (self._folder / SOCKET).unlink(missing_ok=True)
                self._folder.rmdir()
        self._process = self._tracker = self._folder = None
        self._alive_fd = self._tracker_fd = -1


_servers = [ForkServer()]


def server() -> ForkServer:
    """Return the server of this process: one that was forked has its parent's in its processes."""
    if _servers[0].owner != os.getpid():
        _servers[0] = ForkServer()
    return _servers[0]


def enter(preload: Sequence[str]) -> None:
    """Announce a pool; the modules of `preload` are imported once, before workers are forked.

    Raises
    ------
    OSError
        When the server cannot be started.
    """
    if METHOD == "forkserver":
        server().enter(preload)


def leave() -> None:
    """Say that a pool has ended. Never raises."""
    if METHOD == "forkserver":
        server().leave()


def is_running() -> bool:
    """Say whether the server runs, where there is one."""
    return METHOD != "forkserver" or server().is_running


def strays(pid: int) -> list[psutil.Process]:
    """Return the processes that a worker which has ended left behind, with all that descend from
    them: those of its group, and those that began a session of their own."""
    leader = processes.known(server().session)
    if leader is None:
        return []
    left: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error, OSError):
        for child in leader.children():
            with contextlib.suppress(OSError):
                began_a_session = os.getsid(child.pid) != leader.pid
                if child.pid not in server().workers and (
                    began_a_session or os.getpgid(child.pid) == pid
                ):
                    left += processes.family(child)
    return left


def members(session: int) -> list[psutil.Process]:
    """Return the processes of a session but its leader, which has not been waited for: so its
    number is no other's."""
    found = []
    with contextlib.suppress(OSError):
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):
                if pid != session and os.getsid(pid) == session:
                    found.append(psutil.Process(pid))
    return found


def serve(
    listener: int, alive: int, preload: list[str], variables: Mapping[str, str | None]
) -> None:
    """Run the server until its owner ends, in a process of its own; then kill all descendants.

    Parameters
    ----------
    listener : int
        Descriptor of the socket that asks for processes.
    alive : int
        Descriptor that ends with the owner.
    preload : list of str
        Modules to import.
    variables : mapping
        Variables of the environment that were changed to start the server.
    """
    set_variables(variables)
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")
    try:
        forkserver.main(listener, alive, preload)
    finally:
        processes.kill(psutil.Process().children(recursive=True))


def end_with_parent() -> None:
    """In a worker: be killed when the server ends, adopt orphaned descendants, and close what would
    keep the server alive."""
    if METHOD != "forkserver":
        return
    library = ctypes.CDLL(None)
    library.prctl(DEATH_SIGNAL, signal.SIGKILL)
    library.prctl(SUBREAPER, 1)
    server = forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None


def set_variables(variables: Mapping[str, str | None]) -> None:
    """Set variables of the environment; None stands for one that is not there."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _python(code: str, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start an interpreter that finds the modules that this one does, in a session of its own."""
    places = os.pathsep.join(map(str, sys.path))
    searched = dict(zip(SEARCH_VARIABLES, (places, "1"), strict=True))
    return subprocess.Popen(
        [get_executable(), *util._args_from_interpreter_flags(), "-c", code],
        pass_fds=descriptors,
        env={**os.environ, **searched},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if _is_open(2) else subprocess.DEVNULL,
        start_new_session=True,
    )


def search_variables() -> dict[str, str | None]:
    """Return the variables that say where modules are, as they are for all others."""
    return {name: os.environ.get(name) for name in SEARCH_VARIABLES}


def _pipes() -> tuple[int, int, int, int]:
    """Return the ends of two pipes: to read and write, to read and write."""
    made: list[int] = []
    try:
        for _ in range(2):
            made += map(raised, os.pipe())
    except OSError:
        _close(*made)
        raise
    return made[0], made[1], made[2], made[3]


def _close(*descriptors: int) -> None:
    """Close descriptors; those that are closed, or none yet, are passed over."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _wait(ended: subprocess.Popen[bytes]) -> None:
    """Wait for a process that ends, and kill it where it does not."""
    for _ in range(2):
        with contextlib.suppress(subprocess.TimeoutExpired):
            ended.wait(PATIENCE)
            return
        ended.kill()


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
