"""Types and options of the command line that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from evolver.command import SETTINGS, TASKS
from evolver.settings import OPERATOR_RATES, REFINEMENT_SAMPLERS, Settings

F = TypeVar("F", bound=Callable[..., Any])

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
"""Seconds by unit of time."""

BYTES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
"""Bytes by unit of size."""


class Duration(click.ParamType[float | None]):
    """Option of a time above 0: a number of seconds, or a number followed by s, m or h.

    Parameters
    ----------
    or_none : bool, default=False
        True if the word none stands for no limit.
    """

    name = "time"

    def __init__(self, *, or_none: bool = False) -> None:
        self._or_none = or_none

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        """Return the seconds that a text stands for, or exit with an error."""
        if self._or_none and str(value) == "none":
            return None
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
        if match is None or float(match[1]) == 0:
            more = ", or none" if self._or_none else ""
            rule = f"must be a time above 0 such as 90s, 5m or 1h{more}, got {value!r}."
            self.fail(rule, param, ctx)
        return float(match[1]) * SECONDS[match[2] or "s"]


class Size(click.ParamType[int]):
    """Option of a number of bytes, which K, M or G may follow."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Return the bytes that a text stands for, or exit with an error."""
        match = re.fullmatch(r"(\d+)([KMG]?)B?", str(value).upper())
        if match is None:
            self.fail(f"must be a size such as 512M or 2G, got {value!r}.", param, ctx)
        return int(match[1]) * BYTES[match[2]]


class CountOrNone(click.ParamType[int | str]):
    """Option of an integer, or of the word none."""

    name = "count"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | str:
        """Return the integer, or the word, or exit with an error."""
        if not re.fullmatch(r"none|\d+", str(value)):
            self.fail(f"must be an integer or none, got {value!r}.", param, ctx)
        return "none" if value == "none" else int(value)


class ColumnKind(click.ParamType[tuple[str, Any]]):
    """Option of a column and its kind, or its values in their order, such as ``size=S,M,L``."""

    name = "column"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Any]:
        """Return the name of a column and its kind, or exit with an error."""
        if isinstance(value, tuple):  # click converts a value twice
            return value
        column, equals, kind = str(value).rpartition("=")
        if not (equals and column and kind):
            self.fail(f"must be a column and its kind such as zip=category, got {value!r}.")
        return column, kind.split(",") if "," in kind else kind


