"""Cache of results of pipeline branches on folds, in memory, with a limit in bytes.

If there is not enough space, the value with the least worth is dropped (GreedyDual-Size, Cao and
Irani 1997). The worth of a value is set when it is stored or requested: the seconds that it saves
for each byte, plus the worth of the last value that was dropped. So values that are not requested
fall behind.
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
    """Cached value with its cost.

    Parameters
    ----------
    value : object
    seconds : float
        Seconds to compute the value, its inputs included.
    size : int
        Size of the value in bytes.
    """

    value: Any
    seconds: float
    size: int


class Cache:
    """Values by key, with a limit on their size.

    Parameters
    ----------
    limit : int
        Most bytes of all values; 0 for no cache.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._kept: dict[Hashable, Kept] = {}
        self._worth: dict[Hashable, float] = {}
        # Heap of (worth, turn, key). Entries whose worth is no longer that of the key are stale.
        self._order: list[tuple[float, int, Hashable]] = []
        self._age = 0.0
        self._turn = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Kept | None:
        """Return the value of a key and renew its worth, or return None if there is no value."""
        kept = self._kept.get(key)
        if kept is not None:
            self._rate(key, kept)
        return kept

    def put(self, key: Hashable, value: Any, seconds: float) -> None:
        """Store a value, unless it is larger than the limit or its size is unknown.

        Parameters
        ----------
        key : hashable
        value : object
            Arrays, frames, or tuples of them have a known size.
        seconds : float
            Seconds to compute the value, its inputs included.
        """
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
        # The turn breaks ties, because keys need not be comparable.
        self._turn += 1
        self._worth[key] = self._age + kept.seconds / max(1, kept.size)
        heapq.heappush(self._order, (self._worth[key], self._turn, key))
        # Stale entries would otherwise grow with every request.
        if len(self._order) > 8 * len(self._kept) + 64:
            self._order = [(worth, turn, key) for turn, (key, worth) in enumerate(self._ranked())]

    def _ranked(self) -> list[tuple[Hashable, float]]:
        return sorted(self._worth.items(), key=lambda item: item[1])

    def _drop(self) -> None:
        """Drop the value with the least worth, or a stale entry of the heap."""
        worth, _, key = heapq.heappop(self._order)
        if self._worth.get(key) == worth:
            self._age = worth
            self.size -= self._kept.pop(key).size
            del self._worth[key]


def size_of(value: Any) -> int | None:
    """Return the bytes of an array, a frame, or a tuple of them; None for anything else."""
    if isinstance(value, tuple):
        sizes = [size_of(part) for part in value]
        return None if None in sizes else sum(size for size in sizes if size is not None)
    if isinstance(value, np.ndarray):
        return None if value.dtype == object else value.nbytes
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(deep=True).sum())
    return None
