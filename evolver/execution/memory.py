"""Memory: bytes that are free, and bytes that processes hold alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

SHARE_OF_WORKERS = 0.8
"""Share of the free memory that all workers of a run together may hold."""

LEAST_CAP = 512 * 1024**2
"""Smallest memory cap of a worker in bytes; an idle worker with all libraries needs about half."""

CGROUPS = Path("/sys/fs/cgroup")
"""Folder of the control groups."""

MEMBERSHIP = Path("/proc/self/cgroup")
"""File that names the control groups of this process."""


def free() -> int:
    """Return the bytes that this process may still take.

    The limit is the memory of the machine or that of a control group, whichever leaves less.
    """
    available: int = psutil.virtual_memory().available
    return max(0, min([available, *_free_in_groups()]))


def shares(workers: int) -> tuple[int, int]:
    """Return the number of workers that fit into the free memory, and the memory cap of each.

    Parameters
    ----------
    workers : int
        Number of workers that are asked for.

    Returns
    -------
    tuple of int
        Number of workers, between 1 and `workers`, and bytes that each may hold.
    """
    for_all = int(SHARE_OF_WORKERS * free())
    fitting = min(workers, max(1, for_all // LEAST_CAP))
    return fitting, max(LEAST_CAP, for_all // fitting)


def kills() -> int:
    """Return the number of processes that the system has killed because memory was short.

    Only kills in the control groups of this process count; 0 if the system keeps no count.
    """
    counts = [0]
    for folder in _groups():
        for file in (folder / "memory.events", folder / "memory.oom_control"):
            with contextlib.suppress(OSError, ValueError):
                lines = dict(line.split() for line in file.read_text().splitlines())
                counts.append(int(lines.get("oom_kill", 0)))
    return max(counts)


def private(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes that processes hold together, without mapped files such as the table."""
    held = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            found = process.memory_info()
            held += found.rss - getattr(found, "shared", 0)
    return held


def _free_in_groups() -> Iterator[int]:
    """Yield the bytes that each control group with a limit leaves, of version 2 and version 1."""
    names = (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    )
    for folder in _groups():
        for limit, usage, reclaimable in names:
            with contextlib.suppress(OSError, ValueError):  # no such file, or no limit: "max"
                most = int((folder / limit).read_text())
                used = int((folder / usage).read_text())
                lines = (folder / "memory.stat").read_text().splitlines()
                # The usage counts cached files too, which the system drops when memory is short.
                spare = int(dict(line.split() for line in lines).get(reclaimable, 0))
                yield most - used + spare


def _groups() -> Iterator[Path]:
    """Yield the folders of the control groups of this process and of all groups around them."""
    with contextlib.suppress(OSError):
        for line in MEMBERSHIP.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            # Version 2 names no controllers; version 1 has a line for each set of them.
            if controllers not in ("", "memory") and "memory" not in controllers.split(","):
                continue
            # Where both versions are mounted, version 2 is in a subfolder.
            mounts = ("unified", ".") if controllers == "" else ("memory",)
            for root in (CGROUPS / mount for mount in mounts):
                inside = Path(path.lstrip("/"))
                # The limits of all groups up to the root hold for this process.
                yield from (root / part for part in (inside, *inside.parents))
