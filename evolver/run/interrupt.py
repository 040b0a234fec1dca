"""Signals that ask a process to stop: Ctrl-C, and what a terminal or a service manager sends.

A run is not lost by them: the first ends its search, and the best so far is fitted and kept.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

Handler = Callable[[int, FrameType | None], None]


@contextlib.contextmanager
def stops_raised() -> Iterator[None]:
    """Raise KeyboardInterrupt for every signal that asks the process to stop."""
    with _handled(_raise):
        yield


@contextlib.contextmanager
def first_interrupt_noted() -> Iterator[threading.Event]:
    """Note the first signal that asks the process to stop instead of raising it; raise the second.

    Raised anywhere, an interrupt may be swallowed by a finalizer.
    """
    noted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if noted.is_set():
            raise KeyboardInterrupt
        noted.set()

    with _handled(note):
        yield noted


@contextlib.contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    """Let a handler take the signals for a while. Only the main thread gets any, and a handler of
    the caller's own stays, as does that a signal is ignored."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in STOPPING:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            if signal.getsignal(number) in (default, _raise):
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _raise(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
