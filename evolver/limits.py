"""Limits of use: how long a model may take to predict, and how large it may be.

A limit is no objective: a candidate over it is out, however good it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

OVER_LIMIT = "over a limit"
"""Beginning of the reason of a candidate that was stopped because it exceeds a limit."""


@dataclass(frozen=True)
class Usage:
    """Measured use of a fitted model. Usages can be added.

    Parameters
    ----------
    model_bytes : float
        Bytes of the pickled model.
    seconds : tuple of float
        Seconds to predict as many rows as each of `Limits.batches` says; the first is one row.
        Empty where there are no limits.
    """

    model_bytes: float
    seconds: tuple[float, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Bytes and seconds as one tuple."""
        return self.model_bytes, *self.seconds

    def __add__(self, other: Usage) -> Usage:
        """Return the usage of two models together."""
        seconds = tuple(a + b for a, b in zip(self.seconds, other.seconds, strict=True))
        return Usage(self.model_bytes + other.model_bytes, seconds)

    def __mul__(self, count: int) -> Usage:
        """Return the usage of several fits of a model."""
        return Usage(self.model_bytes * count, tuple(count * one for one in self.seconds))


@dataclass(frozen=True)
class Excess:
    """Measured value over its limit.

    Parameters
    ----------
    name : str
        Measured thing, in words.
    value, most : float
        Value and limit.
    """

    name: str
    value: float
    most: float

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g}, at most {self.most:.4g} allowed"

    @property
    def reason(self) -> str:
        """Reason of a candidate that was stopped."""
        return f"{OVER_LIMIT}: {self}"

    @property
    def ratio(self) -> float:
        """Value divided by its limit."""
        return self.value / self.most


def excess_in(reason: str) -> Excess | None:
    """Return the excess that a reason tells, as `Excess.reason` has written it."""
    match = re.search(rf"{OVER_LIMIT}: (.+) (\S+), at most (\S+) allowed", reason)
    return None if match is None else Excess(match[1], float(match[2]), float(match[3]))


@dataclass(frozen=True)
class Limits:
    """Limits of the model that predicts.

    Parameters
    ----------
    predict_seconds : tuple of (int, float)
        Numbers of rows, and the seconds in which that many may be predicted in one call.
    model_bytes : int or None
        Bytes of the pickled model; None: no limit.
    """

    predict_seconds: tuple[tuple[int, float], ...] = ()
    model_bytes: float | None = None

    @property
    def are_set(self) -> bool:
        """True if there is any limit."""
        return bool(self.predict_seconds) or self.model_bytes is not None

    @property
    def batches(self) -> tuple[int, ...]:
        """Numbers of rows whose prediction is measured: one row first; none without any limit."""
        if not self.are_set:
            return ()
        return 1, *(rows for rows, _ in self.predict_seconds if rows != 1)

    def excess(self, usage: Usage) -> Excess | None:
        """Return the greatest excess of a usage over its limit; None if it is within all limits."""
        found = [one for one in self._measured(usage) if one.value > one.most]
        return max(found, key=lambda one: one.ratio, default=None)

    def _measured(self, usage: Usage) -> Iterable[Excess]:
        """Yield each limit with the measured value."""
        # Seconds are looked up only for the limits by which they were measured.
        seconds = dict(zip(self.batches, usage.seconds, strict=False))
        for rows, most in self.predict_seconds:
            noun = "one row" if rows == 1 else f"{rows} rows"
            yield Excess(f"seconds to predict {noun}:", seconds[rows], most)
        if self.model_bytes is not None:
            yield Excess("bytes of the pickled model:", usage.model_bytes, self.model_bytes)
