"""Provenance of a measurement: commit of the checkout, versions of the libraries, machine."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

import evolver

ROOT = Path(__file__).parents[1]
CODE = ("evolver", "primitives", "tests", "benchmarks/*.py", "benchmarks/*.txt", "pyproject.toml")
"""Pathspecs of the files that decide what is measured; saved results are not among them."""

LIBRARIES = {
    "scikit-learn": ("scikit-learn",),
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "optuna": ("optuna",),
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "catboost": ("catboost",),
}
"""Names of the distributions that may hold each library."""

CPU_FILE = Path("/proc/cpuinfo")


@functools.cache
def provenance() -> dict[str, Any]:
    """Return `commit`, `versions` and `machine`, as they are when this is first called.

    The code is loaded by then, so that a commit made during a measurement changes nothing.
    """
    return {"commit": commit(ROOT), "versions": versions(), "machine": machine()}


def commit(folder: Path) -> str | None:
    """Return the commit of a checkout, with "-dirty" where its code has been changed since.

    Parameters
    ----------
    folder : Path
        Top of the checkout.

    Returns
    -------
    str or None
        None where git or the repository is missing, or the folder is not its top.
    """
    try:
        prefix, head = _git(folder, "rev-parse", "--show-prefix", "HEAD").split("\n")[:2]
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *CODE)
    except (OSError, subprocess.CalledProcessError):
        return None
    if prefix:  # a folder without git inside another project's checkout
        return None
    return f"{head}-dirty" if changed else head


def versions() -> dict[str, str | None]:
    """Return the versions of python, evolver and the libraries; None for one that is missing."""
    return {
        "python": platform.python_version(),
        "evolver": evolver.__version__,
        **{name: _version(distributions) for name, distributions in LIBRARIES.items()},
    }


def machine() -> dict[str, Any]:
    """Return the number of usable cores, the model of the processor and the memory in bytes."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return {
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "processor": _processor(),
        "memory": psutil.virtual_memory().total,
    }


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _version(distributions: tuple[str, ...]) -> str | None:
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _processor() -> str:
    if CPU_FILE.exists():
        for line in CPU_FILE.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
