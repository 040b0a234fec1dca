"""Temporary folders whose names identify the process that made them.

A process that is killed cannot remove its folders, so a later run removes them. The name says whose
a folder is: ``evolver-SCOPE-PID-START-RANDOM``. SCOPE is a hash of the machine and the namespace of
process numbers, PID is the number of the process, and START is the time at which it was started.
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
"""Parent folders to try if the system's folder for temporary files is full or gone.

They are also tried if its path is too long.
"""


def make(longest: int | None = None) -> Path:
    """Make a folder that its owner alone may open, in the first place that allows it.

    Parameters
    ----------
    longest : int, optional
        Largest length of the parent's path in bytes.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If no place allows it; the message lists the reasons.
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
    """Make a folder that is removed when the block ends.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        If no place allows it.
    """
    made = make()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def places() -> list[str]:
    """Return the possible parents of temporary folders, the system's usual one first."""
    found: list[str] = []
    sources: list[Callable[[], str]] = [tempfile.gettempdir]
    sources += [partial(os.path.abspath, place) for place in SPARE_PLACES]
    for source in sources:
        with contextlib.suppress(OSError):  # no such folder, or no working directory
            found.append(source())
    return list(dict.fromkeys(found))


def sweep() -> None:
    """Remove the temporary folders of this user whose owners have ended."""
    for place in places():
        with contextlib.suppress(OSError):
            for folder in Path(place).glob(f"{PREFIX}-*-*-*-*"):
                if _is_abandoned(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def owner() -> str:
    """Return the part of a folder's name that identifies this process: SCOPE-PID-START."""
    return f"{_scope()}-{os.getpid()}-{_start(os.getpid())}"


def _is_abandoned(folder: Path) -> bool:
    """Return True if a folder is of this user and machine and its owner has ended."""
    scope, number, start = folder.name.split("-")[1:4]
    is_ours = scope == _scope() and number.isdecimal() and start.isdecimal()
    status = folder.lstat()
    if not is_ours or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        return False
    try:
        # A process with the owner's number but another start is a later process.
        return _start(int(number)) != int(start)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _start(pid: int) -> int:
    """Return the start of a process: in clock ticks since boot on Linux, else as a date."""
    # Ticks since boot come first: a date shifts when the system's clock is set, and then a running
    # owner would look like a later process with the same number.
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[19])  # "starttime" of proc(5)
    created: float = psutil.Process(pid).create_time()
    return round(100 * created)


@lru_cache(maxsize=1)
def _scope() -> str:
    """Return a hash of this machine and its namespace of process numbers."""
    # Machines and containers may share a folder, and each has a process with the same number.
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return hashlib.blake2b(f"{platform.node()} {namespace}".encode(), digest_size=4).hexdigest()
