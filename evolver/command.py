"""Arguments of `evolver fit`, kept in the run folder for `evolver resume`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evolver.files import replacing

logger = logging.getLogger("evolver")

TASKS = ("auto", "classification", "regression")
"""Choices of the kind of target; the first stands for a choice by the values of the target."""

COMMAND_FILE = "command.json"
"""Name of the file in a run folder with the arguments of `evolver fit`."""


@dataclass(frozen=True)
class Command:
    """Arguments of `evolver fit`, kept for `evolver resume`.

    Parameters
    ----------
    table : str
        Absolute path of the table.
    target : list of str
        Names of the target columns, mostly one.
    seconds : float
        Time budget in seconds.
    task : str
        Kind of target, one of `TASKS`.
    jobs : int
        Number of worker processes; -1: one for each core.
    seed : int or None
        Seed of the run; None: a random one.
    order_by : str or None
        Name of the column of times by which folds go forward; None: folds are shuffled.
    columns : dict of str to str or list of str
        Kinds of columns, or their values in order, that the user has given.
    """

    table: str
    target: list[str]
    seconds: float
    task: str
    jobs: int
    seed: int | None
    order_by: str | None
    columns: dict[str, str | list[str]]


RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "table": ("an existing file", lambda value: _is_text(value) and os.path.exists(value)),
    "target": (
        "a list of different strings",
        lambda value: (
            isinstance(value, list)
            and all(map(_is_text, value))
            and 0 < len(set(value)) == len(value)
        ),
    ),
    "seconds": ("a time above 0", lambda value: _is_number(value) and 0 < value < 1e12),
    "task": (f"one of {', '.join(TASKS)}", lambda value: _is_text(value) and value in TASKS),
    "jobs": ("an integer", lambda value: _is_integer(value)),
    "seed": ("an integer or null", lambda value: value is None or _is_integer(value)),
    "order_by": ("a string or null", lambda value: value is None or _is_text(value)),
    "columns": ("an object of kinds by name", lambda value: isinstance(value, dict)),
}
"""Rule for each entry of the file of a command, in words and as a test."""


def read_command(folder: Path) -> Command:
    """Return the arguments of `evolver fit` for the run in a folder.

    Raises
    ------
    ValueError
        If the folder has no file of a command, or one with other content.
    """
    file = folder / COMMAND_FILE
    if not file.exists():
        raise ValueError(f"FOLDER must hold a run of `evolver fit`, got {folder}.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        _check_command(content)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} must be a file of `evolver fit`: {error}") from None
    return Command(**content)


def _check_command(content: Any) -> None:
    """Raise a ValueError unless the content of a file is a command."""
    if not isinstance(content, dict):
        raise ValueError(f"it must be an object, got {type(content).__name__}.")
    wrong = sorted(content.keys() ^ RULES.keys())
    if wrong:
        verb = "lacks" if wrong[0] in RULES else "has"
        names = ", ".join(RULES)
        raise ValueError(
            f"it must have the entries {names} and no others, but {verb} {wrong[0]!r}."
        )
    for name, (rule, holds) in RULES.items():
        if not holds(content[name]):
            raise ValueError(f"the entry {name!r} must be {rule}, got {content[name]!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_integer(value)


def keep_command(command: Command, folder: Path) -> None:
    """Write a command to a run folder; log a warning if it cannot be written."""
    try:
        with replacing(folder / COMMAND_FILE) as part:
            part.write_text(json.dumps(asdict(command), indent=1), encoding="utf-8")
    except OSError as error:
        logger.warning("The run goes on, but `evolver resume` cannot continue it later: %s", error)
