"""Run an exported program as a reader of the file would: in an interpreter without our packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WITHOUT_US = """
import runpy, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("evolver", "primitives"):
            raise ImportError(name + " must not be needed")

sys.meta_path.insert(0, Refuse())
"""


def run_without_us(code: str, *arguments: object, cwd: Path) -> str:
    """Run Python code with our packages refused; return what it prints.

    Raises
    ------
    AssertionError
        When it fails, with the end of its traceback.
    """
    program = [sys.executable, "-W", "ignore", "-c", WITHOUT_US + code, *map(str, arguments)]
    done = subprocess.run(program, capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def run_exported(file: Path, *arguments: object) -> str:
    """Run one exported program; return what it prints."""
    code = "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    return run_without_us(code, file, *arguments, cwd=file.parent)
