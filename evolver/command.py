"""Arguments of `evolver fit`, kept in the run folder for `evolver resume`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from evolver.files import replacing
from evolver.objectives import OBJECTIVES
from evolver.settings import Settings

logger = logging.getLogger("evolver")

TASKS = ("auto", "classification", "regression")
"""Choices of the kind of target; the first stands for a choice by the values of the target."""

SETTINGS = tuple(one.name for one in fields(Settings) if one.name != "in_process")
"""Names of the settings that have an option. In one process, no limit of time is enforced."""

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
    seconds : float or None
        Time budget in seconds; None: no limit.
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
    weight, groups : str or None
        Names of the columns of weights and of groups of rows.
    evaluations : int or None
        Largest number of candidates; None: no limit.
    scoring, complexity : list of str
        Names of scorers and of objectives beside the score; empty: the default.
    cv : int or None
        Number of folds; None: that of the preset.
    population : int or None
        Number of pipelines that the evolution keeps as parents; None: that of the preset.
    preset : str or None
        Name of a preset; None: the usual values.
    estimators : list of str
        Names or patterns of the models; empty: all.
    template : str or None
        Steps between table and prediction, in order; None: any.
    warm_start : list of str
        Absolute paths of the folders of earlier runs.
    threshold : float, str, list of lists of float, or None
        Threshold between two classes: a number, the name of a scorer, or costs of errors.
    max_predict_seconds : dict of str to float
        Limits of the seconds to predict, by number of rows; empty: none.
    max_model_bytes : int or None
        Largest number of bytes of the pickled model; None: no limit.
    interpretable : bool
        True if the model must be one that a person can read.
    settings : dict
        Settings that differ from their defaults, by name, see `evolver.Settings`.
    """

    table: str
    target: list[str]
    seconds: float | None
    task: str
    jobs: int
    seed: int | None
    order_by: str | None
    columns: dict[str, str | list[str]]
    weight: str | None = None
    groups: str | None = None
    evaluations: int | None = None
    scoring: list[str] = field(default_factory=list)
    complexity: list[str] = field(default_factory=list)
    cv: int | None = None
    population: int | None = None
    preset: str | None = None
    estimators: list[str] = field(default_factory=list)
    template: str | None = None
    warm_start: list[str] = field(default_factory=list)
    threshold: float | str | list[list[float]] | None = None
    max_predict_seconds: dict[str, float] = field(default_factory=dict)
    max_model_bytes: int | None = None
    interpretable: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the estimator, by name."""
        return {
            "time_budget": self.seconds,
            "max_evaluations": self.evaluations,
            "scoring": _one_or_all(self.scoring),
            "complexity": _one_or_all(self.complexity) or "operators",
            "cv": self.cv,
            "population_size": self.population,
            "preset": self.preset,
            "estimators": self.estimators or None,
            "template": self.template,
            "n_jobs": self.jobs,
            "random_state": self.seed,
            "settings": Settings(**self.settings),
            "warm_start": self.warm_start or None,
            "columns": self.columns or None,
            "time": self.order_by,
            # Only a classifier has the parameter.
            **({} if self.threshold is None else {"threshold": self.threshold}),
            "max_predict_seconds": {
                int(rows): seconds for rows, seconds in self.max_predict_seconds.items()
            }
            or None,
            "max_model_bytes": self.max_model_bytes,
            "interpretable": self.interpretable,
        }


OPTIONAL = tuple(
    one.name
    for one in fields(Command)
    if not (one.default is MISSING and one.default_factory is MISSING)
)
"""Entries that a file of an earlier version does not have; they have default values."""


def _one_or_all(names: list[str]) -> str | list[str] | None:
    """Return a single name by itself, several as a list, and None for none."""
    return names[0] if len(names) == 1 else names or None


RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "table": ("an existing file", lambda value: _is_text(value) and os.path.exists(value)),
    "target": (
        "a list of different strings",
        lambda value: _are_names(value) and len(value) > 0,
    ),
    "seconds": (
        "a time above 0 or null",
        lambda value: value is None or (_is_number(value) and 0 < value < 1e12),
    ),
    "task": (f"one of {', '.join(TASKS)}", lambda value: _is_text(value) and value in TASKS),
    "jobs": ("an integer", lambda value: _is_integer(value)),
    "seed": ("an integer or null", lambda value: value is None or _is_integer(value)),
    "order_by": ("a string or null", lambda value: value is None or _is_text(value)),
    "columns": ("an object of kinds by name", lambda value: isinstance(value, dict)),
    "weight": ("a string or null", lambda value: value is None or _is_text(value)),
    "groups": ("a string or null", lambda value: value is None or _is_text(value)),
    "evaluations": (
        "an integer above 0 or null",
        lambda value: value is None or (_is_integer(value) and value > 0),
    ),
    "scoring": ("a list of different strings", lambda value: _are_names(value)),
    "complexity": (
        f"a list of some of {', '.join(OBJECTIVES)}",
        lambda value: _are_names(value) and set(value) <= set(OBJECTIVES),
    ),
    "cv": (
        "an integer of at least 2 or null",
        lambda value: value is None or _is_at_least_2(value),
    ),
    "population": (
        "an integer of at least 2 or null",
        lambda value: value is None or _is_at_least_2(value),
    ),
    "preset": ("a string or null", lambda value: value is None or _is_text(value)),
    "estimators": ("a list of different strings", lambda value: _are_names(value)),
    "template": ("a string or null", lambda value: value is None or _is_text(value)),
    "warm_start": ("a list of different folders", lambda value: _are_names(value)),
    "threshold": (
        "a number, a string, a list of lists or null",
        lambda value: _is_threshold(value),
    ),
    "max_predict_seconds": (
        "an object of seconds above 0 by number of rows",
        lambda value: _are_seconds(value),
    ),
    "max_model_bytes": (
        "an integer above 0 or null",
        lambda value: value is None or (_is_integer(value) and value > 0),
    ),
    "interpretable": ("true or false", lambda value: isinstance(value, bool)),
    "settings": ("an object of settings by name", lambda value: _are_settings(value)),
}
"""Rule for each entry of the file of a command, in words and as a test."""


def read_command(folder: Path, **changes: Any) -> Command:
    """Return the arguments of `evolver fit` for the run in a folder.

    Parameters
    ----------
    folder : Path
    **changes
        Entries in place of those of the file.

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
        if isinstance(content, dict):
            content |= changes
        _check_command(content)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} must be a file of `evolver fit`: {error}") from None
    return Command(**content)


