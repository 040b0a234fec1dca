"""Peak of the memory that this process and its children hold."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from evolver.execution import memory, processes

POLL_SECONDS = 0.5


@contextmanager
def sampled_memory() -> Iterator[list[int]]:
    """Give a list that grows by the bytes held, twice a second; mapped files do not count."""
    held, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            held.append(memory.private(processes.family(processes.known(os.getpid()))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield held
    finally:
        over.set()
        watcher.join()
