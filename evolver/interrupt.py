"""Ctrl-C: noted the first time, raised the second."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def first_interrupt_noted() -> Iterator[threading.Event]:
    """Note the first Ctrl-C instead of raising it, and raise the second.

    Raised anywhere, an interrupt may be swallowed by a finalizer. Only the main thread gets it, and
    a handler of the caller's own stays.
    """
    noted = threading.Event()

    def note(number: int, frame: object) -> None:
        if noted.is_set():
            raise KeyboardInterrupt
        noted.set()

    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield noted
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
