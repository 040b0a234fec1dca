"""Descriptors of open files above those of the standard streams.

Where a program has closed its streams, a new file gets one of their numbers. Then whatever is
printed is written to that file, and a new process has its streams put over it.
"""

from __future__ import annotations

import os
import socket

LAST_STREAM = 2
"""Descriptor of standard error."""


def raised(descriptor: int) -> int:
    """Return a descriptor of the same open file above the streams; the given one is closed where it
    is not that itself."""
    if descriptor > LAST_STREAM or os.name != "posix":
        return descriptor
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, LAST_STREAM + 1)
    finally:
        os.close(descriptor)


def raised_socket(connection: socket.socket) -> socket.socket:
    """Return a socket whose descriptor is above the streams."""
    if connection.fileno() > LAST_STREAM:
        return connection
    return socket.socket(fileno=raised(connection.detach()))
