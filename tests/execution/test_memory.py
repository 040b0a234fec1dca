"""Memory: limits of control groups, and the number of workers that fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evolver.execution import memory

MEGABYTE = 1024**2


def group(folder: Path, names: tuple[str, str], limit: int | str, used: int, spare: int) -> None:
    """Write the files of a control group with a limit, a usage and reclaimable bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    key = "inactive_file" if names[0] == "memory.max" else "total_inactive_file"
    (folder / "memory.stat").write_text(f"anon 1\n{key} {spare}\n")


VERSION_2 = ("memory.max", "memory.current")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder that stands in for the folder of the control groups."""
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "membership")
    return tmp_path / "groups"


def test_the_tightest_group_on_the_way_to_the_root_counts(groups: Path) -> None:
    memory.MEMBERSHIP.write_text("0::/outer/inner\n")
    group(groups / "outer" / "inner", VERSION_2, "max", 0, 0)
    group(groups / "outer", VERSION_2, 1200 * MEGABYTE, 700 * MEGABYTE, 100 * MEGABYTE)
    assert memory.free() == 600 * MEGABYTE


def test_groups_of_version_one_count_too(groups: Path) -> None:
    memory.MEMBERSHIP.write_text("5:cpu,cpuacct:/a\n4:memory:/job/step\n0::/\n")
    group(groups / "memory" / "job" / "step", VERSION_1, 900 * MEGABYTE, 300 * MEGABYTE, 0)
    group(groups / "memory", VERSION_1, 2**63 - 4096, 10**9, 0)
    assert memory.free() == 600 * MEGABYTE


def test_without_groups_the_memory_of_the_machine_counts(groups: Path) -> None:
    assert memory.free() > 100 * MEGABYTE


def test_the_number_of_workers_is_what_fits_but_at_least_one(groups: Path) -> None:
    memory.MEMBERSHIP.write_text("0::/\n")
    for free, expected in ((3000, (4, 600)), (1400, (2, 560)), (100, (1, 512))):
        group(groups, VERSION_2, free * MEGABYTE, 0, 0)
        workers, cap = memory.shares(4)
        assert (workers, round(cap / MEGABYTE)) == expected


def test_kills_for_lack_of_memory_are_counted(groups: Path) -> None:
    memory.MEMBERSHIP.write_text("0::/\n")
    group(groups, VERSION_2, "max", 0, 0)
    (groups / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    assert memory.kills() == 2


PROGRAM = """
import os, sys
from pathlib import Path
from evolver.execution import memory
(Path(sys.argv[1]) / "cgroup.procs").write_text(str(os.getpid()))
print(memory.free())
"""


def test_the_limit_of_a_real_group_is_found() -> None:
    own = [path for path in memory._groups() if (path / "memory.limit_in_bytes").exists()]
    own += [path for path in memory._groups() if (path / "memory.max").exists()]
    if not own or os.geteuid() != 0:
        pytest.skip("only root may make a control group, where there are any for memory")
    inner = own[0] / f"evolver-{os.getpid()}"
    limit = "memory.max" if (own[0] / "memory.max").exists() else "memory.limit_in_bytes"
    try:
        inner.mkdir()
        (inner / limit).write_text(str(1200 * MEGABYTE))
    except OSError as error:
        pytest.skip(f"this system lets nobody make a control group for memory: {error}")
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, inner], capture_output=True, text=True, check=True
        )
    finally:
        inner.rmdir()
    assert 0 < int(done.stdout) <= 1200 * MEGABYTE
