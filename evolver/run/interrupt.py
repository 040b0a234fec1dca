"""Signals that ask a process to stop: Ctrl-C, and those of a terminal or a service manager.

The first signal ends the search of a run, and the best candidate so far is fitted and kept.
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
"""Signals that ask a process to stop, as far as the system has them."""

Handler = Callable[[int, FrameType | None], None]
"""Handler of a signal, as `signal.signal` takes it."""


@contextlib.contextmanager
def stops_raised() -> Iterator[None]:
    """Raise KeyboardInterrupt, in the context, for every signal that asks the process to stop."""
    with _handled(_raise):
        yield


@contextlib.contextmanager
def first_interrupt_noted() -> Iterator[threading.Event]:
    """Note the first signal that asks the process to stop; raise KeyboardInterrupt for the second.

    Yields
    ------
    threading.Event
        Event that the first signal sets. An exception that is raised wherever the process happens
        to be could be swallowed by a finalizer.
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
    """Handle the signals by `handler` in the context.

    A handler of the caller stays, and a signal that the caller ignores is ignored.
    """
    before = {}
    # Python lets only the main thread set handlers.
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
    """Raise KeyboardInterrupt, whatever the signal."""
    raise KeyboardInterrupt
