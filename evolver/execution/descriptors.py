"""File descriptors kept out of the numbers of the standard streams (0, 1 and 2).

A program may have closed its standard streams. The system then gives their numbers to the next
files that are opened. Everything printed would be written to such a file, and a child process would
lose it, because its own streams are put at these numbers.
"""

from __future__ import annotations

import os
import socket

LAST_STREAM = 2
"""Descriptor of standard error."""


def raised(descriptor: int) -> int:
    """Return a descriptor above 2 of the same open file.

    A descriptor that is too low is duplicated and then closed.
    """
    if descriptor > LAST_STREAM or os.name != "posix":
        return descriptor
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, LAST_STREAM + 1)
    finally:
        os.close(descriptor)


def raised_socket(connection: socket.socket) -> socket.socket:
    """Return a socket of the same connection with a descriptor above 2."""
    if connection.fileno() > LAST_STREAM:
        return connection
    return socket.socket(fileno=raised(connection.detach()))
