"""The life of the process that workers are forked from on Linux.

`multiprocess` has one such server for the whole process and leaves it running, as it does with the
tracker of shared resources. Both end here with the last pool, unless they ran before the first. Its
socket lies in the temporary folder, whose path may be longer than the address of a socket may.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from multiprocess import forkserver, get_context, process, resource_tracker

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""Never fork: a forked child of a process that has fitted with OpenMP hangs for ever."""

LONGEST_FOLDER = 75
"""Bytes of a temporary folder's path that leave room for "/pymp-01234567/listener-01234567" in the
107 of an address."""

SHORT_FOLDER = "/tmp"
"""Where the socket lies when the temporary folder's path is longer."""

SEARCH_VARIABLES = ("PYTHONPATH", "PYTHONSAFEPATH")
"""Of the environment: where Python looks for modules."""

context = get_context(METHOD)

_lock = threading.Lock()
_pools = 0
_others = False
_socket_folder: str | None = None


def enter(preload: Sequence[str]) -> None:
    """Announce a pool; the modules of `preload` are imported once, before workers are forked."""
    global _pools, _others, _socket_folder
    if METHOD != "forkserver":
        return
    with _lock:
        if _pools == 0:
            _others = forkserver._forkserver._forkserver_pid is not None
            context.set_forkserver_preload(list(preload))
            if not _others and len(os.fsencode(tempfile.gettempdir())) > LONGEST_FOLDER:
                _socket_folder = tempfile.mkdtemp(prefix="evolver-", dir=SHORT_FOLDER)
                process.current_process()._config["tempdir"] = _socket_folder
        _pools += 1


def leave() -> None:
    """Say that a pool has ended; with the last one the server ends, if it began with the first."""
    global _pools, _socket_folder
    if METHOD != "forkserver":
        return
    with _lock:
        _pools -= 1
        if _pools == 0 and not _others:
            forkserver._forkserver._stop()
            resource_tracker._resource_tracker._stop()
            if _socket_folder is not None:
                del process.current_process()._config["tempdir"]
                shutil.rmtree(_socket_folder, ignore_errors=True)
                _socket_folder = None


@contextmanager
def same_modules() -> Iterator[Mapping[str, str | None]]:
    """While processes are started: let them import what this one would, and nothing else.

    Python looks first in the folder that it was started from, whose files may be named like any
    module. Gives the variables that are changed, as they are for all others.
    """
    places = os.pathsep.join(map(str, sys.path))
    with _lock:
        before = {name: os.environ.get(name) for name in SEARCH_VARIABLES}
        set_variables(dict(zip(SEARCH_VARIABLES, (places, "1"), strict=True)))
        try:
            yield before
        finally:
            set_variables(before)


def set_variables(variables: Mapping[str, str | None]) -> None:
    """Set variables of the environment; None stands for one that is not there."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def let_go() -> None:
    """In a worker: close what would keep the server alive after the parent's death."""
    server = forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
