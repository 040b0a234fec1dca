"""Check of the limits of use: seconds to predict, and bytes of the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from evolver.errors import InputError, InputTypeError
from evolver.limits import Limits

SECONDS_RULE = (
    "`max_predict_seconds` must be seconds above 0 for one row, a dict of numbers of rows to such"
    " seconds as in {1: 0.01, 1000: 0.5}, or None, got"
)
"""Beginning of each message about the seconds to predict."""


def check_limits(max_predict_seconds: Any, max_model_bytes: Any) -> Limits:
    """Return the limits of use.

    Raises
    ------
    InputError, InputTypeError
        If a limit is no positive number.
    """
    if max_model_bytes is not None:
        rule = "`max_model_bytes` must be a number of bytes of at least 1, or None, got"
        if not _is_number(max_model_bytes):
            raise InputTypeError(f"{rule} {max_model_bytes!r}.")
        if not 1 <= max_model_bytes < math.inf:
            raise InputError(f"{rule} {max_model_bytes!r}.")
    return Limits(_seconds(max_predict_seconds), max_model_bytes)


def _seconds(given: Any) -> tuple[tuple[int, float], ...]:
    """Return numbers of rows with their seconds, the fewest rows first."""
    if given is None:
        return ()
    by_rows = given if isinstance(given, Mapping) else {1: given}
    for rows, seconds in by_rows.items():
        is_count = isinstance(rows, Integral) and not isinstance(rows, bool)
        if not (is_count and _is_number(seconds)):
            raise InputTypeError(f"{SECONDS_RULE} {given!r}.")
        if not (rows >= 1 and 0 < seconds < math.inf):
            raise InputError(f"{SECONDS_RULE} {given!r}.")
    if not by_rows:
        raise InputError(f"{SECONDS_RULE} {given!r}.")
    return tuple(sorted((int(rows), float(seconds)) for rows, seconds in by_rows.items()))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
