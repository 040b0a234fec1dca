"""Temporary folders named after their owner, so that those of a killed process can be removed.

A process that is killed removes nothing. The name of each folder says which process made it, and
where: its machine and its namespace of processes, its number, and when it was started. The next run
removes the folders of processes that have ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path

import psutil

PREFIX = "evolver"

SPARE_PLACES = ("/tmp", "/dev/shm", ".")
"""Parents of a temporary folder where the system's own folder is full, gone or too long a path."""


def make(longest: int | None = None) -> Path:
    """Make a folder that its owner alone may read, in the first place that has room.

    Parameters
    ----------
    longest : int, optional
        Bytes that the path of its parent may have.

    Raises
    ------
    OSError
        When no place has room; the message lists the reasons.
    """
    errors = []
    for place in places():
        if longest is not None and len(os.fsencode(place)) > longest:
            continue
        try:
            return Path(tempfile.mkdtemp(prefix=f"{PREFIX}-{owner()}-", dir=place))
        except OSError as error:
            errors.append(str(error))
    raise OSError(f"no folder for temporary files can be written to: {'; '.join(errors)}")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give a new folder, which is removed afterwards.

    Raises
    ------
    OSError
        When no place has room.
    """
    own = make()
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def places() -> list[str]:
    """Return where temporary folders may be made, the usual place first."""
    found: list[str] = []
    asked: list[Callable[[], str]] = [tempfile.gettempdir]
    asked += [partial(os.path.abspath, one) for one in SPARE_PLACES]
    for place in asked:
        with contextlib.suppress(OSError):  # no such place, or no working directory
            found.append(place())
    return list(dict.fromkeys(found))


def sweep() -> None:
    """Remove the folders of this user whose owners have ended."""
    for place in places():
        with contextlib.suppress(OSError):
            for folder in Path(place).glob(f"{PREFIX}-*-*-*-*"):
                if _is_abandoned(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def owner() -> str:
    """Return the mark of this process: scope, number and start."""
    return f"{_scope()}-{os.getpid()}-{_start(os.getpid())}"


def _is_abandoned(folder: Path) -> bool:
    """Say whether a folder is ours and its owner has ended."""
    scope, number, start = folder.name.split("-")[1:4]
    is_ours = scope == _scope() and number.isdecimal() and start.isdecimal()
    status = folder.lstat()
    if not is_ours or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        return False
    try:
        return _start(int(number)) != int(start)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _start(pid: int) -> int:
    """Return when a process was started, by a clock that nobody sets where there is one: by
    another, a process could seem to be a later one."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[19])  # "starttime" of proc(5), in ticks since the system was started
    created: float = psutil.Process(pid).create_time()
    return round(100 * created)


@lru_cache(maxsize=1)
def _scope() -> str:
    """Return what tells process numbers of this machine and container from those of others, which
    may share a folder."""
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return hashlib.blake2b(f"{platform.node()} {namespace}".encode(), digest_size=4).hexdigest()
