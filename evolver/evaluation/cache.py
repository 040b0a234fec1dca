"""What branches of pipelines gave on a fold, kept in memory within a number of bytes.

The least useful goes first: GreedyDual-Size (Cao and Irani 1997). The worth of a value is the
seconds that it saves for each byte, on top of the worth of what was last dropped, so that what is
not asked for ages.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Kept:
    """A value with what it cost.

    Parameters
    ----------
    value : object
    seconds : float
        That it took to compute, with all that it was made from.
    size : int
        Bytes.
    """

    value: Any
    seconds: float
    size: int


class Cache:
    """Values by key, at most `limit` bytes of them.

    Parameters
    ----------
    limit : int
        Bytes; 0 keeps nothing.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._kept: dict[Hashable, Kept] = {}
        self._worth: dict[Hashable, float] = {}
        self._order: list[tuple[float, int, Hashable]] = []
        self._age = 0.0
        self._turn = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Kept | None:
        """Return what is kept under a key, which is worth more from now on; None where nothing
        is."""
        kept = self._kept.get(key)
        if kept is not None:
            self._rate(key, kept)
        return kept

    def put(self, key: Hashable, value: Any, seconds: float) -> None:
        """Keep a value; one that is too large or of unknown size is not kept."""
        size = size_of(value)
        if size is None or size > self.limit:
            return
        if key in self._kept:
            self.size -= self._kept[key].size
        self._kept[key] = Kept(value, seconds, size)
        self.size += size
        self._rate(key, self._kept[key])
        while self.size > self.limit:
            self._drop()

    def _rate(self, key: Hashable, kept: Kept) -> None:
        self._turn += 1
        self._worth[key] = self._age + kept.seconds / max(1, kept.size)
        heapq.heappush(self._order, (self._worth[key], self._turn, key))
        if len(self._order) > 8 * len(self._kept) + 64:
            self._order = [(worth, turn, key) for turn, (key, worth) in enumerate(self._ranked())]

    def _ranked(self) -> list[tuple[Hashable, float]]:
        return sorted(self._worth.items(), key=lambda item: item[1])

    def _drop(self) -> None:
        """Drop the least worthy; what was rated again since stands in the order twice."""
        worth, _, key = heapq.heappop(self._order)
        if self._worth.get(key) == worth:
            self._age = worth
            self.size -= self._kept.pop(key).size
            del self._worth[key]


def size_of(value: Any) -> int | None:
    """Return the bytes of arrays and frames, also in tuples; None for anything else."""
    if isinstance(value, tuple):
        sizes = [size_of(part) for part in value]
        return None if None in sizes else sum(size for size in sizes if size is not None)
    if isinstance(value, np.ndarray):
        return None if value.dtype == object else value.nbytes
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(deep=True).sum())
    return None
