"""Processes by their numbers: identify them, find their descendants, kill them.

The system gives the number of an ended process to a later one. `psutil.Process` also remembers when
a process was started, so the later one is never killed by mistake. No function here raises if the
system refuses to answer, for example because too many files are open.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable

import psutil


def known(pid: int | None) -> psutil.Process | None:
    """Return the running process with a number; None if there is none or the number is None."""
    if pid is None:
        return None
    try:
        return psutil.Process(pid)
    except (psutil.Error, OSError):
        return None


def family(process: psutil.Process | None) -> list[psutil.Process]:
    """Return a process and all its descendants; an empty list if it has ended."""
    if process is None:
        return []
    with contextlib.suppress(psutil.Error, OSError):
        return [process, *process.children(recursive=True)]
    return []


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes; those that have ended are skipped."""
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            process.kill()


def end_descendants(process: psutil.Process | None, patience: float) -> None:
    """Kill all descendants of a process that adopts those whose parent ends.

    They are listed and killed until none is left: one that is about to be killed may start another
    after it was listed.

    Parameters
    ----------
    process : psutil.Process or None
        Process, which itself starts none meanwhile.
    patience : float
        Seconds after which descendants that the system does not end are left.
    """
    end = time.monotonic() + patience
    while left := [one for one in family(process)[1:] if _runs(one)]:
        kill(left)
        if time.monotonic() > end:
            return
        time.sleep(0.002)


def _runs(process: psutil.Process) -> bool:
    """Return True if a process has not ended; one that nobody has waited for yet has."""
    with contextlib.suppress(psutil.Error, OSError):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def room() -> float:
    """Return the number of processes that this user may still start; infinity without a limit.

    Root has no limit. Each thread counts as a process, as it does for the system.
    """
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
