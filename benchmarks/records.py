"""The records of a measurement, which goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Records(list[dict[str, Any]]):
    """The records in a file of JSON, one a line.

    Parameters
    ----------
    file
        Made, with its folder, by the first record.
    key
        The entries that tell one record from another.
    """

    def __init__(self, file: Path, *key: str) -> None:
        super().__init__(json.loads(file.read_text()) if file.exists() else [])
        self._file = file
        self._key = key

    def has(self, *values: Any) -> bool:
        """Say whether there is a record with these values of the key."""
        return any(tuple(one[entry] for entry in self._key) == values for one in self)

    def add(self, record: dict[str, Any]) -> None:
        """Save a record and print it, without its lists."""
        self.append(record)
        self._file.parent.mkdir(exist_ok=True)
        self._file.write_text("[\n" + ",\n".join(json.dumps(one) for one in self) + "\n]\n")
        print({key: one for key, one in record.items() if not isinstance(one, list)}, flush=True)
