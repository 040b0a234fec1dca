"""Examples run, with small budgets, and the README links to files that there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = {
    "quickstart.py": ("4", "AUC on rows it has not seen: 0.9", set()),
    "regression.py": ("8", "Mean absolute error on rows it has not seen", set()),
    "choose_from_front.py": ("8", "one_se: ", {"simplest.py", "pareto_front.svg"}),
    "edge_device.py": ("8", "candidates were over a limit", {"device.py"}),
    "own_primitive.py": ("16", "candidates use the new primitive", set()),
}
"""Argument, expected output and written files of each example."""


def test_every_example_is_tested() -> None:
    assert {file.name for file in (ROOT / "examples").glob("*.py")} == set(EXAMPLES)


LONGEST = {"choose_from_front.py", "own_primitive.py", "regression.py"}
"""Examples that are run by `--slow` alone."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in LONGEST else name
        for name in sorted(EXAMPLES)
    ],
)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    argument, printed, written = EXAMPLES[name]
    program = [sys.executable, ROOT / "examples" / name, argument]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout
    assert {file.name for file in tmp_path.iterdir()} == written
    if name == "quickstart.py":
        folder = Path(done.stdout.splitlines()[-1].partition(" has ")[0])
        assert {file.name for file in folder.iterdir()} == {"report.html", "model.py"}
        shutil.rmtree(folder)
    if name == "own_primitive.py":
        used = re.match(r"(\d+) of \d+ candidates", done.stdout.splitlines()[-1])
        assert used is not None
        assert int(used[1]) >= 1


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="it needs two cores")
def test_the_example_of_a_reproducible_budget_gives_the_same_on_one_core_and_on_two() -> None:
    """Candidates are bred from the 26th on, so a lag that followed the workers would show."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    printed = [
        subprocess.run(
            [sys.executable, ROOT / "examples" / "regression.py", "40"],
            preexec_fn=lambda used=used: os.sched_setaffinity(0, used),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for used in (cores[:1], cores)
    ]
    assert "Decided by time: nothing" in printed[0]
    assert printed[0] == printed[1]


def test_the_files_that_the_readme_links_to_exist() -> None:
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
