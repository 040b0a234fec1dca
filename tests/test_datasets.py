"""End-to-end runs on real tables, by the script of the benchmark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clock import HUNG

ROOT = Path(__file__).parents[1]
SECONDS = 5.0


@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("credit-g", "segment", "adult")),
        "ames-housing",
    ],
)
def test_a_short_run_ends_beats_the_constant_and_its_export_agrees(
    datasets: Path, tmp_path: Path, name: str
) -> None:
    program = [sys.executable, "-m", "benchmarks", "end_to_end", "--names", name]
    program += ["--datasets", datasets.absolute(), "--budget", str(SECONDS), "--out", tmp_path]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((tmp_path / "records.json").read_text())
    assert record["seconds"] < HUNG
    assert record["score"] > record["constant_score"]
    assert record.get("equal_labels", True)
    assert record["largest_difference"] <= 1e-9
    assert (tmp_path / f"{name}-0.svg").exists()
