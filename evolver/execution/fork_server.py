"""Fork server: the process on Linux that imports the libraries once and forks workers.

    enter, leave   count the pools; the first starts the server and the last stops it
    server         the server of this process, which `evolver.execution.child` asks for workers
    strays         processes that an ended worker left behind

The server is separate from the one in `multiprocess`, which belongs to the caller's own program, as
does the tracker of shared memory there. It leads a session of its own, so that all its descendants
can be told from other processes, and it adopts the children of workers that end. When the process
that started it ends in any way, it kills all its descendants and ends.
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
"""Method that starts workers.

Workers are never forked from this process: a forked child of a process that has used OpenMP can
hang for ever.
"""

LONGEST_FOLDER = 50
"""Largest length of a parent folder's path in bytes.

The address of a socket has at most 107 bytes, and the names of the folder and the socket follow.
"""

SOCKET = "socket"
"""File name of the socket in the server's folder."""

SEARCH_VARIABLES = ("PYTHONPATH", "PYTHONSAFEPATH")
"""Environment variables that determine where Python finds modules."""

PATIENCE = 5.0
"""Seconds to wait for the server to accept a request, and for a process to end."""

SUBREAPER, DEATH_SIGNAL = 36, 1
"""Options of `prctl`: adopt orphaned descendants; receive a signal when the parent ends."""

context = get_context(METHOD)


