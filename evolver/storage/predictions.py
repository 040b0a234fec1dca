"""Store of out-of-fold predictions, in one file for each candidate and fold, up to a size limit.

At the limit, the predictions of the worst candidates are removed first. Predictions that cannot be
written are kept in memory, so a full disk costs memory and nothing else.
"""

from __future__ import annotations

import heapq
import logging
import re
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from evolver.files import PRIVATE_FOLDER, replacing

FOLDER = "predictions"
"""Name of the store's folder inside a run folder."""

NAME = re.compile(r"[0-9a-f]{32}-[0-9]+")
"""Names of the store's files without their ending: a digest and the number of a fold."""

logger = logging.getLogger("evolver")


class Store:
    """Predictions by digest and fold. Only a run writes to it.

    Parameters
    ----------
    folder : Path
        Folder of the files, created when the first is written. Files that are already there belong
        to the store if they have the names of its files.
    limit : int
        Bytes that the store may hold, in files and in memory together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        # Files of the user and symbolic links out of the folder are neither read nor removed.
        self._sizes = {
            file.stem: file.stat().st_size
            for file in folder.glob("*.npz")
            if NAME.fullmatch(file.stem) and file.is_file() and not file.is_symlink()
        }
        self._size = sum(self._sizes.values())
        self._memory: dict[str, np.ndarray] = {}
        self._merits: dict[str, float] = {}
        self._names: dict[str, set[str]] = {}
        self._order: list[tuple[float, str]] = []
        self._complained = False
        for name in self._sizes:
            self._rank(name)

    @property
    def size(self) -> int:
        """Bytes that the store holds."""
        return self._size

    def put(self, digest: str, fold: int, predictions: np.ndarray) -> None:
        """Store the predictions of one fold."""
        name = _name(digest, fold)
        self._size += predictions.nbytes - self._sizes.get(name, 0)
        self._sizes[name] = predictions.nbytes
        self._rank(name)
        try:
            self._folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            with replacing(self._folder / f"{name}.npz") as part:
                np.savez(part, predictions=predictions)
        except OSError as error:
            self._memory[name] = predictions
            if not self._complained:
                logger.warning("Predictions are kept in memory, not in %s: %s", self._folder, error)
                self._complained = True
        self._make_room()

    def get(self, digest: str, fold: int) -> np.ndarray | None:
        """Return the predictions of one fold; None if they are not stored or cannot be read."""
        name = _name(digest, fold)
        if name in self._memory:
            return self._memory[name]
        if name not in self._sizes:
            return None
        try:
            # A pickle in the file could run code.
            with np.load(self._folder / f"{name}.npz", allow_pickle=False) as kept:
                predictions: np.ndarray = kept["predictions"]
        except (OSError, ValueError, KeyError, BadZipFile):  # a damaged file fails its checksum
            return None
        return predictions

    def rate(self, digest: str, merit: float) -> None:
        """Set the merit of a candidate. The predictions of the least merit are removed first.

        Candidates that have no merit yet are kept longest.
        """
        self._merits[digest] = merit
        for name in self._names.get(digest, ()):
            heapq.heappush(self._order, (merit, name))

    def _rank(self, name: str) -> None:
        """Put a file into the order of removal, by the merit of its candidate."""
        digest = name.rpartition("-")[0]
        self._names.setdefault(digest, set()).add(name)
        heapq.heappush(self._order, (self._merits.get(digest, np.inf), name))

    def _make_room(self) -> None:
        """Remove the predictions of the worst candidates until the limit holds."""
        while self._size > self._limit:
            merit, worst = heapq.heappop(self._order)
            digest = worst.rpartition("-")[0]
            # Rating a candidate again leaves its earlier entries in the heap; they are skipped.
            if worst not in self._sizes or merit != self._merits.get(digest, np.inf):
                continue
            self._size -= self._sizes.pop(worst)
            self._names[digest].discard(worst)
            if self._memory.pop(worst, None) is None:
                (self._folder / f"{worst}.npz").unlink(missing_ok=True)


def _name(digest: str, fold: int) -> str:
    return f"{digest}-{fold}"
