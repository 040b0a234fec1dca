"""Records of a measurement in a file of JSON; a measurement that was interrupted goes on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.provenance import provenance


class Records(list[dict[str, Any]]):
    """Records in a file, one a line, each with the provenance of its measurement.

    Parameters
    ----------
    file : Path
        File that is made, with its folder, when the first record is added.
    *key : str
        Entries that tell one record from another.
    repeat : bool
        True if saved records are measured again and replaced.
    """

    def __init__(self, file: Path, *key: str, repeat: bool = False) -> None:
        saved = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        if isinstance(saved, dict):  # an older form: an object with a record for each name
            saved = [{key[0]: name, **record} for name, record in saved.items()]
        super().__init__(saved)
        provenance()  # before the first measurement: the commit may change while it runs
        self._file = file
        self._key = key
        self._repeat = repeat

    def missing(self, *values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the combinations of values of the key that are to be measured, in order."""
        for combination in itertools.product(*values):
            if self.is_missing(*combination):
                yield combination

    def is_missing(self, *values: Any) -> bool:
        """Say whether the measurement with these values of the key is to be made."""
        return self._repeat or self._place(values) is None

    def add(self, record: Mapping[str, Any]) -> None:
        """Save a record with its provenance, in place of one with the same key, and print it."""
        shown = {key: value for key, value in record.items() if not isinstance(value, list)}
        print(shown, flush=True)
        place = self._place(tuple(record[entry] for entry in self._key))
        whole = {**record, **provenance()}
        if place is None:
            self.append(whole)
        else:
            self[place] = whole
        lines = ",\n".join(json.dumps(one) for one in self)
        write(self._file, f"[\n{lines}\n]\n")

    def _place(self, values: tuple[Any, ...]) -> int | None:
        keys = (tuple(record[entry] for entry in self._key) for record in self)
        return next((place for place, key in enumerate(keys) if key == values), None)


def save(file: Path, content: Mapping[str, Any]) -> None:
    """Save an object with its provenance as JSON, each element of its lists on a line."""
    entries = []
    for name, value in {**provenance(), **content}.items():
        text = json.dumps(value)
        if isinstance(value, list):
            elements = ",\n".join(json.dumps(one) for one in value)
            text = f"[\n{elements}\n]"
        entries.append(f"{json.dumps(name)}: {text}")
    write(file, "{" + ",\n".join(entries) + "}\n")


def publish(file: Path, text: str) -> None:
    """Print a table that was drawn from records, and save it."""
    print(text, flush=True)
    write(file, text)


def write(file: Path, text: str) -> None:
    """Write a file, with its folder, so that it is whole or as it was before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
