"""Code of a page of the documentation as one program.

A page is a program: its blocks of Python run in one namespace, its blocks of commands (`console`)
where they stand. The budgets that a page shows are for people; here they are small.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""Block of code that is run; other blocks are for people alone."""

BUDGETS = {"time_budget": 30, "max_evaluations": 1}
"""Seconds and candidates of each fit."""

COMMAND_TIME = re.compile(r"--time \d+[smh]")
"""Time of a command, which becomes a short one."""

COMMAND_BUDGETS = {
    "fit": ["--time", "30s", "--evaluations", "1"],
    "resume": ["--time", "30s", "--evaluations", "2"],
}
"""Options that a command which searches gets as its last ones, so that they hold."""

REPORT_SECONDS = 1
"""Seconds in which a report may fit further models."""

IN_PROCESS = ast.keyword("in_process", ast.Constant(True))
"""Setting by which a fit starts no worker processes: these take most of the time of a short fit."""


class Small(ast.NodeTransformer):
    """Change of each call in a page that has a budget, or settings, to a quick one.

    Parameters
    ----------
    in_process : bool
        True if candidates are evaluated in the process of the page.
    """

    def __init__(self, *, in_process: bool) -> None:
        self._in_process = in_process

    def visit_Call(self, call: ast.Call) -> ast.Call:  # the name that ast calls
        """Return the call with small budgets."""
        self.generic_visit(call)
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        given = {keyword.arg: keyword for keyword in call.keywords}
        if "time_budget" in given or "max_evaluations" in given:
            for budget, small in BUDGETS.items():
                keyword = given.get(budget)
                if keyword is None:
                    call.keywords.append(ast.keyword(budget, ast.Constant(small)))
                elif ast.unparse(keyword.value) not in ("None", "-1"):
                    keyword.value = ast.Constant(small)
        if name == "report":
            call.keywords = [keyword for keyword in call.keywords if keyword.arg != "seconds"]
            call.keywords.append(ast.keyword("seconds", ast.Constant(REPORT_SECONDS)))
        if self._in_process and name == "Settings":
            call.keywords.append(IN_PROCESS)
        if self._in_process and name.startswith("Evolved") and "settings" not in given:
            settings = ast.parse("__import__('evolver').Settings(in_process=True)", mode="eval")
            call.keywords.append(ast.keyword("settings", settings.body))
        return call


def program_of(page: str, *, in_process: bool = True) -> str:
    """Return the program of the blocks of a page, "" if it has none."""
    source = "\n".join(
        body
        if language == "python"
        else "\n".join(_call(line, in_process=in_process) for line in body.splitlines())
        for language, body in BLOCK.findall(page)
    )
    return ast.unparse(
        ast.fix_missing_locations(Small(in_process=in_process).visit(ast.parse(source)))
    )


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an empty folder."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _call(line: str, *, in_process: bool) -> str:
    """Return the Python call of a line of a block of commands; lines of output are left out.

    A process of its own would import the libraries again, so `evolver` is called in this one.
    """
    if not line.startswith("$ "):
        return ""
    line = COMMAND_TIME.sub("--time 4s", line.removeprefix("$ "))
    name, *arguments = shlex.split(line, comments=True)
    if name == "evolver" and arguments:
        arguments += COMMAND_BUDGETS.get(arguments[0], [])
    if in_process and name == "evolver":
        main = "__import__('evolver.cli', fromlist=['main']).main"
        return f"{main}({arguments!r}, standalone_mode=False)"
    programs = {"evolver": ["-c", "from evolver.cli import main; main()"], "python": []}
    command = [sys.executable, *programs[name], *arguments]
    return f"__import__('subprocess').run({command!r}, check=True)"
