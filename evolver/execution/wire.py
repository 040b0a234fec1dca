"""Messages between a pool and its workers: frames on a socket.

A frame is a header (magic bytes, number of the job, kind, length) and its content. Kinds:

    JOB       to the worker: the pickled argument of a job
    STARTED   from the worker: the job begins
    WORN      from the worker: the job changed the process; an answer follows
    DATA      from the worker: an answer of numbers, texts, arrays and frozen values of this
              package; reading it runs no other code
    OBJECT    from the worker: an answer that is any other pickled value; the worker has loaded it
              once, within the time of the job

A job can write to the socket of its worker. So the pool never waits for the rest of a frame, and
raises `BreachError` for bytes that are no frame: no job blocks the pool or answers another job.
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
"""First bytes of every frame."""

HEADER = struct.Struct("<4sQBQ")
"""Layout of a header: magic bytes, number of the job, kind, and length of the content in bytes."""

CHUNK = 1 << 20
"""Bytes that are read at once."""

CHUNKS = 64
"""Chunks that are read from one worker before the pool looks at the others."""

NUMPY_NAMES = frozenset({"_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar"})
"""Names in numpy that a pickled array or number refers to."""


class Kind(IntEnum):
    """Kind of a frame; the module's docstring describes each."""

    JOB = 0
    STARTED = 1
    DATA = 2
    OBJECT = 3
    WORN = 4


KINDS = frozenset(Kind)
"""Numbers that are a kind."""


@dataclass(frozen=True)
class Frame:
    """Message between a pool and a worker.

    Parameters
    ----------
    job : int
        Number of the job.
    kind : Kind
        Kind of the message.
    content : bytes
        Pickled argument or answer; empty for the other kinds.
    """

    job: int
    kind: Kind
    content: bytes


class BreachError(Exception):
    """Bytes on a connection that are no frame, or a frame that is not due."""


class Reader:
    """Reader of the frames on a socket that never waits.

    Parameters
    ----------
    connection : socket
        Socket to read from; it is made non-blocking.
    limit : int
        Largest length of a frame's content in bytes.
    """

    def __init__(self, connection: socket.socket, limit: int) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._limit = limit
        self._held = bytearray()

    def read(self) -> tuple[list[Frame], bool]:
        """Read the bytes that have come, and return the frames that are complete.

        Returns
        -------
        frames : list of Frame
            Complete frames in the order in which they were sent.
        has_ended : bool
            True if the connection has ended.

        Raises
        ------
        BreachError
            If the bytes are no frame.
        """
        frames: list[Frame] = []
        # Not until nothing is left: a job could write for ever.
        for _ in range(CHUNKS):
            try:
                chunk = self._connection.recv(CHUNK)
            except BlockingIOError:
                break
            except OSError:  # a connection that was reset has ended
                chunk = b""
            if not chunk:
                return frames, True
            self._held += chunk
            frames += self._complete()
        return frames, False

    def _complete(self) -> list[Frame]:
        """Take the complete frames out of the bytes held."""
        frames = []
        while len(self._held) >= HEADER.size:
            magic, job, kind, length = HEADER.unpack_from(self._held)
            # The length is checked first, so that a false one never fills the memory.
            if magic != MAGIC or kind not in KINDS or length > self._limit:
                raise BreachError("the job wrote to the worker's connection")
            end = HEADER.size + length
            if len(self._held) < end:
                break
            frames.append(Frame(job, Kind(kind), bytes(self._held[HEADER.size : end])))
            del self._held[:end]
        # An incomplete header is checked too: its rest may never come.
        if not MAGIC.startswith(self._held[: len(MAGIC)]):
            raise BreachError("the job wrote to the worker's connection")
        return frames


def send(connection: socket.socket, job: int, kind: Kind, content: bytes = b"") -> None:
    """Write one frame to a socket."""
    connection.sendall(HEADER.pack(MAGIC, job, kind, len(content)))
    if content:
        connection.sendall(content)


def receive(connection: socket.socket) -> Frame | None:
    """Wait for one frame; return None if the connection ends or brings anything else."""
    header = _exactly(connection, HEADER.size)
    if header is None:
        return None
    magic, job, kind, length = HEADER.unpack(header)
    if magic != MAGIC or kind not in KINDS:
        return None
    content = _exactly(connection, length)
    return None if content is None else Frame(job, Kind(kind), content)


def encode(value: Any) -> tuple[Kind, bytes]:
    """Return the kind and content of the frame for an answer."""
    content: bytes = cloudpickle.dumps(value, protocol=5)
    try:
        _DataUnpickler(io.BytesIO(content)).load()
    except _NoDataError:
        # Loading it here, in the worker and in the job's time, shows that it loads at all. An
        # answer that raises or hangs here never reaches the pool.
        pickle.loads(content)
        return Kind.OBJECT, content
    return Kind.DATA, content


def decode(frame: Frame, seconds: float) -> Any:
    """Return the answer in a frame.

    Parameters
    ----------
    frame : Frame
        Frame of the kind DATA or OBJECT.
    seconds : float
        Seconds that loading an object may take.

    Raises
    ------
    TimeoutError
        If loading takes longer.
    Exception
        If the answer cannot be loaded.
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

    # An object that its worker could load may still hang here: native code does so in a process
    # that was forked from one that has used OpenMP. A thread that hangs is left behind.
    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not loaded:
        raise TimeoutError(f"it does not load within {seconds:.3g} s")
    return loaded[0]


class _NoDataError(pickle.UnpicklingError):
    """Pickle that refers to more than plain data."""


class _DataUnpickler(pickle.Unpickler):
    """Unpickler that loads plain data only, so that loading runs no foreign code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function that plain data may refer to.

        Raises
        ------
        _NoDataError
            If it is any other.
        """
        package = module.partition(".")[0]
        if package == "numpy" and name in NUMPY_NAMES:
            return super().find_class(module, name)
        if package == "evolver":
            found = super().find_class(module, name)
            if isinstance(found, type) and (
                dataclasses.is_dataclass(found) or issubclass(found, Enum)
            ):
                return found
        raise _NoDataError(f"{module}.{name} is not plain data")


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    """Read `length` bytes; return None if the connection ends before."""
    held = bytearray()
    while len(held) < length:
        chunk = connection.recv(min(CHUNK, length - len(held)))
        if not chunk:
            return None
        held += chunk
    return bytes(held)