class PredictSeconds(click.ParamType[tuple[str, float]]):
    """Option of a time to predict one row, or of a number of rows and a time: ``1000=0.5s``."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, float]:
        """Return the number of rows as text and the seconds, or exit with an error."""
        if isinstance(value, tuple):  # click converts a value twice
            return value
        rows, _, time = str(value).rpartition("=")
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s?)", time)
        is_count = rows == "" or (rows.isascii() and rows.isdigit() and int(rows) > 0)
        if match is None or float(match[1]) == 0 or not is_count:
            rule = "must be a time such as 10ms, or rows and a time such as 1000=0.5s"
            self.fail(f"{rule}, got {value!r}.", param, ctx)
        return rows or "1", float(match[1]) * (1e-3 if match[2] == "ms" else 1.0)


class Rate(click.ParamType[tuple[str, float]]):
    """Option of a variation operator and its rate, such as ``crossover=0.4``."""

    name = "rate"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, float]:
        """Return the name of an operator and its rate, or exit with an error."""
        if isinstance(value, tuple):  # click converts a value twice
            return value
        name, _, rate = str(value).rpartition("=")
        if name not in OPERATOR_RATES or not re.fullmatch(r"\d+(\.\d+)?", rate):
            names = ", ".join(OPERATOR_RATES)
            self.fail(f"must be one of {names} and a rate such as crossover=0.4, got {value!r}.")
        return name, float(rate)


class Threshold(click.ParamType[Any]):
    """Option of a threshold: a number, the name of a scorer, or costs such as ``0,1,5,0``."""

    name = "threshold"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str | list[list[float]]:
        """Return the number, the name, or the costs by true and predicted class."""
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError:
            return str(value)
        if len(numbers) == 1:
            return numbers[0]
        if len(numbers) != 4:
            self.fail(f"must be a number, a name, or four costs such as 0,1,5,0, got {value!r}.")
        return [numbers[:2], numbers[2:]]


TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)

TARGET_HELP = "Column to predict; repeated for several columns of numbers, or of labels of 0 and 1."

TARGET = click.option("--target", required=True, multiple=True, help=TARGET_HELP)

COLUMN = click.option(
    "--column",
    "columns",
    type=ColumnKind(),
    multiple=True,
    help="Kind of a column, such as zip=category or note=ignore, or its values in order, such as"
    " size=S,M,L; may be repeated.",
)

WEIGHT = click.option(
    "--weight", help="Column with the weights of the rows; no pipeline learns from it."
)

GROUPS = click.option(
    "--groups",
    help="Column with the group of each row; a group is never divided between training and"
    " validation, and no pipeline learns from the column.",
)

TASK = click.option(
    "--task",
    type=click.Choice(TASKS),
    default="auto",
    show_default=True,
    help="Kind of target; auto: chosen by the values of the target.",
)

PLACES_OF_DATA = (
    click.option(
        "--table",
        type=TABLE,
        help="Table of the run: needed if the run was made from Python, or if the file has moved.",
    ),
    click.option("--target", multiple=True, help=f"{TARGET_HELP} Needed together with --table."),
    WEIGHT,
    GROUPS,
)
"""Options of the data of a run that is continued."""

SEARCH = (
    TARGET,
    click.option(
        "--time",
        "seconds",
        type=Duration(or_none=True),
        default="5m",
        show_default=True,
        help="Time for the whole run, such as 90s, 5m or 1h; none: only --evaluations ends it.",
    ),
    click.option(
        "--evaluations",
        type=click.IntRange(1),
        help="Largest number of candidates. With --time none, --seed and --lag, a run gives the"
        " same result on any number of workers.",
    ),
    TASK,
    click.option(
        "--jobs",
        type=int,
        default=-1,
        show_default=True,
        help="Number of worker processes; -1: one for each core.",
    ),
    click.option("--seed", type=int, help="Seed of the run; without one it is random."),
    click.option(
        "--scoring",
        multiple=True,
        help="Name of a scorer of scikit-learn, such as roc_auc; repeated: the first is optimised,"
        " the others are reported.",
    ),
    click.option(
        "--complexity",
        multiple=True,
        help="Objective beside the score: operators (the default), fit_time, predict_time or size;"
        " may be given twice.",
    ),
    click.option(
        "--preset",
        type=click.Choice(("fast", "light", "best")),
        help="Values for a short run, for quick models alone, or for a long run; another option"
        " wins.",
    ),
    click.option(
        "--estimator",
        "estimators",
        multiple=True,
        help="Name or pattern of the models to try, such as LGBM*; may be repeated; default: all.",
    ),
    click.option(
        "--template",
        help="Steps between table and prediction, in order, such as encoder-selector-classifier.",
    ),
    click.option(
        "--threshold",
        type=Threshold(),
        help="Probability from which the second of two classes is predicted: a number, the name of"
        " a scorer such as f1 by which it is chosen, or the costs of both predictions for the first"
        " class and for the second, such as 0,1,5,0; default: chosen by a scorer of labels, else"
        " 0.5.",
    ),
    click.option(
        "--max-predict-seconds",
        type=PredictSeconds(),
        multiple=True,
        help="Longest time of the model to predict one row, such as 10ms, or as many rows as are"
        " named, such as 1000=0.5s; may be repeated.",
    ),
    click.option(
        "--max-model-bytes", type=Size(), help="Largest size of the pickled model, such as 512K."
    ),
    click.option(
        "--interpretable",
        is_flag=True,
        help="Only models that a person can read: linear ones, naive Bayes, small trees; no"
        " ensemble.",
    ),
    click.option(
        "--cv", type=click.IntRange(2), help="Number of folds; default: 5, or that of the preset."
    ),
    WEIGHT,
    GROUPS,
    click.option(
        "--order-by",
        help="Column of times: pipelines are validated on later rows than they are fitted on.",
    ),
    COLUMN,
    click.option(
        "--population",
        type=click.IntRange(2),
        help="Number of pipelines that the evolution keeps as parents; default: 50, or that of the"
        " preset.",
    ),
    click.option(
        "--warm-start",
        type=FOLDER,
        multiple=True,
        help="Folder of an earlier run, on any table, whose front is tried first; may be repeated.",
    ),
)
"""Options of a search, in the order of the help text."""

DEFAULTS = {field.name: field.default for field in fields(Settings)}
"""Default values of the settings."""

KINDS_OF_SETTINGS: dict[str, tuple[Any, str]] = {
    "lag": (int, "Candidates by which outcomes are delayed; default: 8 for each worker."),
    "max_steps": (int, "Largest number of steps of a pipeline; default: {}."),
    "initial_steps": (int, "Largest number of steps of the first random pipelines; default: {}."),
    "portfolio_size": (int, "Pipelines that did well on other tables, tried first; default: {}."),
    "portfolio": (FOLDER, "Folder with what was learned on other tables, in place of our own."),
    "fold_timeout": (Duration(), "Time for one fold; default: a tenth of --time, at least 2s."),
    "worker_memory": (Size(), "Memory of a worker, such as 2G; default: a share of what is free."),
    "store_limit": (Size(), "Size of the kept out-of-fold predictions; default: 1G."),
    "refinement_share": (float, "Share of candidates at the end that are refined; default: {}."),
    "refinement_start": (float, "Share of the budget after which they are; default: {}."),
    "refinement_sampler": (click.Choice(REFINEMENT_SAMPLERS), "Its optimiser; default: {}."),
    "simplification_share": (
        float,
        "Share of the budget at the end in which the best pipeline is simplified; default: {}.",
    ),
    "ensemble_size": (int, "Largest number of members of the ensemble; 1: none; default: {}."),
    "ensemble_bytes": (Size(), "Largest size of the pickled ensemble; default: 32M."),
    "patience": (
        CountOrNone(),
        "Candidates without a better one that end a run on a small table, or none; default: {}.",
    ),
    "racing_error": (float, "Rate of error of racing, from 0 to 0.5; default: {}."),
    "row_ladder": (bool, "Whether large tables are tried on fewer rows first; default: {}."),
    "cache_limit": (Size(), "Size of the cache of each worker; default: 256M."),
}
"""Type and help text of the option of each setting."""


def expert_options() -> tuple[Callable[[F], F], ...]:
    """Return the options of `evolver.Settings`, which have no default of their own."""
    made = [
        click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=kind,
            help=text.format(DEFAULTS[name]),
        )
        for name, (kind, text) in KINDS_OF_SETTINGS.items()
    ]
    rate = click.option(
        "--operator-rate",
        "operator_rates",
        type=Rate(),
        multiple=True,
        help="Rate of a variation operator, such as crossover=0.4; may be repeated.",
    )
    return (*made, rate)


def with_options(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return a decorator that adds options to a command, in their order."""

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


class CommandWithSettings(click.Command):
    """Command whose help lists the options of `evolver.Settings` apart from all others."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of the settings last."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Settings for experts": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                title = "Settings for experts" if parameter.name in SETTINGS else "Options"
                sections[title].append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def was_given(name: str) -> bool:
    """Return True if a parameter of the current command is on the command line."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not click.core.ParameterSource.DEFAULT
