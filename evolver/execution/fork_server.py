"""The life of the process that workers are forked from on Linux.

`multiprocess` has one such server for the whole process and leaves it running, as it does with the
tracker of shared resources. Both end here with the last pool, unless they ran before the first.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence

from multiprocess import forkserver, get_context, resource_tracker

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""Never fork: a forked child of a process that has fitted with OpenMP hangs for ever."""

context = get_context(METHOD)

_lock = threading.Lock()
_pools = 0
_others = False


def enter(preload: Sequence[str]) -> None:
    """Announce a pool; the modules of `preload` are imported once, before workers are forked."""
    global _pools, _others
    if METHOD != "forkserver":
        return
    with _lock:
        if _pools == 0:
            _others = forkserver._forkserver._forkserver_pid is not None
            context.set_forkserver_preload(list(preload))
        _pools += 1


def leave() -> None:
    """Say that a pool has ended; with the last one the server ends, if it began with the first."""
    global _pools
    if METHOD != "forkserver":
        return
    with _lock:
        _pools -= 1
        if _pools == 0 and not _others:
            forkserver._forkserver._stop()
            resource_tracker._resource_tracker._stop()


def let_go() -> None:
    """In a worker: close what would keep the server alive after the parent's death."""
    server = forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
