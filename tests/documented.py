"""Code of a page of the documentation as one program.

A page is a program: its blocks of Python run in one namespace, its blocks of commands (`console`)
where they stand. The budgets that a page shows are for people; here they are small.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""Block of code that is run; other blocks are for people alone."""

SMALL_BUDGETS = (
    (re.compile(r"\btime_budget=\d+"), "time_budget=30, max_evaluations=2"),
    (re.compile(r"\bmax_evaluations=\d{2,}"), "max_evaluations=2"),
    (re.compile(r"--time \d+[smh]"), "--time 4s"),
    (re.compile(r"\bn_jobs=\d+"), "n_jobs=2"),
)
"""Patterns of budgets, and the small ones that replace them."""


def program_of(page: str) -> str:
    """Return the program of the blocks of a page, "" if it has none."""
    return "\n".join(
        body if language == "python" else "\n".join(map(_call, body.splitlines()))
        for language, body in BLOCK.findall(_with_small_budgets(page))
    )


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an empty folder."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _with_small_budgets(page: str) -> str:
    for pattern, small in SMALL_BUDGETS:
        page = pattern.sub(small, page)
    return page


def _call(line: str) -> str:
    """Return the Python call of a line of a block of commands; lines of output are left out."""
    if not line.startswith("$ "):
        return ""
    name, *arguments = shlex.split(line.removeprefix("$ "), comments=True)
    programs = {"evolver": ["-c", "from evolver.cli import main; main()"], "python": []}
    command = [sys.executable, *programs[name], *arguments]
    return f"__import__('subprocess').run({command!r}, check=True)"
