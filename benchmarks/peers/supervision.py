"""Commands as process groups that end in time and leave nothing behind (POSIX only)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Ending:
    """End of a command.

    Parameters
    ----------
    exit_code : int or None
        Exit code; None where it was killed because its time was up.
    peak_memory : int
        Largest sum in bytes of the resident memory of the process and its descendants that was
        seen. Pages that processes share count for each.
    """

    exit_code: int | None
    peak_memory: int


def supervise(
    command: Sequence[str], variables: Mapping[str, str], log: Path, seconds: float
) -> Ending:
    """Run a command for at most `seconds`, with all it prints in `log`."""
    with log.open("wb") as stream:
        process = psutil.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # makes it the leader of a new process group
        )
    try:
        return _watch(process, time.monotonic() + seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _watch(process: psutil.Popen, deadline: float) -> Ending:
    peak = 0
    while (exit_code := process.poll()) is None and time.monotonic() < deadline:
        peak = max(peak, _resident_memory(process))
        time.sleep(POLL_SECONDS)
    return Ending(exit_code, peak)


def _resident_memory(process: psutil.Popen) -> int:
    total = 0
    with contextlib.suppress(psutil.Error):  # processes come and go
        for member in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += member.memory_info().rss
    return total
