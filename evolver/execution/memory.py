"""How much memory there is, and how much of it a process and its children hold."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
SHARE_OF_WORKERS = 0.8
"""Of the memory that is free when a run begins, for all its workers together."""

LEAST_CAP = 512 * 1024**2
"""Bytes: an idle worker with all libraries loaded holds about half of it."""


def total() -> int:
    """Return the bytes of memory that this process may use: the machine's or the container's."""
    limits = [psutil.virtual_memory().total]
    for file in CONTAINER_LIMITS:
        with contextlib.suppress(OSError, ValueError):
            limits.append(int(file.read_text()))
    return int(min(limits))


def cap(workers: int) -> int:
    """Return the bytes that each of so many workers may hold."""
    free = min(psutil.virtual_memory().available, total() - psutil.Process().memory_info().rss)
    return max(LEAST_CAP, int(SHARE_OF_WORKERS * free / workers))


def alone(pid: int | None) -> list[psutil.Process]:
    """Return a process; empty when it has ended or was not started."""
    if pid is None:
        return []
    with contextlib.suppress(psutil.NoSuchProcess):
        return [psutil.Process(pid)]
    return []


def family(pid: int | None) -> list[psutil.Process]:
    """Return a process and all that descend from it; empty when it has ended or was not started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [one for process in alone(pid) for one in (process, *process.children(True))]
    return []


def resident(processes: list[psutil.Process]) -> int:
    """Return the bytes that processes hold together; what they share counts for each."""
    held = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held += process.memory_info().rss
    return held
