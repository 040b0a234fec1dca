"""A function and the data it holds as one file that processes map into memory.

Pickle protocol 5 leaves the large buffers out of the stream; they are written behind it and mapped
read-only when the file is read, so that all workers of a machine share one copy. Layout: length of
the header, header (pickled length of the stream and offsets of the buffers), stream, buffers at
multiples of 64 bytes.

The file has no name where the system allows that: it is there for as long as a process has it open,
and gone with the last of them, however that ends.
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


class Payload:
    """A written file. It must be closed.

    Parameters
    ----------
    value : object
        Picklable, classes and functions of ``__main__`` included.

    Raises
    ------
    EvolverError
        When no place has room for it.
    """

    def __init__(self, value: Any) -> None:
        self._file = _written(value)

    @property
    def descriptor(self) -> int:
        """The open file, to be handed to another process."""
        return self._file.fileno()

    @property
    def path(self) -> str | None:
        """The file's name; None where it has none."""
        name = self._file.name
        return name if isinstance(name, str) and os.path.exists(name) else None

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._file.close()


def _written(value: Any) -> IO[bytes]:
    """Return a new file that holds a value, in the first place that has room."""
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
    raise EvolverError(f"The workers' data must be written somewhere: {'; '.join(errors)}")


def _opened(place: str) -> IO[bytes]:
    """Return a new file that has no name where the system allows that."""
    file: IO[bytes] = tempfile.TemporaryFile(prefix="evolver-", dir=place)  # noqa: SIM115 - a Payload closes it
    if file.fileno() > LAST_STREAM:
        return file
    with file:
        return os.fdopen(raised(os.dup(file.fileno())), "w+b")


def write(file: IO[bytes], value: Any) -> None:
    """Write a value into a file that is empty."""
    buffers: list[pickle.PickleBuffer] = []
    stream = cloudpickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(stream), *(buffer.raw() for buffer in buffers)]
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
    file.truncate(max(base + end, file.tell()))


def read(place: int | str) -> Any:
    """Return the value of a file that `write` made, by its descriptor or name; its arrays are
    read-only views of the file."""
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
