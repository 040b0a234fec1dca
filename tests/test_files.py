"""Files are written completely or not at all, with the right links and permissions."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evolver.files import replacing, replacing_named

WRITERS = [replacing, replacing_named]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_is_replaced_after_it_is_written_completely(writer: object, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("before")
    with writer(file) as part:
        assert part.suffix == ".csv"
        assert part.parent == tmp_path
        part.write_text("after")
        assert file.read_text() == "before"
    assert file.read_text() == "after"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("writer", WRITERS)
def test_an_error_while_writing_leaves_the_earlier_file(writer: object, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("before")
    with pytest.raises(ZeroDivisionError), writer(file) as part:
        print(part.write_text("half") / 0)
    assert file.read_text() == "before"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("writer", ["replacing", "replacing_named"])
def test_a_program_that_is_killed_while_writing_leaves_the_earlier_file(
    writer: str, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    file.write_text("before")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        f"from evolver.files import {writer}\n"
        f"with {writer}(Path(sys.argv[1])) as part:\n"
        "    part.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, file], check=False)
    assert done.returncode == -9
    assert file.read_text() == "before"


def test_a_link_is_replaced_and_its_target_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    link = tmp_path / "winner.py"
    link.symlink_to("mine.txt")
    with replacing(link) as part:
        part.write_text("new")
    assert not link.is_symlink()
    assert link.read_text() == "new"
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "winner.py"
    for target in ("far/there.py", "far/new.py"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        with replacing_named(link) as part:
            part.write_text("new")
        assert link.is_symlink()
        assert (tmp_path / target).read_text() == "new"


def test_a_file_of_a_run_is_private_and_a_file_of_the_user_has_usual_permissions(
    tmp_path: Path,
) -> None:
    before = os.umask(0o022)
    try:
        for writer in WRITERS:
            with writer(tmp_path / writer.__name__) as part:
                part.write_text("")
        shared = tmp_path / "shared"
        shared.write_text("")
        shared.chmod(0o664)
        with replacing_named(shared) as part:
            part.write_text("")
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {"replacing": 0o600, "replacing_named": 0o644, "shared": 0o664}


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with replacing_named(pipe) as part:
        part.write_text("through")
    reader.join()
    assert read == ["through"]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_in_a_missing_folder_is_an_error_that_names_the_file(
    writer: object, tmp_path: Path
) -> None:
    file = tmp_path / "nowhere" / "table.csv"
    with pytest.raises(FileNotFoundError, match=r"nowhere/table\.csv"), writer(file):
        pass