class ForkServer:
    """Process that has imported libraries and forks on demand, as its owner sees it.

    Its methods may be called from several threads.

    Attributes
    ----------
    owner : int
        Number of the process that made this object.
    workers : set of int
        Numbers of the workers that run.
    """

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
        """Number of the server's session, to which its descendants belong unless they leave it."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """True if the server runs."""
        return self._process is not None and self._process.poll() is None

    def enter(self, preload: Sequence[str]) -> None:
        """Register a pool, and start the server for the first one.

        Parameters
        ----------
        preload : sequence of str
            Modules that the server imports before it forks; ignored if it runs already.

        Raises
        ------
        OSError
            If the server cannot be started.
        """
        with self._lock:
            if self._pools == 0:
                self._preload = preload
                self._start()
            self._pools += 1

    def leave(self) -> None:
        """Deregister a pool, and stop the server after the last one."""
        with self._lock:
            self._pools = max(0, self._pools - 1)
            if self._pools == 0:
                self._stop()

    def connect(self, descriptors: Sequence[int]) -> tuple[int, int]:
        """Ask the server for a new process; restart the server if it has ended.

        Parameters
        ----------
        descriptors : sequence of int
            Descriptors of open files that the process receives.

        Returns
        -------
        status : int
            Descriptor to read from: the number of the process, and later its exit code.
        task : int
            Descriptor to write to: the pickled task of the process.

        Raises
        ------
        OSError
            If the server cannot be started.
        """
        with self._lock:
            if not self.is_running:
                self._restart()
            status, their_status, their_task, task = _pipes()
            try:
                theirs = [their_task, their_status]
                try:
                    self._ask(theirs, descriptors)
                except (ConnectionError, FileNotFoundError, TimeoutError):
                    # The server runs but does not answer: its folder may have been removed.
                    self._restart()
                    self._ask(theirs, descriptors)
            except BaseException:
                _close(status, task)
                raise
            finally:
                _close(their_status, their_task)
            return status, task

    def _ask(self, theirs: Sequence[int], descriptors: Sequence[int]) -> None:
        """Send the server the descriptors for a new process."""
        assert self._folder is not None
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(self._folder / SOCKET))
            # The order is that of `multiprocess.forkserver.main`, which the server runs.
            reduction.sendfds(client, [*theirs, self._alive_fd, self._tracker_fd, *descriptors])

    def _restart(self) -> None:
        """Start the server again, and end what is left of the earlier one."""
        self._stop()
        self._start()

    def _start(self) -> None:
        """Start the server and its tracker of shared memory."""
        # Server and tracker end when these pipes close: also when this process is killed.
        alive, self._alive_fd, tracked, self._tracker_fd = _pipes()
        try:
            self._folder = temporary.make(LONGEST_FOLDER)
            with raised_socket(socket.socket(socket.AF_UNIX)) as listener:
                listener.bind(str(self._folder / SOCKET))
                listener.listen()
                arguments = listener.fileno(), alive, list(self._preload), search_variables()
                code = f"from evolver.execution.fork_server import serve; serve(*{arguments})"
                self._process = _python(code, (listener.fileno(), alive))
            code = f"from multiprocess.resource_tracker import main; main({tracked})"
            self._tracker = _python(code, (tracked,))
        except BaseException:
            self._stop()
            raise
        finally:
            _close(alive, tracked)

    def _stop(self) -> None:
        """Kill the server and all its descendants, and remove its folder. Never raise."""
        if self._process is not None:
            # The server adopts descendants that left its session, so it ends after them.
            processes.end_descendants(processes.known(self._process.pid), PATIENCE)
            self._process.kill()
            processes.kill(members(self._process.pid))
            _wait(self._process)
        _close(self._alive_fd, self._tracker_fd)
        if self._tracker is not None:  # removes shared memory that jobs left, then ends
            _wait(self._tracker)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # not `rmtree`: it needs a free descriptor
                (self._folder / SOCKET).unlink(missing_ok=True)
                self._folder.rmdir()
        self._process = self._tracker = self._folder = None
        self._alive_fd = self._tracker_fd = -1


_servers = [ForkServer()]


def server() -> ForkServer:
    """Return the fork server of this process."""
    # A forked process has a copy of its parent's object, whose server it must not use or stop.
    if _servers[0].owner != os.getpid():
        _servers[0] = ForkServer()
    return _servers[0]


def enter(preload: Sequence[str]) -> None:
    """Register a pool, and start the server for the first one; see `ForkServer.enter`."""
    if METHOD == "forkserver":
        server().enter(preload)


def leave() -> None:
    """Deregister a pool, and stop the server after the last one. Never raise."""
    if METHOD == "forkserver":
        server().leave()


def is_running() -> bool:
    """Return True if the server runs, or if this system has none."""
    return METHOD != "forkserver" or server().is_running


def strays(pid: int) -> list[psutil.Process]:
    """Return the processes that an ended worker left behind, with their descendants.

    The server has adopted them. They belong to the group of the worker, or to another session,
    which no worker does.

    Parameters
    ----------
    pid : int
        Number of the worker that has ended.
    """
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
    """Return the processes of a session without its leader.

    The parent of the leader must not have waited for it yet, so that no other process can have its
    number.
    """
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
    """Run the server in its own process until its owner ends, then kill all its descendants.

    Parameters
    ----------
    listener : int
        Descriptor of the socket on which processes are asked for.
    alive : int
        Descriptor of a pipe that the owner holds open.
    preload : list of str
        Modules to import.
    variables : mapping
        Environment variables with the values that they had before the server was started.
    """
    set_variables(variables)
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    # `multiprocess` warns of each adopted process that ends, since it did not fork it.
    warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")
    try:
        forkserver.main(listener, alive, preload)
    finally:
        processes.end_descendants(psutil.Process(), PATIENCE)


def end_with_parent() -> None:
    """Let this worker be killed when the server ends, and adopt its orphaned descendants."""
    if METHOD != "forkserver":
        return
    library = ctypes.CDLL(None)
    library.prctl(DEATH_SIGNAL, signal.SIGKILL)
    library.prctl(SUBREAPER, 1)
    # `multiprocess` gives each worker the pipe that the owner holds open. While a worker holds it
    # open too, the server does not end with its owner.
    server = forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None


def set_variables(variables: Mapping[str, str | None]) -> None:
    """Set environment variables; a value of None removes the variable."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _python(code: str, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start an interpreter that finds the same modules as this one, in a session of its own."""
    places = os.pathsep.join(map(str, sys.path))
    # PYTHONSAFEPATH: files in the working directory, which may have the names of modules, are not
    # imported unless the folder is on the path here too.
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
    """Return the environment variables for modules and their values; None if one is not set."""
    return {name: os.environ.get(name) for name in SEARCH_VARIABLES}


def _pipes() -> tuple[int, int, int, int]:
    """Return the ends of two pipes: read and write of the first, read and write of the second."""
    made: list[int] = []
    try:
        for _ in range(2):
            made += map(raised, os.pipe())
    except OSError:
        _close(*made)
        raise
    return made[0], made[1], made[2], made[3]


def _close(*descriptors: int) -> None:
    """Close descriptors; those that are closed already, and -1, are skipped."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _wait(ended: subprocess.Popen[bytes]) -> None:
    """Wait for a process to end, and kill it if it does not."""
    for _ in range(2):
        with contextlib.suppress(subprocess.TimeoutExpired):
            ended.wait(PATIENCE)
            return
        ended.kill()


def _is_open(descriptor: int) -> bool:
    """Return True if a descriptor refers to an open file."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
