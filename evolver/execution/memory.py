"""How much memory there is, and how much of it a process and its children hold alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

SHARE_OF_WORKERS = 0.8
"""Share of the memory that is free when a run begins, for all its workers together."""

LEAST_CAP = 512 * 1024**2
"""Bytes: an idle worker with all libraries loaded holds about half of it."""

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
"""File that says which control groups this process belongs to."""


def free() -> int:
    """Return the bytes of memory that this process may still take: of the machine, or of the
    control groups that it is in."""
    available: int = psutil.virtual_memory().available
    return max(0, min([available, *_free_in_groups()]))


def shares(workers: int) -> tuple[int, int]:
    """Return how many of some workers fit into the memory that is free, at least one, and the bytes
    that each may hold."""
    for_all = int(SHARE_OF_WORKERS * free())
    fitting = min(workers, max(1, for_all // LEAST_CAP))
    return fitting, max(LEAST_CAP, for_all // fitting)


def kills() -> int:
    """Return how many processes the system has killed for want of memory in the control groups of
    this one; 0 where it does not say."""
    counts = [0]
    for folder in _groups():
        for file in (folder / "memory.events", folder / "memory.oom_control"):
            with contextlib.suppress(OSError, ValueError):
                lines = dict(line.split() for line in file.read_text().splitlines())
                counts.append(int(lines.get("oom_kill", 0)))
    return max(counts)


def private(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes that processes hold alone: not files that they map, such as the table."""
    held = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            found = process.memory_info()
            held += found.rss - getattr(found, "shared", 0)
    return held


def _free_in_groups() -> Iterator[int]:
    """Yield the bytes that each of the control groups leaves, of version 2 and of version 1."""
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
                spare = int(dict(line.split() for line in lines).get(reclaimable, 0))
                yield most - used + spare


def _groups() -> Iterator[Path]:
    """Yield the folders of the control groups of this process and of those around them."""
    with contextlib.suppress(OSError):
        for line in MEMBERSHIP.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory") and "memory" not in controllers.split(","):
                continue
            mounted = ("unified", ".") if controllers == "" else ("memory",)
            for root in (CGROUPS / one for one in mounted):
                inside = Path(path.lstrip("/"))
                yield from (root / part for part in (inside, *inside.parents))
