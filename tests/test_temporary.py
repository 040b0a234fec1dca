"""Temporary folders of processes that have ended are removed, and no others."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from evolver import temporary

MAKE = "from evolver import temporary; print(temporary.make(), flush=True); input()"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an own folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_of_a_process_stays_until_it_has_ended(place: Path) -> None:
    own = temporary.make()
    with subprocess.Popen(
        [sys.executable, "-c", MAKE],
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        other = Path(process.stdout.readline().strip())
        (other / "file").touch()
        temporary.sweep()
        assert other.parent == place
        assert (other / "file").exists()
        process.kill()
    temporary.sweep()
    assert not other.exists()
    assert own.exists()


def test_folders_of_other_owners_are_kept(place: Path) -> None:
    scope, number, start = temporary.owner().split("-")
    names = [
        "evolver-runs-of-last-week",
        f"evolver-{scope[::-1]}x-{number}-1-random",  # of another machine or container
        f"evolver-{scope}-number-1-random",
        f"other-{scope}-{number}-1-random",
    ]
    for name in names:
        (place / name).mkdir()
    target = place / "target"
    target.mkdir()
    link = place / f"evolver-{scope}-{number}-{int(start) + 1}-link"
    link.symlink_to(target)
    temporary.sweep()
    assert {one.name for one in place.iterdir()} == {*names, "target", link.name}


def test_a_folder_is_private_and_removed_after_its_block(place: Path) -> None:
    with temporary.folder() as own:
        assert own.stat().st_mode & 0o777 == 0o700
        assert own.parent == place
    assert not own.exists()


def test_another_place_is_chosen_if_a_path_would_be_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("l" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    made = temporary.make(longest=50)
    made.rmdir()
    assert made.parent != long
