"""Payloads: what is written is read, as read-only views of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from evolver.execution import payload
from tests.tables import small_table


def test_tables_and_arrays_come_back_as_views_of_the_file(tmp_path: Path) -> None:
    X, y = small_table("binary")
    numbers = np.random.default_rng(0).random((100, 7))
    payload.write(tmp_path / "file", {"X": X, "y": y, "numbers": numbers, "empty": np.empty(0)})
    again = payload.read(tmp_path / "file")
    pd.testing.assert_frame_equal(again["X"], X)
    assert again["y"].tolist() == y.tolist()
    np.testing.assert_array_equal(again["numbers"], numbers)
    assert not again["numbers"].flags.writeable
    assert not again["numbers"].flags.owndata
    assert again["empty"].shape == (0,)


def test_functions_come_back(tmp_path: Path) -> None:
    factor = 3
    payload.write(tmp_path / "file", lambda number: number * factor)
    assert payload.read(tmp_path / "file")(5) == 15
