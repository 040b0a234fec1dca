"""Interpreters of the systems, each in a virtual environment of its own, made on first use."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.systems import ENVIRONMENTS, Environment


def interpreter(name: str, folder: Path) -> str:
    """Return the Python of an environment, with all it requires installed.

    Parameters
    ----------
    name : str
        Name of one of `ENVIRONMENTS`.
    folder : Path
        Folder of the virtual environments.

    Raises
    ------
    FileNotFoundError
        When the Python that it needs is not on the path.
    """
    needed = ENVIRONMENTS[name]
    if not needed.requirements:
        return sys.executable
    here = folder.absolute() / name
    python = here / "bin" / "python"
    installed = here / "requirements.txt"  # written last: an unfinished environment has none
    text = "\n".join([needed.python, *needed.build, *needed.requirements])
    if not (installed.exists() and installed.read_text(encoding="utf-8") == text):
        print(f"Installing {name} into an environment of its own.", flush=True)
        subprocess.run([_base(needed), "-m", "venv", "--clear", here], check=True)
        pip = [python, "-m", "pip", "install", "-q"]
        kept = variables(str(python)) | {"PATH": f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        if needed.build:
            subprocess.run([*pip, *needed.build], check=True, env=kept)
            pip.append("--no-build-isolation")
        subprocess.run([*pip, *needed.requirements], check=True, env=kept)
        installed.write_text(text, encoding="utf-8")
    return str(python)


def variables(python: str) -> dict[str, str]:
    """Return the environment variables of an interpreter: no peer imports from our paths."""
    kept = dict(os.environ)
    if python != sys.executable:
        kept.pop("PYTHONPATH", None)
    return kept


@functools.cache
def version(module: str, python: str) -> str:
    """Return the version of a system in its environment."""
    command = [python, "-c", f"import {module} as system; print(system.__version__)"]
    printed = subprocess.run(
        command, check=True, capture_output=True, text=True, env=variables(python)
    )
    return printed.stdout.split()[-1]


def _base(needed: Environment) -> str:
    """Return the interpreter that a virtual environment is made with."""
    if not needed.python:
        return sys.executable
    found = shutil.which(f"python{needed.python}")
    if found is None:
        raise FileNotFoundError(f"{needed.module} needs Python {needed.python} on the path.")
    return found
