"""Run a part of the tests with the lowest versions that `pyproject.toml` allows.

The part holds what depends on the versions most: the checks of scikit-learn, the table as pipelines
read it, every primitive in an exported file, and the refinement by Optuna. The environment is a
folder of its own, `.venv/lowest`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PLACE = HERE / ".venv" / "lowest"

NEWEST_PYTHON = (3, 12)
"""Newest Python that the lowest versions have wheels for."""

TESTS = (
    "tests/test_scikit_learn_checks.py",
    "tests/primitives/test_versions.py",
    "tests/primitives/test_cleaning.py",
    "tests/primitives/test_formats.py",
    "tests/primitives/test_sparse.py",
    "tests/primitives/test_tidy.py",
    "tests/schema",
    "tests/primitives/test_encoders.py",
    "tests/primitives/test_transformers.py",
    "tests/primitives/test_every_primitive.py::test_an_exported_pipeline_with_it_predicts_the_same",
    "tests/export/test_plain.py",
    "tests/export/test_readable.py",
    "tests/export/test_readings.py",
    "tests/run/test_run_header.py",
    "tests/search/test_refinement.py",
)
"""Tests that are run, in about a minute on two cores."""


def lowest_versions() -> list[str]:
    """Return the lowest version of each library that is needed, such as ``numpy==2.0``."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    required = [*project["dependencies"], *extras["boosting"], *extras["parquet"]]
    return [re.sub(r"^([\w-]+)>=([\d.]+).*", r"\1==\2", one) for one in required]


def main() -> None:
    if sys.version_info[:2] > NEWEST_PYTHON:
        print("The lowest versions have no wheels for this Python, so they are not tested.")
        return
    python = PLACE / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", PLACE],
        [python, "-m", "pip", "install", "-q", "-e", f"{HERE}[pytest]", *lowest_versions()],
        [python, "-m", "pytest", "-n", "2", "--dist", "worksteal", *TESTS],
    ):
        subprocess.run(command, check=True, cwd=HERE)


if __name__ == "__main__":
    main()
