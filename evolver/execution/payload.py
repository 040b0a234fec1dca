"""Function and its data in one file that worker processes map into memory.

Pickle protocol 5 keeps large buffers, such as arrays, out of the pickled stream. Here they are
written behind the stream, and a worker maps them read-only. So all workers share one copy of the
data. Layout of the file:

    length    8 bytes, of the header
    header    pickled list of the start and end of the stream and of each buffer
    stream    pickled value without its buffers
    buffers   each at a multiple of 64 bytes, as arrays need it

If the system allows it, the file has no name. It then exists for as long as a process has it open,
and it disappears with the last of them, even if that process is killed.
"""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from typing import IO, Any

import cloudpickle

from evolver.errors import EvolverError
from evolver.execution.descriptors import LAST_STREAM, raised
from evolver.temporary import places

ALIGNMENT = 64
"""Bytes of which each position in the file is a multiple; enough for every type of array."""


class Payload:
    """Written file with a function and its data; the owner must close it.

    Parameters
    ----------
    value : object
        Picklable value. Its classes and functions may be defined in ``__main__``.

    Raises
    ------
    EvolverError
        If the value fits into no temporary folder.
    """

    def __init__(self, value: Any) -> None:
        self._file = _written(value)

    @property
    def descriptor(self) -> int:
        """Descriptor of the open file, which can be handed to another process."""
        return self._file.fileno()

    @property
    def path(self) -> str | None:
        """Name of the file; None if it has none."""
        name = self._file.name
        return name if isinstance(name, str) and os.path.exists(name) else None

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()


def _written(value: Any) -> IO[bytes]:
    """Write a value into a new file, in the first temporary folder that has room."""
    errors = []
    for place in places():
        try:
            file = _opened(place)
        except OSError as error:
            errors.append(str(error))
            continue
        try:
            write(file, value)
            return file
        except OSError as error:
            errors.append(str(error))
            file.close()
        except BaseException:
            file.close()
            raise
    raise EvolverError(
        f"The data of the workers cannot be written to any temporary folder: {'; '.join(errors)}"
    )


def _opened(place: str) -> IO[bytes]:
    """Open a new file in a folder, without a name if the system allows it."""
    file: IO[bytes] = tempfile.TemporaryFile(prefix="evolver-", dir=place)  # noqa: SIM115 - a Payload closes it
    if file.fileno() > LAST_STREAM:
        return file
    # The descriptor belongs to the file object, and `raised` closes what it is given: so a copy.
    with file:
        return os.fdopen(raised(os.dup(file.fileno())), "w+b")


def write(file: IO[bytes], value: Any) -> None:
    """Write a value into an empty file."""
    buffers: list[pickle.PickleBuffer] = []
    stream = cloudpickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(stream), *(buffer.raw() for buffer in buffers)]
    # Positions count from the end of the header, whose length depends on them.
    places, end = [], 0
    for part in parts:
        start = -(-end // ALIGNMENT) * ALIGNMENT
        end = start + part.nbytes
        places.append((start, end))
    header = pickle.dumps(places)
    base = -(-(8 + len(header)) // ALIGNMENT) * ALIGNMENT
    file.write(len(header).to_bytes(8, "little") + header)
    for part, (start, _) in zip(parts, places, strict=True):
        file.seek(base + start)
        file.write(part)
    file.flush()
    # An empty buffer at the end may start behind the last byte that was written.
    file.truncate(max(base + end, file.tell()))


def read(place: int | str) -> Any:
    """Return the value of a file that `write` made; its arrays are read-only views of the file.

    Parameters
    ----------
    place : int or str
        Descriptor of the open file, which is closed, or its name.
    """
    if isinstance(place, str):
        place = os.open(place, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        file = memoryview(mmap.mmap(place, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(place)
    length = int.from_bytes(file[:8], "little")
    base = -(-(8 + length) // ALIGNMENT) * ALIGNMENT
    stream, *buffers = [
        file[base + start : base + end] for start, end in pickle.loads(file[8 : 8 + length])
    ]
    return pickle.loads(stream, buffers=buffers)
