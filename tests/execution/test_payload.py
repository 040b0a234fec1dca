"""Payloads: what is written is read, as read-only views of a file that has no name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evolver.errors import EvolverError
from evolver.execution import payload
from evolver.execution.payload import Payload
from tests.tables import small_table


def written_and_read(value: Any) -> Any:
    written = Payload(value)
    try:
        return payload.read(os.dup(written.descriptor))
    finally:
        written.close()


def test_tables_and_arrays_come_back_as_views_of_the_file() -> None:
    X, y = small_table("binary")
    numbers = np.random.default_rng(0).random((100, 7))
    again = written_and_read({"X": X, "y": y, "numbers": numbers, "empty": np.empty(0)})
    pd.testing.assert_frame_equal(again["X"], X)
    assert again["y"].tolist() == y.tolist()
    np.testing.assert_array_equal(again["numbers"], numbers)
    assert not again["numbers"].flags.writeable
    assert not again["numbers"].flags.owndata
    assert again["empty"].shape == (0,)


def test_functions_come_back() -> None:
    factor = 3
    assert written_and_read(lambda number: number * factor)(5) == 15


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_payload_leaves_no_name_that_a_killed_process_could_leave_behind(temporary: Path) -> None:
    written = Payload(np.arange(10))
    assert list(temporary.iterdir()) == []
    assert payload.read(os.dup(written.descriptor)).tolist() == list(range(10))
    written.close()


def test_where_the_temporary_folder_is_gone_another_place_is_taken(temporary: Path) -> None:
    temporary.rmdir()
    assert written_and_read([1, 2]) == [1, 2]


def test_where_no_place_has_room_the_reasons_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "places", lambda: ["/proc/none", "/proc/other"])
    with pytest.raises(EvolverError, match=r"cannot be written .*none.*other"):
        Payload([1])
