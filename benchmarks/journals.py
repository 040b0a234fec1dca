"""Journals of runs, as the measurements read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evolver.genome.codec import Encoded
from evolver.storage.entry_file import CANDIDATE, copied


def entries(folder: Path | str) -> list[tuple[int, str, Any]]:
    """Return number of the candidate, kind and body of all entries of a run, as appended."""
    with copied(Path(folder)) as file:
        return list(file.read())


def trees(folder: Path | str) -> dict[int, Encoded]:
    """Return the trees of the candidates of a run by number, encoded."""
    return {number: body["tree"] for number, kind, body in entries(folder) if kind == CANDIDATE}


def moments(folder: Path | str, *kinds: str) -> dict[int, float]:
    """Return the seconds of a run at which candidates had outcomes of some kinds, by number."""
    return {number: body["seconds"] for number, kind, body in entries(folder) if kind in kinds}
