"""Payloads: values are written to a file without a name, and read as views of it."""

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
    """Write a value to a payload and read it as a worker does."""
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
    """Folder for temporary files that only this test uses."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_payload_has_no_file_name_that_a_killed_process_could_leave_behind(
    temporary: Path,
) -> None:
    written = Payload(np.arange(10))
    assert list(temporary.iterdir()) == []
    assert payload.read(os.dup(written.descriptor)).tolist() == list(range(10))
    written.close()


def test_without_a_folder_for_temporary_files_another_folder_is_used(temporary: Path) -> None:
    temporary.rmdir()
    assert written_and_read([1, 2]) == [1, 2]


def test_if_no_folder_can_be_written_to_the_error_lists_the_reasons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(payload, "places", lambda: ["/proc/none", "/proc/other"])
    with pytest.raises(EvolverError, match=r"cannot be written .*none.*other"):
        Payload([1])
