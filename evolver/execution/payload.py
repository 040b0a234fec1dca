"""A function and the data it holds as one file that processes map into memory.

Pickle protocol 5 leaves the large buffers out of the stream; they are written behind it and mapped
read-only when the file is read, so that all workers of a machine share one copy. Layout: length of
the header, header (pickled length of the stream and offsets of the buffers), stream, buffers at
multiples of 64 bytes.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

ALIGNMENT = 64


def write(path: Path, value: Any) -> None:
    """Write a picklable value, classes and functions of ``__main__`` included."""
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
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for part, (start, _) in zip(parts, places, strict=True):
            file.seek(base + start)
            file.write(part)
        file.truncate(max(base + end, file.tell()))


def read(path: Path) -> Any:
    """Return the value of a file that `write` made; its arrays are read-only views of the file."""
    file = np.memmap(path, mode="r", dtype=np.uint8).data
    length = int.from_bytes(file[:8], "little")
    base = -(-(8 + length) // ALIGNMENT) * ALIGNMENT
    stream, *buffers = [
        file[base + start : base + end] for start, end in pickle.loads(file[8 : 8 + length])
    ]
    return pickle.loads(stream, buffers=buffers)
