"""Processes by their number: known, with all that descend from them, and killed.

A number may be another process's by now, so each is told by the time of its start too. Whatever the
system refuses to say or do, for want of files that may be open, costs no error here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

import psutil


def known(pid: int | None) -> psutil.Process | None:
    """Return a running process, which is told from a later one with its number; None where it has
    ended or was not started."""
    if pid is None:
        return None
    try:
        return psutil.Process(pid)
    except (psutil.Error, OSError):
        return None


def family(process: psutil.Process | None) -> list[psutil.Process]:
    """Return a process and all that descend from it; empty when it has ended."""
    if process is None:
        return []
    with contextlib.suppress(psutil.Error, OSError):
        return [process, *process.children(recursive=True)]
    return []


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes; those that have ended are passed over."""
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            process.kill()


def room() -> float:
    """Return how many more processes this user may start: infinitely many where nothing limits
    them, as for root. Threads count as processes."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    except (ImportError, AttributeError):  # not on this system
        return float("inf")
    if os.geteuid() == 0 or limit == resource.RLIM_INFINITY:
        return float("inf")
    running = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        uids, threads = process.info["uids"], process.info["num_threads"]
        running += (threads or 1) if uids is not None and uids.real == os.getuid() else 0
    return limit - running
