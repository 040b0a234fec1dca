"""Messages between a pool and its workers: frames on a socket, each with the number of its job.

    frame    magic, number of the job, kind, length, content
    DATA     numbers, texts, arrays and frozen values of this package: reading it runs no other code
    OBJECT   any other pickled value; the worker has loaded it once, within the time of the job

The pool never waits for the rest of a frame, and bytes that are no frame are a `BreachError`: a job
can neither block the pool nor answer for another job.
"""

from __future__ import annotations

import dataclasses
import io
import pickle
import socket
import struct
import threading
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import cloudpickle

MAGIC = b"evol"
HEADER = struct.Struct("<4sQBQ")
CHUNK, CHUNKS = 1 << 20, 64
"""Bytes that are read at once, and how often before others are heard."""

NUMPY_NAMES = frozenset({"_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar"})
"""Names of numpy that a pickled array or number consists of."""


class Kind(IntEnum):
    """Kind of a frame."""

    JOB = 0
    STARTED = 1
    DATA = 2
    OBJECT = 3
    WORN = 4
    """The worker's process was changed by the job; the answer follows."""


KINDS = frozenset(Kind)


@dataclass(frozen=True)
class Frame:
    """One message."""

    job: int
    kind: Kind
    content: bytes


class BreachError(Exception):
    """Bytes on a connection that are no frame, or a frame of another job."""


class Reader:
    """The frames that come over a socket, read without waiting.

    Parameters
    ----------
    connection : socket
        Made non-blocking.
    limit : int
        Bytes that a frame may have.
    """

    def __init__(self, connection: socket.socket, limit: int) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._limit = limit
        self._held = bytearray()

    def read(self) -> tuple[list[Frame], bool]:
        """Return the frames that are complete by now, and whether the connection has ended.

        It returns after so many bytes, although there may be more: a job could write for ever.

        Raises
        ------
        BreachError
            When the bytes are no frame.
        """
        frames: list[Frame] = []
        for _ in range(CHUNKS):
            try:
                chunk = self._connection.recv(CHUNK)
            except BlockingIOError:
                break
            except OSError:
                chunk = b""
            if not chunk:
                return frames, True
            self._held += chunk
            frames += self._complete()
        return frames, False

    def _complete(self) -> list[Frame]:
        frames = []
        while len(self._held) >= HEADER.size:
            magic, job, kind, length = HEADER.unpack_from(self._held)
            if magic != MAGIC or kind not in KINDS or length > self._limit:
                raise BreachError("it wrote to the connection of its worker")
            end = HEADER.size + length
            if len(self._held) < end:
                break
            frames.append(Frame(job, Kind(kind), bytes(self._held[HEADER.size : end])))
            del self._held[:end]
        if not MAGIC.startswith(self._held[: len(MAGIC)]):
            raise BreachError("it wrote to the connection of its worker")
        return frames


def send(connection: socket.socket, job: int, kind: Kind, content: bytes = b"") -> None:
    """Write one frame."""
    connection.sendall(HEADER.pack(MAGIC, job, kind, len(content)))
    if content:
        connection.sendall(content)


def receive(connection: socket.socket) -> Frame | None:
    """Wait for one frame; None where the connection has ended, or brings anything else."""
    header = _exactly(connection, HEADER.size)
    if header is None:
        return None
    magic, job, kind, length = HEADER.unpack(header)
    if magic != MAGIC or kind not in KINDS:
        return None
    content = _exactly(connection, length)
    return None if content is None else Frame(job, Kind(kind), content)


def encode(value: Any) -> tuple[Kind, bytes]:
    """Return an answer as the kind and content of a frame.

    An answer that is more than data is loaded once here: one that does not load, or not in the time
    of the job, must not reach the pool.
    """
    content: bytes = cloudpickle.dumps(value, protocol=5)
    try:
        _DataUnpickler(io.BytesIO(content)).load()
    except _NoDataError:
        pickle.loads(content)
        return Kind.OBJECT, content
    return Kind.DATA, content


def decode(frame: Frame, seconds: float) -> Any:
    """Return the answer of a frame.

    Loading an object may hang although its worker could load it: native code does, in a process
    that was forked from one that has used OpenMP. So it is loaded by a thread, which is left alone
    after so many seconds.

    Raises
    ------
    TimeoutError
        When it takes longer.
    Exception
        When it cannot be loaded.
    """
    if frame.kind is not Kind.OBJECT:
        return _DataUnpickler(io.BytesIO(frame.content)).load()
    loaded: list[Any] = []
    errors: list[BaseException] = []

    def load() -> None:
        try:
            loaded.append(pickle.loads(frame.content))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not loaded:
        raise TimeoutError(f"it does not load within {seconds:.3g} s")
    return loaded[0]


class _NoDataError(pickle.UnpicklingError):
    """A pickle refers to what is not data."""


class _DataUnpickler(pickle.Unpickler):
    """Loads data alone."""

    def find_class(self, module: str, name: str) -> Any:
        package = module.partition(".")[0]
        if package == "numpy" and name in NUMPY_NAMES:
            return super().find_class(module, name)
        if package == "evolver":
            found = super().find_class(module, name)
            if isinstance(found, type) and (
                dataclasses.is_dataclass(found) or issubclass(found, Enum)
            ):
                return found
        raise _NoDataError(f"{module}.{name} is no data")


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    """Return so many bytes; None where the connection ends before."""
    held = bytearray()
    while len(held) < length:
        chunk = connection.recv(min(CHUNK, length - len(held)))
        if not chunk:
            return None
        held += chunk
    return bytes(held)
