"""Time in tests: bounds that a machine of any speed and load meets, and waiting for what happens.

That a run ends within its budget to the second is measured by the benchmarks. A test catches runs
that hang, or that overrun their budget many times.
"""

from __future__ import annotations

import time
from collections.abc import Callable

HUNG = 120.0
"""Seconds after which a run with a budget of few seconds counts as hung."""


def wait_for(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until a condition holds.

    Raises
    ------
    AssertionError
        If it does not hold after `seconds`.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.05)