def _check_command(content: Any) -> None:
    """Raise a ValueError unless the content of a file is a command."""
    if not isinstance(content, dict):
        raise ValueError(f"it must be an object, got {type(content).__name__}.")
    wrong = sorted((content.keys() ^ RULES.keys()) - (set(OPTIONAL) - content.keys()))
    if wrong:
        verb = "lacks" if wrong[0] in RULES else "has"
        names = ", ".join(RULES)
        raise ValueError(
            f"it must have the entries {names} and no others, but {verb} {wrong[0]!r}."
        )
    for name, (rule, holds) in RULES.items():
        if name in content and not holds(content[name]):
            raise ValueError(f"the entry {name!r} must be {rule}, got {content[name]!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_at_least_2(value: Any) -> bool:
    return _is_integer(value) and value >= 2


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_names(value: Any) -> bool:
    is_list = isinstance(value, list) and all(map(_is_text, value))
    return is_list and len(set(value)) == len(value)


def _is_threshold(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(row, list) and all(map(_is_number, row)) for row in value)
    return value is None or _is_number(value) or _is_text(value)


def _are_seconds(value: Any) -> bool:
    """Return True if a value holds seconds by number of rows, as text."""
    return isinstance(value, dict) and all(
        rows.isascii() and rows.isdigit() and int(rows) > 0 and _is_number(seconds) and seconds > 0
        for rows, seconds in value.items()
    )


def _are_settings(value: Any) -> bool:
    """Return True if a value holds settings by name that `Settings` accepts."""
    if not isinstance(value, dict) or not set(value) <= set(SETTINGS):
        return False
    try:
        Settings(**value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_integer(value)


def keep_command(command: Command, folder: Path) -> None:
    """Write a command to a run folder; log a warning if it cannot be written."""
    try:
        with replacing(folder / COMMAND_FILE) as part:
            part.write_text(json.dumps(asdict(command), indent=1), encoding="utf-8")
    except OSError as error:
        logger.warning("The run goes on, but `evolver resume` cannot continue it later: %s", error)
