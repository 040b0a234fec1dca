"""The interpreter of every system: its own virtual environment, made on first use."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "evolver": (),  # none: the interpreter that runs the comparison
    "tpot": ("tpot==1.1.*", "pyarrow"),
}
"""What pip installs for a system; its name is also that of its module and of its runner."""


def interpreter(system: str, environments: Path) -> str:
    """Return the Python of a system, with all it requires installed."""
    if not REQUIREMENTS[system]:
        return sys.executable
    folder = environments.absolute() / system
    python = folder / "bin" / "python"
    installed = folder / "requirements.txt"  # written last: an unfinished environment has none
    wanted = "\n".join(REQUIREMENTS[system])
    if not (installed.exists() and installed.read_text(encoding="utf-8") == wanted):
        print(f"Installing {system} into an environment of its own.", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS[system]], check=True)
        installed.write_text(wanted, encoding="utf-8")
    return str(python)


def variables(python: str) -> dict[str, str]:
    """Return the environment variables of an interpreter: no peer imports from our paths."""
    kept = dict(os.environ)
    if python != sys.executable:
        kept.pop("PYTHONPATH", None)
    return kept


@functools.cache
def version(system: str, python: str) -> str:
    """Return the version of a system in its environment."""
    command = [python, "-c", f"import {system}; print({system}.__version__)"]
    printed = subprocess.run(
        command, check=True, capture_output=True, text=True, env=variables(python)
    )
    return printed.stdout.split()[-1]
